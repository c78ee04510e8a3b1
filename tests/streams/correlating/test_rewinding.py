"""Faust's consumer is made to hand over every message of the facts in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.correlating.rewinding import TRIES, rewinding

FACTS, OTHER = TP("facts", 0), TP("other", 0)


class Broker:
    """A partition of facts, and Faust's consumer over it: ``position`` is what it would fetch next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, committed: int | None, first: int = 0) -> None:
        self.position, self.first, self.sought = 0, first, list[tuple[int, int]]()
        self.fetched: list[tuple[TP, int]] = []

        async def perform_seek(consumer: Any) -> None:
            consumer._read_offset = {FACTS: committed, OTHER: None}
            self.position = self.position if committed is None else committed

        async def getmany(_: Any, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
            fetched, self.fetched = self.fetched, []
            for place, offset in fetched:
                yield place, SimpleNamespace(offset=offset)

        async def seek(consumer: Any, place: TP, offset: int) -> None:
            self.position = offset

        for name, fake in (("perform_seek", perform_seek), ("getmany", getmany)):
            monkeypatch.setattr(Consumer, name, fake)
        made = rewinding("facts", lambda partition, offset: self.sought.append((partition, offset)))
        monkeypatch.setattr(made, "assignment", lambda consumer: {FACTS, OTHER})
        monkeypatch.setattr(made, "seek", seek)
        self.consumer = made.__new__(made)
        self.consumer._due, self.consumer._asked = {}, {}

    def fetch(self, number: int) -> None:
        """It is in the consumer's hands, and not handed over yet."""
        for offset in range(max(self.position, self.first), self.position + number):
            self.fetched.append((FACTS, offset))
            self.position = offset + 1

    def hand_over(self) -> list[int]:
        async def go() -> list[int]:
            return [message.offset async for _, message in self.consumer.getmany(1.0)]

        return asyncio.run(go())


@pytest.mark.parametrize(("committed", "due"), [(None, 0), (0, 0), (7, 7)])
def test_facts_are_read_from_what_was_committed_or_from_the_beginning(
    monkeypatch: pytest.MonkeyPatch, committed: int | None, due: int
) -> None:
    broker = Broker(monkeypatch, committed)
    broker.fetch(3)
    assert broker.hand_over() == [], "nothing before it is known from where"
    asyncio.run(broker.consumer.perform_seek())
    assert broker.position == due and broker.sought == [(0, due)]
    broker.fetch(2)
    broker.fetched.append((OTHER, 99))
    assert broker.hand_over() == [due, due + 1, 99], "other topics are not its business"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.booleans()), max_size=8))
def test_whatever_is_dropped_on_the_way_every_message_comes_in_its_turn(
    steps: list[tuple[int, int, bool]],
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        broker = Broker(monkeypatch, None)
        asyncio.run(broker.consumer.perform_seek())
        seen: list[int] = []
        for fetched, dropped, seeks in steps:
            broker.fetch(fetched)
            if seeks:
                # What is in its hands comes after the seek.
                asyncio.run(broker.consumer.perform_seek())
                seen = []
            del broker.fetched[:dropped]
            seen += broker.hand_over()
            assert seen == list(range(len(seen)))
        for fetched in (1, 99):
            broker.fetch(fetched)
            seen += broker.hand_over()
        assert seen == list(range(broker.position)), "once more is there, nothing is missing"


def test_what_the_broker_deleted_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(monkeypatch, 2, first=6)
    asyncio.run(broker.consumer.perform_seek())
    for _ in range(TRIES):
        broker.fetch(6)
        assert broker.hand_over() == []
    broker.fetch(6)
    assert broker.hand_over() == [6, 7]
    assert broker.sought[-1] == (0, 6)
    assert "facts 2 to 5 are deleted unread" in caplog.text


def test_the_client_is_sent_back_in_its_own_thread() -> None:
    """From another one it may fall into the midst of its fetcher's handing over."""
    steps: list[Any] = []

    class Thread:
        def seek(self, place: TP, offset: int) -> None:
            steps.append((place, offset))

        async def call_thread(self, work: Any) -> None:
            steps.append("in the thread")
            await work()
            steps.append("left")

    made = rewinding("facts", lambda partition, offset: None)
    consumer = made.__new__(made)
    consumer._thread = Thread()
    asyncio.run(consumer._seek(FACTS, 7))
    assert steps == ["in the thread", (FACTS, 7), "left"]


@pytest.mark.parametrize("rebalancing", [False, True])
def test_a_partition_that_was_left_paused_goes_on_once_partitions_are_at_rest(
    monkeypatch: pytest.MonkeyPatch, rebalancing: bool
) -> None:
    broker = Broker(monkeypatch, None)
    consumer = broker.consumer
    consumer.app = SimpleNamespace(rebalancing=rebalancing)
    consumer._active_partitions, consumer._paused_partitions = {OTHER}, {FACTS}
    consumer.can_resume_flow, consumer.suspend_flow = asyncio.Event(), asyncio.Event()
    consumer.flow_active = False
    asyncio.run(consumer.go_back(FACTS, 5))
    assert broker.position == 5
    assert (FACTS in consumer._active_partitions, consumer.flow_active) == (not rebalancing,) * 2
