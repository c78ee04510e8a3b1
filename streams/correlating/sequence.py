"""Sequence: the offsets of each partition of facts as the agent sees them, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

SKIPPED_SECONDS = 10.0
"""What was fetched before the client was sent back comes early, and again in its turn a moment later. What is
missing for longer than this was lost on the way, and a new process reads it."""


class SkippedError(Exception):
    """Messages of the facts topic did not reach the agent."""


class Sequence:
    """The next offset of every partition. Times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}
        self._since: dict[int, float] = {}

    def sought(self, partition: int, offset: int) -> None:
        """The client reads this partition from here on."""
        self._next[partition] = offset
        self._since.pop(partition, None)

    def forget(self) -> None:
        """The partitions may belong to another worker now."""
        self._next, self._since = {}, {}

    def takes(self, partition: int, offset: int, now: float) -> bool:
        """Whether it is this message's turn: not before and not again. Raises SkippedError where what is
        before it stays away."""
        due = self._next.get(partition, -1)
        if offset < due:
            return False
        if offset == due:
            self._next[partition] = offset + 1
            self._since.pop(partition, None)
            return True
        if now - self._since.setdefault(partition, now) > SKIPPED_SECONDS:
            raise SkippedError(f"partition {partition}: {offset} came where {due} is due")
        return False

    def __getitem__(self, partition: int) -> int:
        return self._next[partition]

    def __iter__(self) -> Iterator[int]:
        return iter(self._next)
