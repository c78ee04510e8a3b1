"""Topics: their names, and their creation on a broker that has some of them already."""

from __future__ import annotations

import re

import pytest

from streams.kafka import topics
from streams.site.errors import NotRunning, Stop
from streams.site.settings import Settings


def test_names_carry_source_instance_and_prefix() -> None:
    settings = Settings(topic_prefix="site.")
    assert topics.raw(settings, "vault") == "site.raw.vault"
    assert topics.raw(settings, "vault", "prod.eu") == "site.raw.vault.prod.eu"
    assert topics.name(settings, topics.FINDINGS) == "site.findings"


def test_source_and_instance_are_read_back_from_the_name() -> None:
    settings = Settings(topic_prefix="site.")
    assert topics.source_and_instance(settings, "site.raw.vault.prod.eu") == ("vault", "prod.eu")
    assert topics.source_and_instance(settings, "site.raw.cloudtrail") == ("cloudtrail", None)


@pytest.mark.parametrize("instance", ["", "a b", "../x", ".x", "ä", "x" * 200])
def test_an_instance_that_cannot_stand_in_a_topic_name_is_refused(instance: str) -> None:
    with pytest.raises(Stop, match="cannot stand in a topic name"):
        topics.raw(Settings(), "vault", instance)


def test_the_pattern_takes_all_raw_topics_of_this_installation_and_no_other() -> None:
    pattern = re.compile(topics.raw_pattern(Settings(topic_prefix="a.")))
    assert pattern.match("a.raw.vault") and pattern.match("a.raw.vault.prod")
    assert not any(pattern.match(name) for name in ("raw.vault", "axraw.vault", "a.facts", "a.raw."))


def test_only_missing_topics_are_created_and_with_their_partitions(embedded_broker: str) -> None:
    settings = Settings(broker=embedded_broker, topic_prefix="create.", partitions=3, raw_partitions=2)
    wanted = topics.wanted(settings, ["vault"])
    first = topics.create_missing(settings, wanted[:3])
    assert first == [topic.name for topic in wanted[:3]]
    assert topics.create_missing(settings, wanted) == [topic.name for topic in wanted[3:]]
    assert topics.create_missing(settings, wanted) == []
    there = topics.admin_client(settings).list_topics(timeout=10).topics
    assert len(there["create.facts"].partitions) == 3
    assert len(there["create.raw.vault"].partitions) == 2


def test_what_others_subscribe_to_is_packed_so_that_every_client_reads_it() -> None:
    packed = {topic.name: topic.config.get("compression.type") for topic in topics.wanted(Settings(), [])}
    assert {name for name, codec in packed.items() if codec == "gzip"} == {"findings", "assurance"}


def test_another_number_of_partitions_than_the_topic_has_is_refused_with_what_to_do(
    embedded_broker: str,
) -> None:
    settings = Settings(broker=embedded_broker, topic_prefix="other.", partitions=3)
    topics.create_missing(settings, topics.wanted(settings, []))
    changed = settings.model_copy(update={"partitions": 4})
    with pytest.raises(Stop, match=r"has 3 partitions, the setting partitions says 4\.\nSet partitions to 3"):
        topics.create_missing(changed, topics.wanted(changed, []))


def test_a_broker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "ADMIN_TIMEOUT_SECONDS", 0.5)
    with pytest.raises(NotRunning, match=r"The broker at 127\.0\.0\.1:1 does not answer"):
        topics.create_missing(Settings(broker="127.0.0.1:1"), [])


def test_without_any_broker_it_is_said_how_to_get_one() -> None:
    with pytest.raises(NotRunning, match=r"nothing runs over .*Start `gapwatch run`"):
        topics.create_missing(Settings(), [])
