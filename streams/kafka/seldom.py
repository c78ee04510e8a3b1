"""Seldom: what a Kafka client repeats at each attempt to connect is logged twice a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

AGAIN_SECONDS = 30.0
KNOWN_MAX = 1_000
"""Different messages that are remembered; all are forgotten there."""


class Seldom(logging.Filter):
    """Lets the same message through twice a minute: without a broker a client says it up to 30 times a
    second. ``same``: what two records have in common that say the same."""

    def __init__(self, same: Callable[[logging.LogRecord], str]) -> None:
        super().__init__()
        self._same = same
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Says whether a record is logged."""
        now, said = time.monotonic(), self._same(record)
        if now - self._last.get(said, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return False
        if len(self._last) >= KNOWN_MAX:
            self._last.clear()
        self._last[said] = now
        return True


def of_librdkafka(record: logging.LogRecord) -> str:
    """Returns the message without how long it took: `… failed: Connection refused (after 3ms in state
    CONNECT, 30 identical error(s) suppressed)`."""
    return record.getMessage().partition("(after ")[0]
