"""Grants: what becomes of one is told to every identity that holds it.

A removal names the grant alone, so the grant's dossier remembers who was given it and who was seen using it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from correlators.kernel.knowledge.sightings import thin
from schemas import frozen
from schemas.dossier import Dossier, Grant, Opened, Turn
from schemas.fact import group_of
from schemas.providers import is_group_of_holders

SESSIONS_MAX = 128
"""Sessions of one identity that are kept: so many that are not known to have ended, those begun last, and
beside them so many that ended last and half as many that stood open longest; before those that only listen
the others. A workload holds some twenty watches, renewed every few minutes, so this is the last half an hour
at least; and many short ones push out none that stands open."""

BEGUN_MAX = 512
"""Operations that are remembered with their beginning, the newest: one lasts minutes, rarely hours, and one
that is forgotten before it completes is taken for a use."""

BEGUN_MARK = "begun operations truncated"

SESSIONS_MARK = "sessions truncated"


def removals(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields each holder's share of what is known to have ended the grant."""
    name = group_of(key)
    grant = dossier.grants.get(name)
    if grant is None:
        return
    for identity in dossier.members:
        ends = tuple(
            _end_of_grant(turn) for turn in grant.turns if not turn.alive and not _keeps(turn, identity)
        )
        if ends:
            yield identity, Dossier(grants={name: Grant(turns=ends)})


def _keeps(turn: Turn, identity: str) -> bool:
    kept = turn.scope.split("\n") if turn.scope else []
    return identity in kept or any(map(is_group_of_holders, kept))


def _end_of_grant(turn: Turn) -> Turn:
    return Turn(turn.time, False, turn.how, turn.evidence, "removed", turn.claims_cut, about=turn.about)


def capped(dossier: Dossier) -> Dossier:
    """Returns the dossier with the uses by its grants thinned and its sessions within their cap."""
    grants = {
        key: frozen.changed(grant, uses={outcome: thin(s) for outcome, s in grant.uses.items()})
        for key, grant in dossier.grants.items()
        if any(thin(s) is not s for s in grant.uses.values())
    }
    if grants:
        dossier = frozen.changed(dossier, grants={**dossier.grants, **grants})
    if len(dossier.sessions) > SESSIONS_MAX:
        kept = _sessions(dossier.sessions)
        if len(kept) < len(dossier.sessions):
            marks = tuple(sorted({*dossier.marks, SESSIONS_MARK}))
            dossier = frozen.changed(dossier, sessions=kept, marks=marks)
    if len(dossier.begun) > BEGUN_MAX:
        newest = sorted(dossier.begun.items(), key=lambda one: (one[1], one[0]))[-BEGUN_MAX:]
        marks = tuple(sorted({*dossier.marks, BEGUN_MARK}))
        dossier = frozen.changed(dossier, begun=dict(newest), marks=marks)
    return dossier


def _sessions(sessions: dict[str, Opened]) -> dict[str, Opened]:
    open_now = [key for key, session in sessions.items() if not session.ended]
    closed = [key for key, session in sessions.items() if session.ended]

    def last(keys: list[str], many: int, rank: Callable[[Opened], int]) -> list[str]:
        return sorted(keys, key=lambda k: (not sessions[k].passive, rank(sessions[k]), k))[-many:]

    kept = {
        *last(open_now, SESSIONS_MAX, lambda session: session.began.time),
        *last(closed, SESSIONS_MAX, lambda session: session.ended),
        *last(closed, SESSIONS_MAX // 2, lambda session: session.ended - session.began.time),
    }
    return {key: sessions[key] for key in sorted(kept)}
