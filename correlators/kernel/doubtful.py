"""Doubtful: which dossiers must be judged again when a source has been read further, or is watched anew."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from schemas.verdict import Clock, Doubts


class Doubtful:
    """Keys of dossiers, by what an answer of the clock that they were judged by may change with."""

    def __init__(self) -> None:
        self._until: dict[str, dict[str, int]] = {}
        self._order: dict[str, list[tuple[int, str]]] = {}
        self._watched: dict[str, set[str]] = {}
        self._since: dict[str, int] = {}

    def note(self, key: str, doubts: Doubts) -> None:
        """Remembers which answers of the clock this dossier waits for."""
        for source, time in doubts.until.items():
            waiting = self._until.setdefault(source, {})
            if waiting.get(key) != time:
                waiting[key] = time
                heapq.heappush(self._order.setdefault(source, []), (time, key))
        for source in doubts.watched:
            self._watched.setdefault(source, set()).add(key)

    def settled_by(self, clock: Clock) -> Iterator[str]:
        """Yields the keys of dossiers that waited for what this clock says, and forgets them."""
        for source in [s for s in self._until if clock.hears(s)]:
            yield from self._reached(source, clock.seen.get(source, 0))
        for source in [s for s in self._watched if clock.since.get(s) != self._since.get(s)]:
            yield from self._watched.pop(source)
        self._since = clock.since

    def _reached(self, source: str, seen: int) -> Iterator[str]:
        waiting, order = self._until[source], self._order[source]
        while order and order[0][0] <= seen:
            time, key = heapq.heappop(order)
            if waiting.get(key) == time:
                del waiting[key]
                yield key
        if not waiting:
            del self._until[source], self._order[source]
