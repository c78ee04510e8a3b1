"""Coming: what a record claims of a time that has not come yet.

A clock that runs ahead, or somebody who writes a late date, must not decide anything before its time: facts
of such a record wait in ``Dossier.coming`` until then, a day at most; what claims more is a reject.
"""

from __future__ import annotations

from datetime import timedelta

from schemas.dossier import Dossier
from schemas.evidence import micros

AHEAD_AGE = micros(timedelta(days=1))
"""The furthest ahead that is waited for: a host in a wrong zone is off by 14 hours at most, a wrong day by
24; what is further is a wrong unit, a wrong year, or a lie."""

AHEAD_MARK = "ahead of its time"

STEPS = (
    (micros(timedelta(minutes=5)), micros(timedelta(seconds=10))),
    (micros(timedelta(hours=1)), micros(timedelta(minutes=1))),
    (AHEAD_AGE, micros(timedelta(minutes=15))),
)
"""Up to which lead, by which step times are rounded up: facts that wait are joined per step, so that a clock
ahead makes a hundred and fifty entries of a dossier and no more, and nothing waits much longer than it
claims."""


def comes_at(time: int, now: int) -> int:
    """Returns until when (µs) facts wait that claim ``time`` and came at ``now``."""
    step = next((step for lead, step in STEPS if time - now <= lead), STEPS[-1][1])
    return -(-time // step) * step


def waiting(fact: Dossier, until: int) -> Dossier:
    """Returns the fact as it waits for its time."""
    return Dossier(coming={until: fact}, marks=(AHEAD_MARK,))
