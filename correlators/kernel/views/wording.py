"""Wording and the small common parts of verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from correlators.kernel.views.ends import Off
from correlators.kernel.views.view import View, worst_of
from schemas.activity import EndKind
from schemas.dossier import Credential, Turn
from schemas.evidence import Evidence
from schemas.naming import held, sort_of, spoken
from schemas.providers import act_said, end_said
from schemas.verdict import Episode

__all__ = ["acted", "called", "ended", "episodes_of", "named", "short", "spoken", "times", "worst_of"]

_LONG_HMAC = re.compile(r"(hmac-sha256:[0-9a-f]{8})[0-9a-f]{56}")


def short(key: str) -> str:
    """Returns a key as a reason shows it: of a long HMAC the beginning; the whole stands in the finding's
    fields. A title shows names: ``named``, ``called``, ``spoken``."""
    return _LONG_HMAC.sub(r"\1…", key)


def named(view: View) -> str:
    """Returns how a title calls the identity: kind, name and installation."""
    return spoken(view.key, view.name_of(view.key))


def called(view: View, key: str) -> str:
    """Returns how a title that has named the identity calls a credential of it, or another thing."""
    if key == view.key:
        return "it"
    return held(key, view.name_of(key))


ENDS: dict[EndKind, str] = {
    "revoked": "{} was revoked",
    "deleted": "{} was deleted",
    "disabled": "{} was disabled",
    "cut": "its older sessions were revoked",
    "exhausted": "{} was used up",
    "group": "what it was issued under was removed",
    "removed": "it was taken away",
    "rotated": "{} was rotated",
    "remade": "{} was made anew",
    "silenced": "the log was stopped",
    "narrowed": "the log was narrowed",
}
"""Ends in words, where the provider's page has none of its own."""


def ended(turn: Turn, about: str = "") -> str:
    """Returns how a thing ended, as a sentence goes on after "after": ``it was deleted``. ``about``: the key
    of the thing, where something else may have ended (``its user was deleted``)."""
    if said := end_said(turn.evidence.source, turn.how):
        return said
    if turn.kind == "declared":
        return f"it was {turn.how}"
    if turn.kind == "exhausted":
        expired = turn.how.startswith(EXPIRY_OF)
        return "what it came from expired" if expired else "it expired" if turn.how == EXPIRY else turn.how
    if turn.kind == "removed":
        return f"{ENDS[turn.kind]} ({turn.how})"
    other = turn.about and about and turn.about != about
    sort = sort_of(turn.about) if other else ""
    return ENDS[turn.kind].format(f"its {sort}" if sort else "it")


EXPIRY = "expiry"
EXPIRY_OF = f"{EXPIRY} of "
"""How evidence calls an end that no record tells, and before a key the same of what a thing dies with."""


def acted(e: Evidence) -> str:
    """Returns what somebody did to identities, in words: ``created a new access key``."""
    return act_said(e.source, e.operation) or f"changed identities or access ({e.operation})"


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
