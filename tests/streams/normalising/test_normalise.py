"""The normalise stage against a broker: everything of a record arrives before its offset is committed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from correlators.driver import normaliser
from schemas.activity import Activity
from schemas.fact import WATCH, Envelope, decode_envelope, partition_of
from schemas.rejected import Rejected
from schemas.sources import Context, Reading
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.kafka.outgoing import LostMessageError, Outgoing, producer_config
from streams.normalising import normalise
from streams.normalising.intake import consumer_config
from streams.normalising.normalise import Normalising
from streams.site import garbage
from streams.site.settings import Settings
from streams.site.stage import Stage
from tests.support import topic
from tests.support.topic import Tail
from tests.support.waiting import wait_for


def read(record: bytes, context: Context) -> Reading:
    """A source of tests: a record is the id of its event; its credential is the id's first letter."""
    uid = record.decode()
    if uid == "bad":
        return Reading([], [Rejected("lines", "is bad")], 0)
    if uid == "poison":
        raise RuntimeError("poison")
    event = Activity(
        uid,
        1_000_000 + len(uid),
        "lines",
        context.instance,
        identity=f"user/{uid[0]}",
        credential=f"key/{uid[0]}",
        outcome="succeeded",
        arrived=context.arrived,
        processed=context.processed,
    )
    return Reading([event], [], 0)


@dataclass
class Running:
    """A stage in a thread of this process."""

    settings: Settings
    stage: Stage
    thread: threading.Thread
    failures: list[BaseException]

    def stop(self) -> None:
        self.stage.stopping.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


Start = Callable[[], Running]


@pytest.fixture
def settings(embedded_broker: str, data: Path, request: pytest.FixtureRequest) -> Settings:
    prefix = f"n{abs(hash(request.node.name)) % 10**8}."
    made = Settings(
        data=data,
        broker=embedded_broker,
        topic_prefix=prefix,
        header_topics=(f"{prefix}raw.mixed",),
        partitions=3,
        raw_partitions=2,
    )
    topic.make(made, ["lines"])
    return made


@pytest.fixture
def start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    lines = SimpleNamespace(NAME="lines", recognises=lambda document: True, read=read)
    monkeypatch.setattr(normaliser, "sources", lambda: {"lines": lines})
    monkeypatch.setattr(garbage, "calm", lambda: None)
    started: list[Running] = []

    def go() -> Running:
        said: list[str] = []
        stage = Stage("normalise", say=said.append)
        failures: list[BaseException] = []
        thread = threading.Thread(target=_guarded, args=(settings, stage, failures), daemon=True)
        started.append(Running(settings, stage, thread, failures))
        thread.start()
        wait_for(lambda: "ready" in said or failures, "the stage to be ready")
        return started[-1]

    yield go
    for running in started:
        running.stop()


def _guarded(settings: Settings, stage: Stage, failures: list[BaseException]) -> None:
    try:
        normalise.main(settings, stage)
    except BaseException as error:
        failures.append(error)


def committed(settings: Settings, raw: str = "raw.lines") -> int:
    """Records of a raw topic that will not be read again."""
    consumer = Consumer(kafka_config(settings, **{"group.id": topics.name(settings, "normalise")}))
    places = [TopicPartition(settings.topic_prefix + raw, number) for number in range(2)]
    total = sum(max(0, place.offset) for place in consumer.committed(places, timeout=20))
    consumer.close()
    return total


def facts_in(tail: Tail) -> list[tuple[int, Envelope]]:
    return [(m.partition() or 0, decode_envelope(m.value() or b"")) for m in tail.messages]


def test_every_record_becomes_a_row_and_facts_in_their_partition(start: Start, settings: Settings) -> None:
    start()
    topic.produce(settings, "raw.lines", [f"{letter}{n}".encode() for letter in "abcde" for n in range(40)])
    rows = Tail(settings, "activities").until(lambda tail: len(tail.rows) >= 200, "200 activities").rows
    assert {row["uid"] for row in rows} == {f"{letter}{n}" for letter in "abcde" for n in range(40)}
    assert {row["topic"] for row in rows} == {settings.topic_prefix + "raw.lines"}
    assert len({(row["partition"], row["offset"]) for row in rows}) == 200
    assert all(0 < row["arrived"] <= row["processed"] for row in rows)

    def learned(tail: Tail) -> set[str]:
        return {
            evidence.uid
            for partition, envelope in facts_in(tail)
            for key, fact in envelope.facts
            if key != WATCH and partition_of(key, 3) == partition
            for credential in fact.credentials.values()
            for sightings in credential.uses.values()
            for evidence in sightings.kept
        }

    Tail(settings, "facts").until(lambda tail: len(learned(tail)) == 200, "facts of 200 events")
    wait_for(lambda: committed(settings) == 200, "200 committed offsets")


def test_poison_becomes_a_reject_and_stops_nothing(start: Start, settings: Settings) -> None:
    start()
    topic.produce(settings, "raw.lines", [b"a1", b"poison", b"bad", b"a2", b"\xff"], partition=0)
    rejects = Tail(settings, "rejects").until(lambda tail: len(tail.rows) >= 3, "3 rejects").rows
    assert [(row["offset"], row["reason"].split(" at ")[0]) for row in rejects] == [
        (1, "reader failed: RuntimeError"),
        (2, "is bad"),
        (4, "reader failed: UnicodeDecodeError"),
    ]
    Tail(settings, "activities").until(lambda tail: len(tail.rows) == 2, "the good ones")
    wait_for(lambda: committed(settings) == 5, "committed offsets past the poison")


def test_the_installation_is_told_by_the_topic_and_better_by_a_header(
    start: Start, settings: Settings
) -> None:
    topics.create_missing(settings, [topics.raw_topic(settings, "lines", "prod")])
    topics.create_missing(settings, [topics.raw_topic(settings, "mixed")])
    start()
    topic.produce(settings, "raw.lines", [b"a"])
    topic.produce(settings, "raw.lines.prod", [b"b"])
    topic.produce(settings, "raw.mixed", [b"c"], headers={"source": b"lines", "instance": b"test"})
    rows = Tail(settings, "activities").until(lambda tail: len(tail.rows) == 3, "3 activities").rows
    assert {row["uid"]: row.get("instance", "default") for row in rows} == {
        "a": "default",
        "b": "prod",
        "c": "test",
    }


def test_a_raw_topic_made_later_is_read_too(start: Start, settings: Settings) -> None:
    start()
    topics.create_missing(settings, [topics.raw_topic(settings, "lines", "late")])
    topic.produce(settings, "raw.lines.late", [b"a"])
    Tail(settings, "activities").until(lambda tail: tail.rows, "an activity from the new topic")


def test_every_partition_is_told_the_time_and_how_far_each_source_was_read(
    start: Start, settings: Settings
) -> None:
    start()
    topic.produce(settings, "raw.lines", [b"abc"])
    prefix = settings.topic_prefix

    def complete(tail: Tail) -> bool:
        ticks = [(partition, envelope.tick) for partition, envelope in facts_in(tail) if envelope.tick]
        timed = {
            partition
            for partition, tick in ticks
            if tick
            and tick.watermarks.get(f"{prefix}raw.lines/0", 0) > 1_000_003
            and tick.watermarks.get(f"{prefix}raw.lines/1", 0) > 1_000_003
        }
        shown = {
            partition
            for partition, envelope in facts_in(tail)
            for key, fact in envelope.facts
            if key == WATCH and fact.watch["lines"].newest == 1_000_003
        }
        return timed == shown == {0, 1, 2}

    Tail(settings, "facts", from_end=False).until(complete, "full ticks in all partitions")


def test_what_was_not_committed_is_read_again(start: Start, settings: Settings) -> None:
    topic.produce(settings, "raw.lines", [b"a1", b"a2"])
    first = start()
    Tail(settings, "activities").until(lambda tail: len(tail.rows) == 2, "2 activities")
    first.stop()
    assert committed(settings) == 2, "a stage that is asked to stop commits what it has done"
    topic.produce(settings, "raw.lines", [b"a3"])
    start()
    rows = Tail(settings, "activities").until(lambda tail: len(tail.rows) >= 3, "the third").rows
    assert [row["uid"] for row in rows].count("a1") == 1


class _Refusing:
    """A producer whose broker takes everything but one message."""

    def __init__(self) -> None:
        self.callbacks: list[Any] = []

    def produce(self, topic: str, body: bytes, on_delivery: Any, **more: Any) -> None:
        self.callbacks.append((topic, on_delivery))

    def poll(self, timeout: float) -> int:
        return 0

    def answer(self, index: int, error: str = "") -> None:
        topic, callback = self.callbacks[index]
        refusal = SimpleNamespace(str=lambda: error) if error else None
        callback(refusal, SimpleNamespace(topic=lambda: topic))


def test_a_batch_takes_effect_only_when_all_of_it_and_of_those_before_has_arrived() -> None:
    producer, effects = _Refusing(), list[str]()
    outgoing = Outgoing(producer)  # type: ignore[arg-type]
    for name in ("first", "second"):
        consignment = outgoing.open(lambda name=name: effects.append(name))  # type: ignore[misc]
        outgoing.send(consignment, "facts", b"1")
        outgoing.send(consignment, "facts", b"2")
        consignment.complete()
    for index in (3, 2, 1):
        producer.answer(index)
        outgoing.settle()
        assert effects == []
    producer.answer(0)
    outgoing.settle()
    assert effects == ["first", "second"]
    growing = outgoing.open(lambda: effects.append("third"))
    outgoing.send(growing, "facts", b"3")
    producer.answer(4)
    outgoing.settle()
    assert effects == ["first", "second"], "more of it is to come"


def test_a_message_that_the_broker_refuses_ends_the_stage_before_anything_is_committed() -> None:
    producer, effects = _Refusing(), list[str]()
    outgoing = Outgoing(producer)  # type: ignore[arg-type]
    consignment = outgoing.open(lambda: effects.append("committed"))
    outgoing.send(consignment, "facts", b"1")
    consignment.complete()
    producer.answer(0, "message too large")
    with pytest.raises(LostMessageError, match="facts: message too large"):
        outgoing.settle()
    assert not effects


def test_the_stage_is_made_of_the_right_clients(settings: Settings) -> None:
    consumer = Consumer(consumer_config(settings))
    producer = Producer(producer_config(settings))
    Normalising(settings, Stage("normalise"), consumer, producer)
    consumer.close()
