"""Ends: from the turns of a switch to off-intervals, with the time the provider is granted to make them
true.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from correlators.kernel.views.thresholds import Thresholds
from schemas.authority import INVENTORY
from schemas.dossier import Dossier, Turn
from schemas.evidence import Evidence, iso
from schemas.fact import MADE
from schemas.providers import ending, never_acts, page_of

NOT_A_DEATH = frozenset({"removed", "rotated"})
"""Kinds of turns that end something else (the basis of an access), not the credential."""


ANOTHER = frozenset({"remade", "group"})
"""Kinds of turns by which something new has the name of what ended: an account, a mount, a Secret made
anew."""


class Off(NamedTuple):
    """A period in which the thing is off: ``[start, end)`` in µs (end 0: open), the turn that began it, and
    the one that ended it (none while it is open).
    """

    start: int
    end: int
    turn: Turn
    undone: tuple[Turn, ...] = ()

    def holds(self, time: int) -> bool:
        """Says whether a time in µs lies strictly inside the period; an open period has no end."""
        return self.start < time and (not self.end or time < self.end)


def off_intervals(turns: Iterable[Turn]) -> list[Off]:
    """Returns the periods between an end and what restored it, in order of start. Each thing that a record
    named is a switch of its own: making a deleted user again does not bring back a key that was deleted
    before."""
    switches: dict[str, list[Turn]] = {}
    seen: set[tuple[tuple[str, str], bool, str]] = set()
    for turn in sorted(turns):
        # One event told twice (by two audit devices, under two names of one credential) is one turn.
        event = (turn.evidence.event, turn.alive, turn.how)
        if event not in seen:
            seen.add(event)
            switches.setdefault(turn.about, []).append(turn)
    return sorted(off for switch in switches.values() for off in _periods(switch))


def _periods(switch: list[Turn]) -> list[Off]:
    periods: list[Off] = []
    began: Turn | None = None
    for turn in switch:
        if turn.alive:
            if began:
                periods.append(Off(began.time, turn.time, began, (turn,)))
            began = None
        elif turn.kind not in NOT_A_DEATH:
            began = began or turn
    if began:
        periods.append(Off(began.time, 0, began))
    return periods


class Own(NamedTuple):
    """Whose word is the word of what ended: ``keys``, under which it is known, and ``made``, the credentials
    that it made. A credential that it made for the administrator who then ends it is in its hands."""

    keys: frozenset[str]
    made: frozenset[str]

    def spoke(self, off: Off) -> bool:
        """Says whether the thing that ended undid its own end."""
        said = off.undone[0].evidence
        return said.actor in self.keys or said.credential in self.keys or self.spoke_by_what_it_made(off)

    def spoke_by_what_it_made(self, off: Off) -> bool:
        """Says whether the end was undone with a credential that the ended thing had made and that did not
        end with it."""
        said = off.undone[0].evidence
        return said.credential in self.made and said.credential != off.turn.evidence.credential


def own_of(dossier: Dossier, *keys: str) -> Own:
    """Returns the principals whose word is the dossier's own, for these ``keys`` of it."""
    made = {way.removeprefix(MADE) for c in dossier.credentials.values() for way in c.did if way[0] == MADE}
    return Own(frozenset(keys), frozenset(made))


def taken_back(off: Off, own: Own) -> bool:
    """Says whether who said that it ended has taken that back: the same principal of the same source, or a
    declaration. Nobody takes back his own end, nor what another said of him; and what only has the old name
    now took back nothing."""
    if not off.undone or off.undone[0].kind in ANOTHER:
        return False
    end, undoing = off.turn.evidence, off.undone[0].evidence
    if undoing.source == INVENTORY:
        return True
    if own.spoke(off):
        return False
    return (end.origin, end.actor) == (undoing.origin, undoing.actor)


def undone_by(off: Off) -> str:
    """Returns who ended the period, and when, in words; "" while it is open."""
    if not off.undone:
        return ""
    undoing = off.undone[0]
    who = undoing.evidence.actor or undoing.evidence.source
    return f"{undoing.how} by {who} at {iso(undoing.time)}"


def standing(periods: list[Off]) -> Off:
    """Returns the period that matters now: the one that is still open, or else the last one."""
    return next((off for off in periods if not off.end), periods[-1])


def grace_of(turn: Turn, granted: Thresholds) -> int:
    """Returns how long after this end a success is the provider's propagation, in µs. None is granted where
    the provider claims no cut (declared ends, residuals)."""
    if not turn.claims_cut:
        return 0
    page = ending(turn.about, turn.evidence.source)
    if page is None:
        return 0
    grace = page.graces.get(turn.kind, page.grace)
    length = granted.provided[grace.setting] if grace else 0
    beside = never_acts(turn.about) if turn.about else None
    return length + granted.provided[beside.setting] if beside else length


def leeway_of(credential: str, granted: Thresholds) -> int:
    """Returns how long after its expiry a credential may still be accepted by design, in µs."""
    page = page_of(credential)
    return granted.provided[page.leeway.setting] if page is not None and page.leeway else granted.skew


def skew_of(turn: Turn, use: Evidence, granted: Thresholds) -> int:
    """Returns the doubt about which of two events came first (µs): none where one producer wrote both."""
    return 0 if use.origin == turn.evidence.origin else granted.skew


def surely_after(off: Off, use: Evidence, granted: Thresholds) -> bool:
    """Says whether a use lies inside the period by more than two producers' clocks may differ; the kill
    itself is no use after it."""
    itself = use.event == off.turn.evidence.event
    return not itself and off.holds(use.time) and use.time > off.start + skew_of(off.turn, use, granted)


def past_grace(off: Off, use: Evidence, granted: Thresholds) -> bool:
    """Says whether a use lies inside the period and beyond what propagation excuses."""
    doubt = grace_of(off.turn, granted) + skew_of(off.turn, use, granted)
    return surely_after(off, use, granted) and use.time > off.start + doubt
