"""Removals: periods in which what an access rests on (a grant, a role) was gone."""

from __future__ import annotations

from collections.abc import Iterable

from correlators.kernel.views.ends import Off, past_grace, surely_after
from correlators.kernel.views.thresholds import Thresholds
from correlators.kernel.views.view import View
from schemas import frozen
from schemas.dossier import Grant, Opened, Turn
from schemas.evidence import Evidence, iso
from schemas.providers import reaches_all_of

REMOVED = "removed"


def removals(turns: Iterable[Turn], redeployed: int, kind: str = REMOVED) -> list[Off]:
    """Returns the periods from a removal to when it was given again, in order; each thing that a record named
    is a switch of its own. One that its remover gave again within ``redeployed`` (µs) is a deployment and no
    removal."""
    switches: dict[str, list[Turn]] = {}
    for turn in sorted(turns):
        if turn.kind == kind:
            switches.setdefault(turn.about, []).append(turn)
    return sorted(
        off for switch in switches.values() for off in _periods(switch) if not _deployed(off, redeployed)
    )


def _periods(switch: list[Turn]) -> Iterable[Off]:
    began: Turn | None = None
    for turn in switch:
        if turn.alive and began:
            yield Off(began.time, turn.time, began, (turn,))
        began = None if turn.alive else began or turn
    if began:
        yield Off(began.time, 0, began)


def _deployed(off: Off, redeployed: int) -> bool:
    if not off.undone or off.end - off.start > redeployed:
        return False
    end, again = off.turn.evidence, off.undone[0].evidence
    return (end.origin, end.actor) == (again.origin, again.actor)


def given(grant: Grant) -> Turn | None:
    """Returns when the grant was last given, as far as records tell (µs)."""
    return max((t for t in grant.turns if t.alive), default=None)


def held_since(grant: Grant) -> Turn | None:
    """Returns since when the grant is held without a break (µs). Who writes a grant anew each day gives
    nothing new."""
    gone = max((t.time for t in grant.turns if not t.alive), default=0)
    return min((t for t in grant.turns if t.alive and t.time >= gone), default=given(grant))


def stands_in(view: View, removed: str, off: Off, other: str) -> bool:
    """Says whether another grant took the place of the removed one: its remover gave it at about that
    time, and it reaches no further."""
    turn = given(view.dossier.grants[other])
    if turn is None or not reaches_all_of(removed, other):
        return False
    end, made = off.turn.evidence, turn.evidence
    near = abs(turn.time - off.start) <= view.thresholds.redeployed
    return near and (end.origin, end.actor) == (made.origin, made.actor)


def standing_past(view: View, grant: str, off: Off) -> list[Opened]:
    """Returns the sessions that a grant allowed before its removal and that were still open after it.
    ``grant`` "": sessions of which no record says what allowed them."""
    return [
        session
        for _, session in sorted(view.dossier.sessions.items())
        if session.allowed_by == grant
        and session.began.time <= off.start
        and (not session.ended or _past(off, session, view.thresholds))
    ]


def standing_open(view: View, off: Off, credential: str) -> list[Opened]:
    """Returns the sessions that were begun with a credential before its end and that ended after it."""
    return [
        session
        for _, session in sorted(view.dossier.sessions.items())
        if session.began.credential == credential and session.began.time <= off.start < session.ended
    ]


def left_open(view: View, time: int) -> str:
    """Returns in words which session from before this time (µs) ended after it, or is not known to have
    ended; "" for none."""
    before = sorted(s.began for s in view.dossier.sessions.values() if s.began.time <= time and not s.ended)
    if before:
        return f"a session of {iso(before[0].time)} is not known to have ended"
    late = [s for s in view.dossier.sessions.values() if s.began.time <= time < s.ended]
    if not late:
        return ""
    last = max(late, key=lambda s: s.ended)
    return f"a session of {iso(last.began.time)} stood open until {iso(last.ended)}"


def _past(off: Off, session: Opened, granted: Thresholds) -> bool:
    return past_grace(off._replace(end=0), closed(session), granted)


def closed(session: Opened) -> Evidence:
    """Returns the session as a use at its own end; where no end is on record, as a use at its beginning."""
    began = session.began
    if not session.ended:
        return began
    return frozen.changed(began, time=session.ended)


def late(off: Off, uses: Iterable[Evidence], granted: Thresholds) -> tuple[Evidence, ...]:
    """Returns the uses that are later than the removal and than the time that the provider is granted."""
    return tuple(e for e in uses if past_grace(off, e, granted))


def since(off: Off, uses: Iterable[Evidence], granted: Thresholds) -> tuple[Evidence, ...]:
    """Returns the uses that are surely later than the removal."""
    return tuple(e for e in uses if surely_after(off, e, granted))
