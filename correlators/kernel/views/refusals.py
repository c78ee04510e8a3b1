"""Refusals: which of them prove that a credential is dead, and when a use after its end is over.

A refusal is proof only where it is about the credential itself. The source marks those that are about
something beside it (``aside``: an address outside its bounds, a disabled identity), and says what the
credential was presented to (``Evidence.asked``: a role id, a namespace): where the accepted uses show what
it is good for, a refusal by anything else says nothing. After an accepted use even a proof is no end at once:
one replica, one region may refuse what another one still takes.
"""

from __future__ import annotations

from collections.abc import Iterable

from correlators.kernel.knowledge.inferred import sure
from correlators.kernel.knowledge.pins import sightings_of
from correlators.kernel.views.ends import NOT_A_DEATH, Off
from correlators.kernel.views.view import View, sighted
from schemas.authority import FINDERS
from schemas.dossier import Credential, Turn
from schemas.evidence import Evidence
from schemas.fact import AUTHENTICATED
from schemas.providers import forgets
from schemas.verdict import Clock

UNSAID_END = "its last use"
"""How a credential ended of which no record says it: it had worked, and is unknown since."""

BESIDE = frozenset({"aside", "service"})
"""Actions whose refusals are about something else, or are no use by the credential's holder."""


def proofs(credential: Credential) -> tuple[Evidence, ...]:
    """Returns the refusals that prove the credential's death, in order."""
    if not any(_is_proof(key) for key in credential.uses):
        return ()
    uses = [(key, sure(credential.uses, key, s.kept)) for key, s in sightings_of(credential)]
    return proofs_among(uses)


def proofs_among(uses: Iterable[tuple[str, tuple[Evidence, ...]]]) -> tuple[Evidence, ...]:
    """Returns the refusals that prove a death, of uses by outcome and action."""
    tries: list[tuple[Evidence, ...]] = []
    known: set[str] = set()
    for key, kept in uses:
        if _is_proof(key):
            tries.append(kept)
        elif key.partition(":")[0] in AUTHENTICATED:
            known.update(e.asked for e in kept)
    return tuple(e for e in sighted(tries) if not known or e.asked in known)


def _is_proof(key: str) -> bool:
    outcome, _, action = key.partition(":")
    return outcome == "unauthenticated" and action not in BESIDE


def over_since(
    view: View, clock: Clock, name: str, credential: Credential, last: int
) -> tuple[Evidence, ...]:
    """Returns the proofs by which a use at ``last`` (µs) is over; none where none came since, or none has
    stood for long enough."""
    return settled(
        proofs(credential),
        last,
        clock,
        view.thresholds.refused_quiet,
        any(
            not t.alive and t.kind not in NOT_A_DEATH and t.time > last and t.evidence.source not in FINDERS
            for t in (view.turns_of(name) if name in view.credentials else credential.turns)
        ),
    )


def lapsed(view: View, clock: Clock, name: str, credential: Credential) -> Off | None:
    """Returns the period since the last use of a credential that had worked and is refused by now, whether or
    not a record says how it ended: its end lies between. None while it may still work."""
    used = view.used(credential) if forgets(name) and proofs(credential) else ()
    if not used:
        return None
    if not over_since(view, clock, name, credential, used[-1].time):
        return None
    return Off(used[-1].time, 0, Turn(used[-1].time, False, UNSAID_END, used[-1], "exhausted", about=name))


def settled(
    many: tuple[Evidence, ...], last: int, clock: Clock, quiet: int, ended_again: bool = False
) -> tuple[Evidence, ...]:
    """Returns what ``over_since`` does, but of proofs that were chosen already. ``ended_again``: an end was
    stated after the last use."""
    since = tuple(e for e in many if e.time > last)
    return since if since and (ended_again or clock.past(last + quiet - 1)) else ()
