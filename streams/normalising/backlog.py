"""Backlog: where correlate has fallen far behind, nothing more is read of the raw topics, where what waits
takes the least room.

Nobody waits for anybody in a circle: the time goes on being told while raw topics wait, so correlate works
its backlog off; what it sends to itself is its own; and where nobody can say how far it is, nothing waits.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from streams.site.errors import NotRunning

LOOK_SECONDS = 5.0
"""Between two looks at how far correlate is: a few messages to the broker each."""
GOES_ON_SHARE = 0.5
"""Of the limit, at which reading goes on."""
FAILURES_MAX = 3
"""Looks in a row that failed, after which nothing waits any more."""
CATCH_UP_SECONDS = 5.0
"""After a wait, in which no partition is said to be read to its end: what waited has yet to be fetched."""

log = logging.getLogger("gapwatch.normalise")


class Backlog:
    """Whether to wait. ``behind`` gives the messages that correlate has yet to read, or raises NotRunning."""

    def __init__(
        self, behind: Callable[[], int], limit: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._behind = behind
        self._limit = limit
        self._clock = clock
        self._failures = 0
        self._ended = -CATCH_UP_SECONDS
        self.waits = False

    @property
    def hides_ends(self) -> bool:
        """Whether a partition that was read to its end may hold more by now, which is not fetched."""
        return self.waits or self._clock() - self._ended < CATCH_UP_SECONDS

    def look(self) -> None:
        """Asks how far correlate is, and decides."""
        try:
            behind = self._behind()
        except NotRunning as error:
            self._failures += 1
            if self._failures == FAILURES_MAX and self.waits:
                log.warning("reads on, since nobody says how far correlate is: %s", error)
                self._end()
            return
        self._failures = 0
        if not self.waits and behind > self._limit:
            self.waits = True
            log.error("reads nothing more until correlate, which is %d messages behind, catches up", behind)
        elif self.waits and behind <= self._limit * GOES_ON_SHARE:
            log.info("reads on: correlate is %d messages behind", behind)
            self._end()

    def _end(self) -> None:
        self.waits, self._ended = False, self._clock()

    def watch(self, stopping: threading.Event) -> None:
        """Looks now and then, in a thread of its own, until ``stopping``."""

        def look() -> None:
            while not stopping.wait(LOOK_SECONDS):
                self.look()

        threading.Thread(target=look, name="backlog", daemon=True).start()
