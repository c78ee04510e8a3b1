"""Watermarks: how far each source has been read, as ticks tell it to the correlators.

A tick holds two kinds of entries, both joined by max wherever ticks meet: per raw partition
(``topic/partition``) the time up to which it has been worked off (while it has a backlog, the newest event
time in it; once it has been read to its end, now), and per source (``cloudtrail``) the newest event time
anywhere. A source has been seen up to its newest event, or up to its slowest partition where that lags
behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

Partition = tuple[str, int]
"""Topic and number."""


class Watermarks:
    """What one normaliser knows. Times in µs; nothing that it tells ever goes back."""

    def __init__(self) -> None:
        self._sources: dict[str, int] = {}
        self._partitions: dict[Partition, int] = {}
        self._at_end: set[Partition] = set()

    def reached_end(self, partition: Partition) -> None:
        self._at_end.add(partition)

    def has_more(self, partitions: Iterable[Partition]) -> None:
        self._at_end.difference_update(partitions)

    def worked_off(self, newest: Mapping[tuple[str, str, int], int]) -> None:
        """Event times by source, topic and partition, whose facts the broker has."""
        for (source, topic, number), time in newest.items():
            self._sources[source] = max(time, self._sources.get(source, 0))
            self._raise((topic, number), time)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """These belong to another normaliser now."""
        for partition in partitions:
            self._partitions.pop(partition, None)
            self._at_end.discard(partition)

    def tell(self, now: int, busy: Iterable[Partition] = ()) -> dict[str, int]:
        """The entries of a tick. ``busy``: partitions of which records are read but not yet worked off."""
        for partition in self._at_end.difference(busy):
            self._raise(partition, now)
        told = {f"{topic}/{number}": time for (topic, number), time in self._partitions.items()}
        return told | self._sources

    def _raise(self, partition: Partition, time: int) -> None:
        self._partitions[partition] = max(time, self._partitions.get(partition, 0))


def seen(watermarks: Mapping[str, int], source_of: Callable[[str], str]) -> dict[str, int]:
    """Per source how far it has been seen, from the joined entries of all ticks. ``source_of`` a topic's
    name."""
    slowest: dict[str, int] = {}
    for entry, time in watermarks.items():
        topic, slash, _ = entry.rpartition("/")
        if slash:
            source = source_of(topic)
            slowest[source] = min(time, slowest.get(source, time))
    return {
        source: min(time, slowest.get(source, time))
        for source, time in watermarks.items()
        if "/" not in source
    }
