"""How far a stage is behind, and the topic of findings as an onlooker reads it. (Without a broker.)"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, TopicPartition

from streams.kafka import lag, topics
from streams.kafka.feed import Feed
from streams.site.settings import Settings
from tests.support.fake_kafka import FakeConsumer, FakeMessage

ENDS = {("p.raw.vault.prod", 0): 10, ("p.raw.vault.prod", 1): 7, ("p.facts", 0): 100, ("p.findings", 0): 3}
STARTS = dict.fromkeys(ENDS, 2)


class FakeAdmin:
    """Four partitions; ``committed``: what the group has read."""

    def __init__(self, committed: dict[tuple[str, int], int]) -> None:
        self.committed = committed

    def list_topics(self, timeout: float) -> Any:
        names = {name for name, _ in ENDS}
        found = {n: SimpleNamespace(partitions=[p for name, p in ENDS if name == n]) for n in names}
        return SimpleNamespace(topics=found)

    def list_consumer_group_offsets(self, groups: list[Any], request_timeout: float) -> Any:
        places = [TopicPartition(*place, offset) for place, offset in self.committed.items()]
        answer = SimpleNamespace(topic_partitions=places)
        return {groups[0].group_id: SimpleNamespace(result=lambda: answer)}

    def list_offsets(self, asked: dict[TopicPartition, Any], request_timeout: float) -> Any:
        def offset(place: TopicPartition, spec: Any) -> Any:
            of = ENDS if "Latest" in type(spec).__name__ else STARTS
            return SimpleNamespace(result=lambda: SimpleNamespace(offset=of[place.topic, place.partition]))

        return {place: offset(place, spec) for place, spec in asked.items()}


@pytest.mark.parametrize(
    ("group", "committed", "behind"),
    [
        ("normalise", {("p.raw.vault.prod", 0): 10, ("p.raw.vault.prod", 1): 7}, 0),
        ("normalise", {("p.raw.vault.prod", 0): 4, ("p.raw.vault.prod", 1): -1001}, 6 + 5),
        ("normalise", {}, 8 + 5),
        ("correlate", {("p.facts", 0): 40}, 60),
        ("deliver", {("p.findings", 0): 9}, 0),
    ],
)
def test_a_stage_is_behind_by_what_its_group_has_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, committed: Any, behind: int
) -> None:
    monkeypatch.setattr(topics, "admin_client", lambda settings: FakeAdmin(committed))
    assert lag.behind(Settings(data=tmp_path, topic_prefix="p."), group) == behind


def test_what_comes_after_an_end_that_is_noted_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path, topic_prefix="p.")
    monkeypatch.setattr(topics, "admin_client", lambda settings: FakeAdmin({("p.facts", 0): 40}))
    until = lag.ends(settings, "correlate")
    assert until == {("p.facts", 0): 100}
    monkeypatch.setitem(ENDS, ("p.facts", 0), 160)
    assert lag.behind(settings, "correlate", until=until) == 60 < lag.behind(settings, "correlate")


def test_an_onlooker_passes_over_what_is_no_finding() -> None:
    feed = Feed.__new__(Feed)
    broken = FakeMessage("findings", 1, b"{", error=None)
    trouble = FakeMessage("findings", 2, b"{}", error="lost")
    consumer: Any = FakeConsumer([FakeMessage("findings", 0, b'{"a":1}'), broken, trouble])
    feed._consumer = consumer
    assert feed.poll() == [{"a": 1}] and feed.poll() == []


@pytest.mark.parametrize("from_start", [True, False])
def test_an_onlooker_begins_where_it_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_start: bool
) -> None:
    assigned: list[TopicPartition] = []
    consumer = SimpleNamespace(
        list_topics=lambda topic, timeout: SimpleNamespace(
            topics={topic: SimpleNamespace(partitions=[0, 1])}
        ),
        assign=assigned.extend,
    )
    monkeypatch.setattr(confluent_kafka, "Consumer", lambda config: consumer)
    Feed(Settings(data=tmp_path, broker="127.0.0.1:1"), from_start)
    begins = OFFSET_BEGINNING if from_start else OFFSET_END
    assert [(place.partition, place.offset) for place in assigned] == [(0, begins), (1, begins)]
