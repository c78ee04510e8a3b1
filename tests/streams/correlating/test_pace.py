"""When a worker flushes."""

from __future__ import annotations

from schemas.fact import Tick
from streams.correlating.pace import PAUSE, PAUSE_SECONDS_MAX, Pace

NOW = 1_763_812_800_000_000
HOUR = 3_600_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def paced() -> tuple[Pace, Clock]:
    """A pace of a second, after a flush of four seconds that began now."""
    clock = Clock()
    pace = Pace(1.0, clock)
    clock.now += 4.0
    pace.flushed(100.0)
    return pace, clock


def test_with_nothing_behind_it_a_flush_is_due_after_its_interval() -> None:
    pace, clock = paced()
    pace.heard(Tick(NOW, {"raw.vault/0": NOW, "raw.vault/1": NOW - 1, "vault": NOW - HOUR}))
    assert pace.due(lambda: 0)
    pace.flushed(clock.now)
    assert not pace.due(lambda: 0)
    clock.now += 1.0
    assert pace.due(lambda: 0)


def test_with_a_backlog_before_it_or_here_a_flush_is_put_off_by_what_the_last_one_took() -> None:
    for marks, waiting in (({"raw.vault/0": NOW, "raw.vault/1": NOW - HOUR}, 0), ({"raw.vault/0": NOW}, 7)):
        pace, clock = paced()
        pace.heard(Tick(NOW, marks))
        assert not pace.due(lambda waiting=waiting: waiting)  # type: ignore[misc]
        clock.now += PAUSE_SECONDS_MAX
        assert pace.due(lambda waiting=waiting: waiting)  # type: ignore[misc]


def test_a_short_flush_puts_the_next_one_off_by_a_multiple_of_itself() -> None:
    pace, clock = paced()
    pace.heard(Tick(NOW, {"raw.vault/0": NOW - HOUR}))
    began = clock.now
    clock.now += 0.1
    pace.flushed(began)
    clock.now = began + 1.0 + PAUSE * 0.1 - 0.01
    assert not pace.due(lambda: 0)
    clock.now += 0.02
    assert pace.due(lambda: 0)


def test_a_backlog_that_is_worked_off_puts_nothing_off_any_more() -> None:
    pace, _ = paced()
    pace.heard(Tick(NOW, {"raw.vault/0": NOW - HOUR}))
    assert not pace.due(lambda: 0)
    pace.heard(Tick(NOW, {"raw.vault/0": NOW}))
    assert pace.due(lambda: 0)
