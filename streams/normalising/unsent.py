"""Unsent: what was read and is not sent yet, because more of it makes fewer facts.

All uses of one credential in a batch become one fact, and a fact costs normalise some 40 µs and correlate a
joining, whether it holds one use or twenty. So while the raw topics hold a backlog, a batch is gathered
over several rounds; where nothing waits behind a record, what it gave is sent at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from correlators.driver.watermarks import Partition

BATCH_RECORDS = 40_000
BATCH_BYTES = 64 * 2**20
"""Of raw records, whichever comes first: what they gave stays in memory until it is sent."""
BATCH_SECONDS = 2.0
"""From the first record of a batch on: the most that gathering may cost one of a quiet topic, which has no
backlog of its own, in time."""
BEHIND_RECORDS = 2_000
"""Records at the broker, from which on there is a backlog: fewer are read in one round."""


class Unsent:
    """The records of a batch: ``offsets`` has, per partition that some are of, the one behind the last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.offsets: dict[Partition, int] = {}
        self._records = self._bytes = 0
        self._clock = clock
        self._began = 0.0

    def __bool__(self) -> bool:
        return bool(self.offsets)

    def add(self, records: int, size: int) -> None:
        """Counts what was read in a round, in records and bytes."""
        if not self._records:
            self._began = self._clock()
        self._records += records
        self._bytes += size

    def enough(self, unread: Callable[[], int]) -> bool:
        """Says whether the batch is to be sent. ``unread``: how many records there still are at the
        broker."""
        return (
            self._records >= BATCH_RECORDS
            or self._bytes >= BATCH_BYTES
            or self._clock() - self._began >= BATCH_SECONDS
            or unread() < BEHIND_RECORDS
        )
