"""A share: what one worker holds of one partition of the facts topic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from correlators.driver.watermarks import seen
from correlators.kernel.desk import Desk, Settled
from schemas.fact import Tick
from schemas.verdict import Clock

WARM_KEYS = 200
"""Stored dossiers that are taken up again per flush after a start: what fell due meanwhile is judged within
minutes, and fresh evidence does not wait behind them."""


class Event(Protocol):
    """A message of the facts topic that is acknowledged by hand."""

    def ack(self) -> object: ...


@dataclass
class Share:
    """One facts partition: its desk, its clock, its events that are not acknowledged yet.

    ``since``: the first watermark heard of each source. Dossiers remember it, so a worker that starts again
    does not begin to watch anew.
    """

    desk: Desk
    now: int = 0
    watermarks: dict[str, int] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    cold: list[str] = field(default_factory=list)

    def hear(self, tick: Tick) -> None:
        self.now = max(self.now, tick.now)
        for entry, at in tick.watermarks.items():
            if "/" not in entry:
                self.since.setdefault(entry, at)
            if at > self.watermarks.get(entry, 0):
                self.watermarks[entry] = at

    def settle(self, source_of: Callable[[str], str]) -> tuple[Settled, list[Event]]:
        """What the desk has to say now, and the events that may be acknowledged once it is said and stored.

        Without a tick there is no time to judge at, and nothing is settled; the first one is at most a
        second away.
        """
        if not self.now:
            return Settled([], [], {}, []), []
        for key in self.cold[-WARM_KEYS:]:
            self.desk.dossier(key)
        del self.cold[-WARM_KEYS:]
        events, self.events = self.events, []
        return self.desk.settle(Clock(self.now, seen(self.watermarks, source_of))), events
