"""When what was read is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.normalising.unsent import (
    BATCH_BYTES,
    BATCH_RECORDS,
    BATCH_SECONDS,
    BEHIND_RECORDS,
    Unsent,
)
from tests.support.fake_kafka import FakeMessage
from tests.support.normalising import BODY, HERE, THERE, TOPIC, Clock, Running


def behind() -> int:
    return BEHIND_RECORDS


def test_where_nothing_waits_behind_it_a_record_is_sent_at_once() -> None:
    unsent = Unsent(Clock())
    unsent.add(1, 1)
    assert unsent.enough(lambda: BEHIND_RECORDS - 1) and not unsent.enough(behind)


@pytest.mark.parametrize(("records", "size"), [(BATCH_RECORDS, 0), (1, BATCH_BYTES)])
def test_behind_a_backlog_a_batch_has_its_bounds(records: int, size: int) -> None:
    clock = Clock()
    unsent = Unsent(clock)
    unsent.add(0, 0)
    unsent.add(records - 1, size - 1)
    assert not unsent.enough(behind)
    unsent.add(1, 1)
    assert unsent.enough(behind)


def test_no_record_waits_for_long() -> None:
    clock = Clock()
    clock.now = 50.0
    unsent = Unsent(clock)
    unsent.add(1, 1)
    clock.now += BATCH_SECONDS
    unsent.add(1, 1)
    assert unsent.enough(behind)


class Behind(Running):
    """The loop, with so much at the broker that it gathers."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path)
        self.loop._unread = behind  # type: ignore[method-assign]
        self.read(FakeMessage(TOPIC, 41, BODY))

    def rows(self) -> int:
        return sum(body.count(b'"uid"') for topic, body in self.producer.sent if topic == "activities")


def test_what_is_gathered_over_rounds_is_committed_once_it_was_sent_and_arrived(tmp_path: Path) -> None:
    running = Behind(tmp_path)
    running.read(FakeMessage(TOPIC, 7, BODY, partition=1))
    running.settle()
    assert (running.rows(), running.consumer.committed) == (0, {})
    running.loop._unread = lambda: 0  # type: ignore[method-assign]
    running.read(FakeMessage(TOPIC, 42, BODY))
    assert (running.rows(), running.consumer.committed) == (3, {})
    running.settle()
    assert running.consumer.committed == {HERE: 43, THERE: 8}


def test_a_partition_of_which_some_is_unsent_is_not_said_to_be_read_to_its_end(tmp_path: Path) -> None:
    running = Behind(tmp_path)
    running.loop._watermarks.reached_end(HERE)
    running.loop._tick()
    ticks = [body for topic, body in running.producer.sent if topic == "facts"]
    assert ticks and all(b"watermarks" not in tick for tick in ticks)


def test_what_is_unsent_is_sent_before_partitions_go(tmp_path: Path) -> None:
    running = Behind(tmp_path)
    running.producer.poll = lambda seconds: running.producer.arrive() or 0  # type: ignore[method-assign, func-returns-value]
    running.consumer.rebalance("on_revoke", HERE, THERE)
    assert (running.rows(), running.consumer.committed) == (1, {HERE: 42})
