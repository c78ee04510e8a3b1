"""Pace: when a worker flushes. During a backlog flushes are few and large; without a backlog a flush
follows at once."""

from __future__ import annotations

import time
from collections.abc import Callable

from schemas.evidence import SECOND
from schemas.fact import Tick

PAUSE = 6.0
"""Under load the next flush is put off by so many times what this one took: the longer one gathers, the more
facts of a dossier are judged and stored at once, so that a worker that falls behind gets faster. Two thirds
of a worker's time went into flushes when it was 2; now it is a seventh of it as long as flushes are short.
What waits longer for its word are records that waited behind a backlog."""
PAUSE_SECONDS_MAX = 1.0
"""However long a flush took: a flood of newcomers makes long ones, and others wait behind it."""

READ_TO_END = 2 * SECOND
"""A raw partition whose watermark is no older than this (µs) when a tick tells it is read to its end, or as
good as that."""


class Pace:
    """Decides when to flush. ``interval``: seconds from the beginning of one flush to the next while
    there is no backlog."""

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._early = self._late = clock() + interval
        self._at_end: dict[str, bool] = {}

    def heard(self, tick: Tick) -> None:
        """Takes note of how far the raw partitions have been read."""
        for entry, mark in tick.watermarks.items():
            if "/" in entry:
                self._at_end[entry] = mark + READ_TO_END >= tick.now

    def flushed(self, began: float) -> None:
        """Notes that a flush has ended, or has come so far. It began at the given time (seconds of the
        clock)."""
        now = self._clock()
        self._early = began + self._interval
        self._late = max(self._early, now) + min(PAUSE * (now - began), PAUSE_SECONDS_MAX)

    def due(self, waiting: Callable[[], int]) -> bool:
        """Says whether it is time for a flush. ``waiting``: the number of messages that wait to be taken."""
        now = self._clock()
        if now >= self._late:
            return True
        return now >= self._early and all(self._at_end.values()) and not waiting()
