"""Watermarks: how far each raw partition has been read; the ticks of a normaliser tell this to the
correlators.

An entry of a tick (``topic/partition``) is the time up to which the partition has been read. During a
backlog this is the newest event time read; at the end of the partition it is now. What the sources
themselves have shown travels as facts (``correlators.driver.watch``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Partition = tuple[str, int]
"""Topic and number."""


class Watermarks:
    """The watermarks of one normaliser. Times in µs; no entry ever goes back."""

    def __init__(self) -> None:
        self._partitions: dict[Partition, int] = {}
        self._at_end: set[Partition] = set()

    def reached_end(self, partition: Partition) -> None:
        """Notes that this partition has been read to its end."""
        self._at_end.add(partition)

    def has_more(self, partitions: Iterable[Partition]) -> None:
        """Notes that records wait in these partitions, so silence is not the silence of the source."""
        self._at_end.difference_update(partitions)

    def worked_off(self, newest: Mapping[tuple[str, str, int], int]) -> None:
        """Takes the newest event times (µs, by source, topic and partition) of facts that the broker has
        confirmed."""
        for (_, topic, number), time in newest.items():
            self._raise((topic, number), time)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Forgets partitions that belong to another normaliser now."""
        for partition in partitions:
            self._partitions.pop(partition, None)
            self._at_end.discard(partition)

    def tell(self, now: int, busy: Iterable[Partition] = ()) -> dict[str, int]:
        """Returns the entries of a tick. ``busy``: partitions with records that were read but are not yet
        worked off."""
        for partition in self._at_end.difference(busy):
            self._raise(partition, now)
        return {f"{topic}/{number}": time for (topic, number), time in self._partitions.items()}

    def _raise(self, partition: Partition, time: int) -> None:
        self._partitions[partition] = max(time, self._partitions.get(partition, 0))
