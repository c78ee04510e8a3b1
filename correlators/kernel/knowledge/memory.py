"""Memory: what a dossier forgets because its life is over, and what it keeps only the newest of.

A credential is remembered for its own longest life. One whose stated expiry is long past can be neither used
nor refused in a way that says anything new, so its record goes, and what was said of it stays as it was said.
Age is counted from the expiry and from the arrival of its last record, whichever is later: a log of last year
that is read today is whole while it is read.
"""

from __future__ import annotations

from datetime import timedelta

from schemas import frozen
from schemas.dossier import Credential, Dossier
from schemas.evidence import Evidence, micros
from schemas.verdict import Clock

FORGET_BEYOND = 100_000
"""Bytes of a dossier below which nothing is forgotten: small is no burden, and more is shown to whoever
asks.
"""

AFTER_LIFE = micros(timedelta(hours=36))
"""The longest AWS session, and far beyond any lateness of a log: a child that was issued at the last moment
has ended too."""

CHILDREN_MARK = "children truncated"
"""Of a credential from which more were issued than are kept (``correlators.kernel.routes.siblings``)."""


def forgotten(dossier: Dossier, size: int, clock: Clock) -> Dossier:
    """Returns the dossier without credentials whose life is over. Returns the argument where none is, or
    where it is small (bytes)."""
    if size <= FORGET_BEYOND:
        return dossier
    over = {name for name, credential in dossier.credentials.items() if name and _over(credential, clock.now)}
    if not over:
        return dossier
    return frozen.changed(
        dossier,
        credentials={name: c for name, c in dossier.credentials.items() if name not in over},
        reported={uid: said for uid, said in dossier.reported.items() if said.subject not in over},
    )


def _over(credential: Credential, now: int) -> bool:
    expires = credential.expiry[1]
    last = max((_arrived(e) for e in _records(credential)), default=now)
    return bool(expires) and max(expires, last) + AFTER_LIFE < now


def _records(credential: Credential) -> list[Evidence]:
    few = [e for e in (credential.issued, credential.known) if e]
    few += [t.evidence for t in credential.turns]
    return few + [s.kept[-1] for s in credential.uses.values() if s.kept]


def _arrived(evidence: Evidence) -> int:
    """When it came; a replay has no arrivals and forgets nothing."""
    return evidence.arrived or 1 << 62
