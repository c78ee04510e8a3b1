"""What the parts of a simulated year share: its plan, lines of a log, times, and the pace at which a source
writes.

Times are µs since 1970, as everywhere in gapwatch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

from infra.simulator.chance import Chance

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

WORKS_FROM, WORKS_UNTIL = 7 * HOUR, 24 * HOUR
"""Time of day of all routine: who moves to another network does it over night."""


@dataclass(frozen=True)
class Plan:
    """``start``: midnight UTC of the first day. ``records``: lines to write, duplicates aside, about.
    ``clean``: without what is wrong."""

    start: int
    days: int = 365
    identities: int = 2_000
    records: int = 5_000_000
    seed: int = 22
    clean: bool = False

    @property
    def until(self) -> int:
        """The end of the year that is told, in µs."""
        return self.start + self.days * DAY

    def day(self, number: int) -> int:
        """Returns the midnight of a day, in µs; the first day is 0."""
        return self.start + number * DAY


class Line(NamedTuple):
    """One record of a source's log. ``late``: µs of delivery beyond the usual. ``wrong``: not in the clean
    year."""

    time: int
    body: bytes
    late: int = 0
    wrong: bool = False


class Life(Protocol):
    """An identity, day by day."""

    def day(self, start: int, calls: int) -> Iterator[Line]:
        """Yields the lines of about ``calls`` calls of the day that begins at ``start``; none is of an
        earlier day."""


class Pace:
    """How many calls each identity of a source makes a day, corrected each day so that the year ends at its
    share.

    A call is more than one line (logins, answers, tokens): how many shows itself day by day.
    """

    def __init__(self, lines: int, lives: int, days: int) -> None:
        self._left = float(lines)
        self._days = days
        self._lives = max(lives, 1)
        self._cost = 2.0
        self.lines = 0

    def begin(self) -> float:
        """Returns the calls per identity today, on average."""
        return max(self._left, 0) / max(self._days, 1) / self._lives / self._cost

    def end(self, lines: int, calls: int) -> None:
        """Notes what the day came to."""
        self.lines += lines
        self._left -= lines
        self._days -= 1
        if calls and lines:
            self._cost += (lines / calls - self._cost) * 0.3


def calls_today(chance: Chance, mean: float) -> int:
    """Returns a number of calls between half and one and a half of the mean."""
    wanted = mean * (0.5 + chance.random())
    return int(wanted) + (chance.random() < wanted % 1)


def moments(chance: Chance, start: int, since: int, span: int, calls: int) -> list[int]:
    """Returns the times (µs) of the calls within a span of the day, in order."""
    draw = chance.random
    return sorted(start + since + int(draw() * span) for _ in range(calls))


def micros(moment: datetime) -> int:
    """Returns a moment in µs since 1970; a moment without a zone is an error."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def moment_of(time: int) -> datetime:
    """Returns the moment of a time in µs, in UTC."""
    return datetime.fromtimestamp(time // SECOND, UTC) + timedelta(microseconds=time % SECOND)


@lru_cache(maxsize=8)
def date_of(day: int) -> str:
    """Returns a day counted since 1970 as text like ``2026-11-22``."""
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


@lru_cache(maxsize=86_400)
def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def second_text(time: int) -> str:
    """Returns a time in µs as text like ``2026-11-22T09:00:00``."""
    seconds = time // SECOND
    return f"{date_of(seconds // 86_400)}T{_clock(seconds % 86_400)}"


def stamp(time: int) -> str:
    """Returns a time in µs as text with whole seconds and a Z."""
    return f"{second_text(time)}Z"


def micro_stamp(time: int) -> str:
    """Returns a time in µs as text with six decimals and a Z."""
    return f"{second_text(time)}.{time % SECOND:06}Z"


def uuid_of(chance: Chance) -> str:
    """Returns a drawn UUID of version 4: the same for the same seed."""
    text = f"{chance.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def at(day: int, text: str) -> int:
    """Returns a step's time: ``09:30:00`` of the case's first day, ``2+09:30:00`` two days later, or a date
    of its own."""
    if text.count("-") == 2:
        return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))
    days, _, clock = text.rpartition("+")
    hours, minutes, seconds = clock.split(":")
    return (
        day
        + int(days or 0) * DAY
        + int(hours) * HOUR
        + int(minutes) * MINUTE
        + round(float(seconds) * SECOND)
    )
