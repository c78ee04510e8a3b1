"""Offsets, times and turns of partitions that come and go, and clocks that are not the broker's. (Without a
broker.)"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME

from streams.kafka.outgoing import Outgoing
from streams.normalising.intake import Intake
from streams.normalising.normalise import HELD_SECONDS
from streams.site.settings import Settings
from tests.support.fake_kafka import FakeMessage, FakeProducer
from tests.support.normalising import BODY, HERE, THERE, TOPIC, Running

YEAR = 365 * 86_400


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path)


def test_an_offset_is_committed_once_all_that_came_of_it_has_arrived(running: Running) -> None:
    running.read(FakeMessage(TOPIC, 41, BODY))
    running.loop._commit()
    assert not running.consumer.committed
    running.settle()
    assert running.consumer.committed == {HERE: 42}


def test_offsets_of_a_partition_that_was_lost_are_not_committed(running: Running) -> None:
    running.read(FakeMessage(TOPIC, 41, BODY), FakeMessage(TOPIC, 7, BODY, partition=1))
    running.consumer.rebalance("on_lost", THERE)
    running.settle()
    assert running.consumer.committed == {HERE: 42}, "somebody else reads the other one"


def test_what_waits_of_a_partition_that_was_lost_is_not_read(running: Running) -> None:
    many = [FakeMessage(TOPIC, 41, BODY), FakeMessage(TOPIC, 7, BODY, partition=1)]
    running.loop._hear(many)  # type: ignore[arg-type]
    running.consumer.rebalance("on_lost", THERE)
    running.loop._work()
    rows = [body for topic, body in running.producer.sent if topic == "activities"]
    assert [row.count(b'"uid"') for row in rows] == [1], "somebody else reads the other one"


def test_offsets_that_had_arrived_when_it_was_lost_are_not_committed_either(
    running: Running,
) -> None:
    running.read(FakeMessage(TOPIC, 7, BODY, partition=1))
    running.producer.arrive()
    running.loop._outgoing.settle()
    running.consumer.rebalance("on_lost", THERE)
    running.loop._commit()
    assert not running.consumer.committed


def test_a_lost_partitions_times_hold_nobody_up_and_say_nothing(running: Running) -> None:
    running.read(FakeMessage(TOPIC, 7, BODY, partition=1))
    running.settle()
    now = time.time_ns() // 1_000
    assert f"{TOPIC}/1" in running.loop._watermarks.tell(now, [])
    running.read(FakeMessage(TOPIC, 8, BODY, partition=1))
    running.consumer.rebalance("on_lost", THERE)
    running.settle()
    assert f"{TOPIC}/1" not in running.loop._watermarks.tell(now, [])


@pytest.mark.parametrize(
    ("stamp", "arrived"),
    [
        ((TIMESTAMP_CREATE_TIME, (1_700_000_000 + YEAR) * 1_000), 1_700_000_000),
        ((TIMESTAMP_CREATE_TIME, 1_600_000_000_000), 1_700_000_000),
        ((TIMESTAMP_LOG_APPEND_TIME, (1_700_000_000 + YEAR) * 1_000), 1_700_000_000),
        ((TIMESTAMP_LOG_APPEND_TIME, 1_600_000_000_000), 1_600_000_000),
    ],
    ids=[
        "a producer's clock ahead",
        "a producer's clock behind",
        "a broker's clock ahead",
        "the broker's word",
    ],
)
def test_nothing_arrives_later_than_now_and_only_the_brokers_clock_says_when(
    tmp_path: Path, stamp: tuple[int, int], arrived: int
) -> None:
    intake = Intake(Settings(data=tmp_path))
    now = 1_700_000_000_000_000
    record = intake.record(FakeMessage(TOPIC, 3, BODY, stamp=stamp), HERE, now)  # type: ignore[arg-type]
    assert (record.arrived, record.processed, record.offset) == (arrived * 1_000_000, now, 3)
    assert (record.source, record.instance) == ("cloudtrail", "")


def test_a_header_says_source_and_installation_only_where_the_setting_lets_it(tmp_path: Path) -> None:
    message = FakeMessage("raw.vault", 1, BODY, headers=[("source", b"cloudtrail"), ("instance", b"prod")])
    for topics, source in (([], "vault"), (["raw.vault"], "cloudtrail")):
        intake = Intake(Settings(data=tmp_path, header_topics=topics))
        assert intake.record(message, ("raw.vault", 0), 1).source == source  # type: ignore[arg-type]
    declared = FakeMessage("raw.vault", 1, BODY, headers=[("source", b"inventory")])
    intake = Intake(Settings(data=tmp_path, header_topics=["raw.vault"]))
    record = intake.record(declared, ("raw.vault", 0), 1)  # type: ignore[arg-type]
    assert record.source == "vault", "no header makes a declaration of a record"


def test_a_full_queue_is_waited_for_and_loses_no_message() -> None:
    producer = FakeProducer()
    producer.full = 3
    outgoing = Outgoing(producer)  # type: ignore[arg-type]
    outgoing.send(outgoing.open(lambda: None), "facts", b"1")
    assert producer.sent == [("facts", b"1")]


def test_only_a_topic_of_which_much_waits_is_held_back(running: Running) -> None:
    """What the client has fetched ahead is thrown away by holding back."""
    running.loop._hear([FakeMessage(TOPIC, n, BODY) for n in range(20)])  # type: ignore[misc]
    running.loop._record_seconds = HELD_SECONDS / 21
    running.loop._hold_back()
    assert not running.consumer.paused, "the next round is through with it"
    running.loop._record_seconds = HELD_SECONDS / 20
    running.loop._hold_back()
    assert running.consumer.paused == {HERE, THERE}
    running.loop._work()
    running.loop._hold_back()
    assert not running.consumer.paused
    assert running.loop._record_seconds < HELD_SECONDS / 20


def test_less_is_fetched_by_as_much_as_waits(running: Running) -> None:
    running.read()
    fetched = running.consumer.most
    running.loop._hear([FakeMessage(TOPIC, n, BODY) for n in range(20)])  # type: ignore[misc]
    running.read()
    assert running.consumer.most == fetched - 20


def test_an_empty_record_alone_stops_nothing(running: Running) -> None:
    running.read(FakeMessage(TOPIC, 41, b""))
    running.read(FakeMessage(TOPIC, 42, None), FakeMessage(TOPIC, 3, b"", partition=1))
    running.read(FakeMessage(TOPIC, 43, BODY))
    running.settle()
    assert running.consumer.committed == {HERE: 44, THERE: 4}
