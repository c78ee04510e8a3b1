"""Gone: what an identity does after its provider deleted it.

A token that its provider cannot take back goes on after the identity that it speaks for was deleted. Whether
a record says what it came from changes nothing: who was deleted acts. Of credentials that the deletion itself
ended, and of what dies with them, other controls tell.
"""

from __future__ import annotations

from collections.abc import Iterable

from correlators.kernel.views.calls import executed
from correlators.kernel.views.ends import Off, off_intervals, past_grace
from correlators.kernel.views.view import View, sighted
from schemas.credential_kind import traits_of
from schemas.dossier import Credential, Turn
from schemas.evidence import Event, Evidence
from schemas.providers import installation_of, is_own

GONE = "deleted"
"""The status of an identity that its provider deleted, and the subject of what it did since."""


def deletions_of(turns: Iterable[Turn]) -> list[Off]:
    """Returns the periods in which the provider had deleted an identity, by its turns."""
    return off_intervals(t for t in turns if t.kind in ("deleted", "remade"))


def acts_of_the_deleted(view: View) -> frozenset[Event]:
    """Returns the event ids of what identities did after they were deleted: one root cause is one finding, so
    other controls only note it."""
    if view.dossier.members:
        return frozenset()
    return frozenset(
        e.event
        for identity, turns in view.dossier.turns.items()
        if (gone := deletions_of(turns))
        for e in outlives(view, identity, gone)
    )


def active(view: View) -> tuple[Evidence, ...]:
    """Returns every authenticated use by any credential or alias of the identity, and every tool call that it
    executed."""
    uses = [view.used(c) for c in view.dossier.credentials.values()]
    return sighted(iter([*uses, executed(view.dossier.calls)]))


def acts_as(view: View, identity: str, use: Evidence) -> bool:
    """Says whether a use is by the identity that was switched: under its own key, or, where its provider also
    calls it by a second name and only one identity of that installation acts here, under the first."""
    if use.actor == identity:
        return True
    at = installation_of(identity)
    if not at or is_own(identity) or use.actor != view.key or installation_of(use.actor) != at:
        return False
    known = (c.known for c in view.dossier.credentials.values())
    seen = {e.actor for e in active(view)} | {e.actor for e in known if e}
    return {a for a in seen if installation_of(a) == at and is_own(a)} == {view.key}


def outlives(view: View, identity: str, gone: list[Off]) -> tuple[Evidence, ...]:
    """Returns the uses by a deleted identity of which the log names no credential, or a token that outlives
    it by design. The next holder of the name is another one, by what its provider tells them apart by, or
    else from when a record says that it was made."""
    begun = gone[0].start
    uses = sighted(
        view.used(c) for name, c in view.credentials.items() if not name or _lives_on(view, name, c, begun)
    )
    mine = [e for e in uses if acts_as(view, identity, e)]
    late = [e for e in mine if any(_of_gone(off, e, mine, view) for off in gone)]
    return tuple(late)


def _lives_on(view: View, name: str, credential: Credential, end: int) -> bool:
    """Whether nobody can take it back, nor did. Of what was issued after the end its issue was the use."""
    if not traits_of(credential.kind).residual or (credential.issued and credential.issued.time > end):
        return False
    edges = {link.edge for link in credential.parents.values()}
    edges.update(origin.edge for origin in credential.ancestors.values())
    return "dies_with" not in edges and not off_intervals(view.turns_of(name))


def _of_gone(off: Off, use: Evidence, uses: list[Evidence], view: View) -> bool:
    if not use.asked:
        return past_grace(off, use, view.thresholds)
    holder = off.turn.scope
    same = use.asked == holder if holder else any(e.asked == use.asked and e.time < off.start for e in uses)
    remade = off._replace(end=0) if any(t.kind == "remade" for t in off.undone) else off
    return same and past_grace(remade, use, view.thresholds)
