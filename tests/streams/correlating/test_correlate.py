"""The correlate stage as a process: it finds, forwards, survives its own death and stops when asked."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from schemas.activity import Activity, Aliased, Ended
from schemas.fact import Fact, Tick, facts_of
from streams.correlating.faust_app import app_id, changelog
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.kafka.packing import envelopes, tick_envelope
from streams.site.settings import Settings
from tests.support import topic
from tests.support.stages import Stages
from tests.support.topic import Tail
from tests.support.waiting import wait_for

HOUR = 3_600_000_000
PARTITIONS = 3
GONE = "revoked_credential_used"


@pytest.fixture
def settings(embedded_broker: str, data: Path, request: pytest.FixtureRequest) -> Settings:
    prefix = f"c{zlib.crc32(request.node.name.encode())}."
    made = Settings(data=data, broker=embedded_broker, topic_prefix=prefix, partitions=PARTITIONS)
    topic.make(made, [])
    return made


@pytest.fixture
def stages(settings: Settings) -> Iterator[Stages]:
    made = Stages(settings)
    yield made
    made.close()


def now() -> int:
    return time.time_ns() // 1000


def feed(settings: Settings, facts: Iterable[Fact]) -> None:
    for partition, body in envelopes(facts, settings.partitions):
        topic.produce(settings, "facts", [body], partition=partition)


def tick(settings: Settings) -> None:
    body = tick_envelope(Tick(now(), {"cloudtrail": now()}))
    for partition in range(settings.partitions):
        topic.produce(settings, "facts", [body], partition=partition)


def use(number: int, time: int, identity: str = "") -> list[Fact]:
    owner, key = f"aws:1:user/{number}", f"aws:key/AKIA{number}"
    return facts_of(
        Activity(
            f"use{number}-{time}",
            time,
            "cloudtrail",
            identity=identity or owner,
            credential=key,
            operation="GetObject",
            outcome="succeeded",
            place="192.0.2.1",
        )
    )


def kill(number: int, time: int) -> list[Fact]:
    ended = Ended("DeleteAccessKey", "deleted", f"aws:key/AKIA{number}", f"aws:1:user/{number}")
    return facts_of(Activity(f"kill{number}", time, "cloudtrail", operation="Delete", effects=(ended,)))


class Alerts:
    """The alert topic, with the time told again while one waits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.tail = Tail(settings, "findings")
        self._ticked = 0.0

    def until(self, uids: int) -> Alerts:
        def enough(_: Tail) -> bool:
            if time.monotonic() - self._ticked > 0.5:
                tick(self._settings)
                self._ticked = time.monotonic()
            return len(self.created()) >= uids

        self.tail.until(enough, f"{uids} findings")
        return self

    def created(self) -> set[str]:
        """Credentials of which a finding of the control stands open."""
        state = {}
        for message in self.tail.messages:
            finding = json.loads(message.value() or b"")
            if dict(message.headers() or [])["control"] == GONE.encode():
                state[message.key()] = (finding["unmapped"].get("credential"), finding["status_id"])
        return {str(credential) for credential, status in state.values() if status == 1}


def committed(settings: Settings) -> dict[int, int]:
    consumer = Consumer(kafka_config(settings, **{"group.id": app_id(settings)}))
    name = topics.name(settings, topics.FACTS)
    places = [TopicPartition(name, number) for number in range(settings.partitions)]
    found = {place.partition: place.offset for place in consumer.committed(places, timeout=20)}
    consumer.close()
    return found


def test_a_use_after_the_kill_is_found_wherever_the_two_are_known(settings: Settings, stages: Stages) -> None:
    stages.start("correlate")
    for number in range(6):
        feed(settings, kill(number, now() - 2 * HOUR))
        feed(settings, use(number, now() - HOUR))
    alerts = Alerts(settings).until(6)
    assert alerts.created() == {f"aws:key/AKIA{number}" for number in range(6)}
    first = alerts.tail.messages[0]
    assert dict(first.headers() or []).keys() == {"control", "severity"}
    finding = json.loads(first.value() or b"")
    assert first.key() == finding["finding_info"]["uid"].encode()
    assurance = Tail(settings, "assurance").until(lambda tail: len(tail.messages) >= 6, "assurance")
    assert {json.loads(m.value() or b"")["class_uid"] for m in assurance.messages} == {2003}
    Tail(settings, "credentials").until(
        lambda tail: {row["credential"] for row in tail.rows} >= {"aws:key/AKIA0", "aws:key/AKIA5"},
        "rows of credentials",
    )


def test_an_alias_learned_late_brings_the_use_to_its_owner(settings: Settings, stages: Stages) -> None:
    stages.start("correlate")
    feed(settings, kill(1, now() - 2 * HOUR))
    feed(settings, use(1, now() - HOUR, identity="aws:1:role/second-name"))
    known = Aliased("aws:1:role/second-name", "aws:1:user/1", at=now() - 3 * HOUR)
    feed(settings, facts_of(Activity("alias", now(), "inventory", effects=(known,))))
    Alerts(settings).until(1)


def test_a_killed_worker_goes_on_where_it_was_and_says_nothing_twice(
    settings: Settings, stages: Stages
) -> None:
    first = stages.start("correlate")
    for number in range(8):
        feed(settings, kill(number, now() - 2 * HOUR))
    for number in range(4):
        feed(settings, use(number, now() - HOUR))
    alerts = Alerts(settings).until(4)
    wait_for(lambda: max(committed(settings).values()) > 0, "committed offsets")
    stages.kill(first)
    for number in range(4, 8):
        feed(settings, use(number, now() - HOUR))
    second = stages.start("correlate")
    alerts.until(8)
    keys = [m.key() for m in alerts.tail.messages]
    assert len(set(keys)) == 8, "one finding each"
    assert stages.stop(second) == 0


def test_a_worker_that_is_asked_to_stop_has_acknowledged_what_it_took(
    settings: Settings, stages: Stages
) -> None:
    worker = stages.start("correlate")
    feed(settings, use(1, now()))
    tick(settings)
    written = Tail(settings, changelog(settings).removeprefix(settings.topic_prefix))
    written.until(lambda tail: tail.messages, "the dossier in the changelog")
    tick(settings)
    assert stages.stop(worker) == 0
    assert max(committed(settings).values()) >= 1


def test_two_workers_share_the_identities_and_one_takes_over(settings: Settings, stages: Stages) -> None:
    first = stages.start("correlate")
    second = stages.start("correlate", worker=1)
    for number in range(6):
        feed(settings, kill(number, now() - 2 * HOUR))
        feed(settings, use(number, now() - HOUR))
    alerts = Alerts(settings).until(6)
    stages.kill(first)
    for number in range(6, 12):
        feed(settings, kill(number, now() - 2 * HOUR))
        feed(settings, use(number, now() - HOUR))
    alerts.until(12)
    assert stages.stop(second) == 0


def test_a_changed_number_of_partitions_is_said_in_words(settings: Settings, stages: Stages) -> None:
    admin = AdminClient(kafka_config(settings))
    admin.create_topics([NewTopic(changelog(settings), PARTITIONS + 2, 1)])[changelog(settings)].result()
    worker = stages.start("correlate", wait=False)
    wait_for(lambda: worker.ended() is not None, "the worker to give up")
    assert worker.ended() == 2
    assert "has 5 partitions, the setting partitions says 3" in stages.log(worker)
