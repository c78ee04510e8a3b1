"""Ends: from the turns of a switch to off-intervals, with the time the provider is granted to make them
true.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from schemas.dossier import Turn
from schemas.evidence import Evidence, micros

SKEW = micros(timedelta(seconds=2))
"""Clocks of two log producers may differ by this much; one server's clock orders its own lines."""

GRACE = {
    "cloudtrail": micros(timedelta(seconds=10)),
    "vault": micros(timedelta(seconds=5)),
    "kubernetes": micros(timedelta(seconds=15)),
    "gcp": micros(timedelta(minutes=10)),
    "azure": micros(timedelta(minutes=15)),
}
"""Propagation of a kill that the provider claims cuts the credential, per source of the kill, as documented
or recorded: AWS keys are eventually consistent within seconds; the Kubernetes API server caches accepted
tokens for 10 s; Google and Entra document minutes. Anything else (declared ends, residuals, failed kills):
none."""

TOKENS_GRACE = {
    "DeleteServiceAccountKey": micros(timedelta(hours=1)),
    "DisableServiceAccountKey": micros(timedelta(hours=1)),
}
"""Ends of what never acts itself, by how: a Google key is only ever seen in calls of the access tokens it was
exchanged for, under its own name, and they live an hour. Beyond it, somebody had a token with a dead key."""

CUT_GRACE = micros(timedelta(minutes=5))
"""AWS policies (session revocation) take effect within minutes, as its documentation of IAM consistency
warns.
"""

EXPIRY_LEEWAY = {"kubernetes": micros(timedelta(seconds=60))}
"""Kubernetes accepts an expired token for 60 s more (recorded on a real API server); others: the skew.
"""

RETRY_WINDOW = micros(timedelta(minutes=15))
RETRY_BUCKET = micros(timedelta(minutes=5))
RETRY_BUCKETS = 3
"""Tries beyond 15 min, in at least three 5-minute buckets: usual client back-off ends at 5 min, so this is no
retry."""

NOT_A_DEATH = frozenset({"removed", "rotated"})
"""Kinds of turns that end something else (the basis of an access), not the credential."""


class Off(NamedTuple):
    """A spell in which the thing is off: ``[start, end)`` in µs (end 0: open), and the turn that began
    it.
    """

    start: int
    end: int
    turn: Turn

    def holds(self, time: int) -> bool:
        return self.start < time and (not self.end or time < self.end)


def off_intervals(turns: Iterable[Turn]) -> list[Off]:
    """The spells between an end and what restored it, in order of start. Each thing that a record named is a
    switch of its own: making a deleted user again does not bring back a key that was deleted before."""
    switches: dict[str, list[Turn]] = {}
    told: set[tuple[str, bool, str]] = set()
    for turn in sorted(turns):
        # One event told twice (by two audit devices, under two names of one credential) is one turn.
        event = (turn.evidence.uid, turn.alive, turn.how)
        if event not in told:
            told.add(event)
            switches.setdefault(turn.about, []).append(turn)
    return sorted(off for switch in switches.values() for off in _spells(switch))


def _spells(switch: list[Turn]) -> list[Off]:
    spells: list[Off] = []
    began: Turn | None = None
    for turn in switch:
        if turn.alive:
            if began:
                spells.append(Off(began.time, turn.time, began))
            began = None
        elif turn.kind not in NOT_A_DEATH:
            began = began or turn
    if began:
        spells.append(Off(began.time, 0, began))
    return spells


def standing(spells: list[Off]) -> Off:
    """Of some spells the one that matters now: one that is still open, else the last."""
    return next((off for off in spells if not off.end), spells[-1])


def grace_of(turn: Turn) -> int:
    """How long after this end a success is the provider's propagation, in µs."""
    if not turn.claims_cut:
        return 0
    if turn.kind == "cut":
        return CUT_GRACE
    grace = GRACE.get(turn.evidence.source, 0)
    return grace + TOKENS_GRACE.get(turn.how, 0) if turn.evidence.source == "gcp" else grace


def skew_of(turn: Turn, use: Evidence) -> int:
    """The doubt about which came first: none where one producer wrote both."""
    return 0 if use.source == turn.evidence.source else SKEW


def past_grace(off: Off, use: Evidence) -> bool:
    """Inside the spell and beyond what propagation and skew excuse; the kill itself is no use after it."""
    if use.uid == off.turn.evidence.uid:
        return False
    return off.holds(use.time) and use.time > off.start + grace_of(off.turn) + skew_of(off.turn, use)


def within_grace(off: Off, use: Evidence) -> bool:
    """Inside the spell, surely after the end, yet inside the provider's propagation time."""
    return (
        use.uid != off.turn.evidence.uid
        and off.holds(use.time)
        and use.time > off.start + skew_of(off.turn, use)
        and not past_grace(off, use)
    )
