"""What the client of Kafka passes over is noticed before what follows is acknowledged."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.correlating import correlate
from streams.correlating.sequence import AGAIN_SECONDS, STALLED_SECONDS, Sequence, StalledError

SOON = AGAIN_SECONDS / 2


@given(st.integers(0, 9), st.lists(st.integers(0, 20), max_size=30))
def test_only_the_next_offset_is_taken(start: int, offsets: list[int]) -> None:
    sequence = Sequence()
    sequence.sought(1, start)
    due = start
    for offset in offsets:
        assert sequence.takes(1, offset) == (offset == due)
        due += offset == due
        assert sequence[1] == due


def test_nothing_is_taken_of_a_partition_before_it_is_sought() -> None:
    sequence = Sequence()
    assert not sequence.takes(0, 0) and list(sequence) == []
    sequence.sought(0, 5)
    assert sequence.takes(0, 5) and sequence.takes(0, 6)
    sequence.forget()
    assert not sequence.takes(0, 7)
    sequence.sought(0, 3)
    assert not sequence.takes(0, 7) and sequence.takes(0, 3)


def test_a_partition_that_has_more_and_gives_nothing_is_read_again() -> None:
    sequence = Sequence()
    sequence.sought(0, 3)
    sequence.sought(1, 3)
    ends = {0: 9, 1: 3}
    assert sequence.stalled(ends, 100.0) == []
    assert sequence.stalled(ends, 100.0 + SOON) == []
    later = 100.1 + AGAIN_SECONDS
    assert sequence.stalled(ends, later) == [(0, 3)], "the other one is at its end"
    assert sequence.stalled(ends, later + SOON) == [], "it has just been asked for"
    assert sequence.takes(0, 3)
    assert sequence.stalled(ends, later + AGAIN_SECONDS + 0.1) == [], "it came"


def test_an_agent_that_is_busy_is_not_stalled() -> None:
    sequence = Sequence()
    sequence.sought(0, 3)
    sequence.stalled({0: 9}, 100.0)
    sequence.busy(20.0)
    assert sequence.stalled({0: 9}, 120.0 + SOON) == []
    assert sequence.stalled({0: 9}, 120.1 + AGAIN_SECONDS) == [(0, 3)]


def test_what_does_not_come_ends_the_worker_at_last() -> None:
    sequence = Sequence()
    sequence.sought(0, 3)
    sequence.stalled({0: 9}, 100.0)
    with pytest.raises(StalledError, match="partition 0: 3 does not come"):
        sequence.stalled({0: 9}, 100.1 + STALLED_SECONDS)


def test_a_recovery_may_take_long_as_long_as_dossiers_come() -> None:
    sequence = Sequence()
    sequence.sought(0, 3)
    sequence.stalled({0: 9}, 0.0)
    for number in range(10):
        sequence.recovering(number, number * STALLED_SECONDS)
    after = 9 * STALLED_SECONDS
    assert sequence.stalled({0: 9}, after) == [], "facts were not expected meanwhile"
    sequence.recovering(9, after)
    sequence.recovering(9, after + STALLED_SECONDS)
    with pytest.raises(StalledError):
        sequence.recovering(9, after + STALLED_SECONDS + 0.1)


def test_a_worker_looks_for_facts_only_when_its_dossiers_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    went_back: list[tuple[int, int]] = []
    clock = SimpleNamespace(now=0.0)

    async def go_back(place: Any, offset: int) -> None:
        went_back.append((place.partition, offset))

    worker: Any = correlate.Worker.__new__(correlate.Worker)
    worker._settings = SimpleNamespace(topic_prefix="")
    worker._fence = SimpleNamespace(applied=0)
    worker._sequence = Sequence()
    worker._app = SimpleNamespace(
        in_recovery=True, consumer=SimpleNamespace(go_back=go_back, highwater=lambda _: 9)
    )
    monkeypatch.setattr(correlate, "time", SimpleNamespace(monotonic=lambda: clock.now))
    worker._sequence.sought(0, 3)
    for clock.now in (0.0, STALLED_SECONDS, 2 * STALLED_SECONDS):
        worker._fence.applied += 1
        asyncio.run(worker._unstall())
    assert went_back == []
    worker._app.in_recovery = False
    for more in (0.0, 2 * AGAIN_SECONDS):
        clock.now = 2 * STALLED_SECONDS + more
        asyncio.run(worker._unstall())
    assert went_back == [(0, 3)]
