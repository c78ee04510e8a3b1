"""Waiting on conditions, never on time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LOOK_SECONDS = 0.02


def wait_for(
    condition: Callable[[], T], what: str, seconds: float = 60.0, seen: Callable[[], str] = str
) -> T:
    """The first true answer of `condition`; fails with `what`, and what was `seen`, where none comes
    in time."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < end, f"waited {seconds:g} s in vain for {what}\n{seen()}"
        time.sleep(LOOK_SECONDS)
