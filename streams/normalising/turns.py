"""Turns: the raw topics are worked off by turns, each for a moment, so that a flood or a bad record of one
holds up another by seconds and no longer.

Usually everything that was fetched is worked off at once, and this is a queue like any other. Only where that
takes too long, the topics that wait are not fetched from until they are through, while the others go on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

ROUND_SECONDS = 1.0
"""Work in one round, before news is looked for: the time that a new record of a quiet source waits."""
SLICE_SECONDS = 0.1
"""Of one topic, before the next one has its turn. A record is never left half read: it may take longer."""

T = TypeVar("T")


class Turns(Generic[T]):
    """What was fetched and waits, by topic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, deque[T]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def topics(self) -> set[str]:
        """Those of which something waits."""
        return set(self._waiting)

    def extend(self, topic: str, many: Iterable[T]) -> None:
        """Queues items behind the others of their topic."""
        queue = self._waiting.get(topic)
        if queue is None:
            # A topic of which nothing waited comes first: it is not what holds up the others.
            queue = deque()
            self._waiting = {topic: queue} | self._waiting
        queue.extend(many)

    def keep(self, wanted: Callable[[T], bool]) -> None:
        """Drops what is not wanted any more."""
        kept = {topic: deque(filter(wanted, queue)) for topic, queue in self._waiting.items()}
        self._waiting = {topic: queue for topic, queue in kept.items() if queue}

    def round(self) -> Iterator[T]:
        """Yields what is to be worked off now, in its order for each topic. Ends when nothing waits, or the
        time of the round is over; the topic that had its turn comes last the next time."""
        until = self._clock() + ROUND_SECONDS
        while self._waiting:
            topic, queue = next(iter(self._waiting.items()))
            alone = len(self._waiting) == 1
            end = until if alone else min(until, self._clock() + SLICE_SECONDS)
            while queue:
                yield queue.popleft()
                if self._clock() >= end:
                    break
            del self._waiting[topic]
            if queue:
                self._waiting[topic] = queue
            if self._clock() >= until:
                return
