"""Sequence: the offsets of each partition of facts as the agent sees them, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

AGAIN_SECONDS = 3.0
"""A partition that has more, of which nothing comes for so long, is read again: what was handed over while
partitions moved did not arrive."""
STALLED_SECONDS = 30.0
"""What was read again for as long as this in vain is left to a new process. So is a recovery in which no
dossier comes: when rebalances follow each other closely, Faust may wait for one that it has dropped."""


class StalledError(Exception):
    """Messages of the facts topic, or dossiers of the changelog, do not reach the worker."""


class Sequence:
    """The next offset of every partition. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}
        self._moved: dict[int, tuple[int, float]] = {}
        self._asked: dict[int, float] = {}
        self._recovery: tuple[int, float] | None = None

    def sought(self, partition: int, offset: int) -> None:
        """Takes note that the client reads this partition from here on."""
        self._next[partition] = offset
        self._moved.pop(partition, None)

    def forget(self) -> None:
        """Forgets all places: the partitions may belong to another worker now."""
        self._next, self._moved = {}, {}

    def takes(self, partition: int, offset: int) -> bool:
        """Says whether this message has the next offset: it was not taken before, and none is missing
        before it."""
        if offset != self._next.get(partition):
            return False
        self._next[partition] = offset + 1
        return True

    def stalled(self, ends: Mapping[int, int], now: float) -> list[tuple[int, int]]:
        """Returns the partitions to be read again, and from which offset. ``ends`` are the ends of the
        partitions on the broker. Raises StalledError if reading again did not help."""
        self._recovery = None
        again = []
        for partition, due in self._next.items():
            before, since = self._moved.get(partition, (-1, now))
            if due != before or ends.get(partition, 0) <= due:
                self._moved[partition] = due, now
                self._asked.pop(partition, None)
            elif now - since > STALLED_SECONDS:
                raise StalledError(f"partition {partition}: {due} does not come")
            elif now - self._asked.get(partition, since) > AGAIN_SECONDS:
                self._asked[partition] = now
                again.append((partition, due))
        return again

    def recovering(self, restored: int, now: float) -> None:
        """Takes note of the number of dossiers read from the changelog so far. Facts come after the last
        dossier, however long that takes. Raises StalledError if no further dossier comes."""
        self._moved, self._asked = {}, {}
        if self._recovery is None or self._recovery[0] != restored:
            self._recovery = restored, now
        elif now - self._recovery[1] > STALLED_SECONDS:
            raise StalledError(f"no dossier comes from the changelog after {restored}")

    def busy(self, seconds: float) -> None:
        """Takes note that the agent had no time for messages, so nothing stalled meanwhile."""
        self._moved = {partition: (due, since + seconds) for partition, (due, since) in self._moved.items()}

    def __getitem__(self, partition: int) -> int:
        return self._next[partition]

    def __iter__(self) -> Iterator[int]:
        return iter(self._next)
