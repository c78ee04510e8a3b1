"""Pulse: whether this process ran without a break. After a long stop its partitions may belong to another
worker.

A process that was stopped (SIGSTOP, a frozen container, a suspended machine) does not notice the stop
when it goes on. Without the pulse it would write old dossiers over those that the other worker has
written since.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

BEAT_SECONDS = 0.5


class Pulse:
    """Beats in a thread of its own, which long computations do not delay. Once ``lost`` is true it stays
    true."""

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``limit`` in seconds: the session after which the broker gives partitions to others."""
        self._limit = limit
        self._clock = clock
        self._last = clock()
        self._lost = False

    @property
    def lost(self) -> bool:
        """Whether a beat was missed for longer than the session: then nothing may be written any more."""
        self._lost = self._lost or self._clock() - self._last > self._limit
        return self._lost

    def beat(self) -> None:
        """Notes that the process runs. If the process was stopped before, this is noted first."""
        if not self.lost:
            self._last = self._clock()

    def start(self) -> None:
        """Beats from now on, until the process ends."""

        def beat() -> None:
            while True:
                self.beat()
                time.sleep(BEAT_SECONDS)

        self._last = self._clock()
        threading.Thread(target=beat, name="pulse", daemon=True).start()
