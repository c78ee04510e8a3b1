"""Wording and the small common parts of verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from correlators.kernel.views.ends import Off
from correlators.kernel.views.view import View, worst_of
from schemas.dossier import Credential
from schemas.evidence import Evidence
from schemas.verdict import Episode

__all__ = ["episodes_of", "named", "short", "times", "worst_of"]

_LONG_HMAC = re.compile(r"(hmac-sha256:[0-9a-f]{8})[0-9a-f]{56}")


def short(key: str) -> str:
    """Returns a key as a title shows it: of a long HMAC the beginning; the whole stands in the finding's
    fields."""
    return _LONG_HMAC.sub(r"\1…", key)


def named(view: View) -> str:
    """Returns how a title calls the identity: its key, with the declared name where there is one."""
    name = view.declaration.name if view.declaration else ""
    key = short(view.key)
    return f"{name} ({key})" if name and name not in key else key


def times(many: tuple[Evidence, ...], what: str, thinned: bool) -> str:
    """Returns a count in words: ``1 refused try``, ``3 refused tries``; ``at least 20 …`` where evidence was
    ``thinned``: how many are left depends on how they came, so only that much is said that is true however
    they came."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    if not thinned:
        return f"{len(many)} {what if len(many) == 1 else plural}"
    count = max((step for step in ROUND if step <= len(many)), default=0)
    return f"at least {count} {what if count == 1 else plural}"


ROUND = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
"""What a count of thinned evidence is rounded down to."""


def thinned(credentials: Iterable[Credential]) -> bool:
    """Says whether some uses of these credentials were let go, so that those on record are not all."""
    return any(s.truncated for credential in credentials for s in credential.uses.values())


def episodes_of(periods: list[Off], evidence: tuple[Evidence, ...]) -> tuple[Episode, ...]:
    """Returns the periods in which something happened."""
    return tuple(
        Episode(off.start, off.end, off.turn.how)
        for off in periods
        if any(off.holds(e.time) for e in evidence)
    )
