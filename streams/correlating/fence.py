"""Fence: a worker may write to the changelog after its partition has gone to another worker. Such a dossier
is joined with the other worker's; it does not replace it.

Each stored dossier carries the epoch of its writer: the time at which the writer was given its
partitions. In the order of the changelog, a lower epoch after a higher one belongs to a latecomer, which
may know less. The joined dossier is loaded, judged and stored like any other, so the changelog repairs
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from correlators.kernel.caps import canonical
from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by

EPOCH = "epoch"
"""The header of a stored dossier that tells its writer's epoch, in ms since 1970 as text."""

Apply = Callable[[list[Any]], None]


class Fence:
    """Applies batches of the changelog to a table. ``apply`` replaces what the table holds. ``data``
    gives what the table holds; it is a function because Faust makes the store of a table only after the
    start of the app."""

    def __init__(
        self, apply: Apply, data: Callable[[], MutableMapping[bytes, bytes]], bytes_max: int
    ) -> None:
        self._apply = apply
        self._data = data
        self._bytes_max = bytes_max
        self._newest: dict[int, int] = {}
        self.applied = 0
        """Events of the changelog that were applied since the start."""

    def rewind(self) -> None:
        """Forgets what was seen of all partitions: they are read from their beginning again."""
        self._newest = {}

    def apply(self, batch: Iterable[Any]) -> None:
        """Applies events of the changelog to the table in their order, each a ``faust.Event`` of the
        changelog."""
        fresh: list[Any] = []
        for event in batch:
            self.applied += 1
            message = event.message
            epoch, newest = epoch_of(message.headers), self._newest.get(message.partition, 0)
            self._newest[message.partition] = max(epoch, newest)
            if epoch >= newest:
                fresh.append(event)
                continue
            self._apply(fresh)
            fresh = []
            if message.key not in self._data():
                self._apply([event])
            elif message.value is not None:
                self._mend(message.key, message.value)
        self._apply(fresh)

    def _mend(self, key: bytes, late: bytes) -> None:
        joined = join(known_by(self._data()[key]), known_by(late))
        self._data()[key] = canonical(joined, self._bytes_max)[1]


def epoch_of(headers: Mapping[str, bytes] | Iterable[tuple[str, bytes]] | None) -> int:
    """Returns the epoch of a stored dossier's writer; 0 if the dossier names none."""
    epoch = dict(headers or ()).get(EPOCH, b"0")
    return int(epoch) if epoch.isdigit() else 0
