"""Watermarks: how far each raw partition has been read, as a normaliser's ticks tell it to the correlators.

An entry of a tick (``topic/partition``) is the time up to which that partition has been worked off: while it
has a backlog, the newest event time in it; once it has been read to its end, now. What the sources themselves
have shown travels as facts, with the facts that it is about (``correlators.driver.watch``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Partition = tuple[str, int]
"""Topic and number."""


class Watermarks:
    """What one normaliser knows. Times in µs; nothing that it tells ever goes back."""

    def __init__(self) -> None:
        self._partitions: dict[Partition, int] = {}
        self._at_end: set[Partition] = set()

    def reached_end(self, partition: Partition) -> None:
        """Notes that everything that this partition holds by now has been read."""
        self._at_end.add(partition)

    def has_more(self, partitions: Iterable[Partition]) -> None:
        """Notes that records are waiting in these partitions: their silence is no longer the source's."""
        self._at_end.difference_update(partitions)

    def worked_off(self, newest: Mapping[tuple[str, str, int], int]) -> None:
        """Takes the newest event times (µs, by source, topic and partition) whose facts the broker has."""
        for (_, topic, number), time in newest.items():
            self._raise((topic, number), time)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Forgets partitions that another normaliser has now."""
        for partition in partitions:
            self._partitions.pop(partition, None)
            self._at_end.discard(partition)

    def tell(self, now: int, busy: Iterable[Partition] = ()) -> dict[str, int]:
        """Returns the entries of a tick. ``busy``: partitions of which records are read but not yet worked
        off."""
        for partition in self._at_end.difference(busy):
            self._raise(partition, now)
        return {f"{topic}/{number}": time for (topic, number), time in self._partitions.items()}

    def _raise(self, partition: Partition, time: int) -> None:
        self._partitions[partition] = max(time, self._partitions.get(partition, 0))
