"""Exceptions suppress a finding while they hold. It is stored as suppressed, never dropped.

An exception is void from its end on, for what happened after it, and where behaviour leaves its scope
(identity, place, action): then the finding stands as if there were none. The latest record about the same
scope is the one that counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from correlators.kernel.knowledge.sightings import OPERATIONS_MAX
from correlators.kernel.views.places import holds
from correlators.kernel.views.view import View
from schemas.claims import PolicyException
from schemas.evidence import iso
from schemas.verdict import Clock, Verdict


def exception_of(verdict: Verdict, view: View, clock: Clock) -> PolicyException | None:
    """Returns the exception under which this violation stands now, the one that lasts longest; None where
    there is none."""
    if verdict.severity is None or verdict.value != "violated":
        return None
    holding = [
        w
        for w in latest_of(view.dossier.exceptions)
        if not w.withdrawn and _is_about(w, verdict, view) and not clock.past(w.until - 1)
    ]
    return max(holding, key=lambda w: (w.until, w.record.time, w.record.uid), default=None)


def words(exception: PolicyException) -> str:
    """Returns the reason, in words for people, why a finding is suppressed."""
    return f"exception {exception.id} of {exception.owner} until {iso(exception.until)}: {exception.reason}"


def covered_once(exception: PolicyException, verdict: Verdict, view: View) -> bool:
    """Says whether the exception covers a finding, or covered it while it held."""
    return verdict.severity is not None and _is_about(exception, verdict, view)


def latest_of(exceptions: Iterable[PolicyException]) -> list[PolicyException]:
    """Returns, of several records about the same scope, the one recorded last, even if that one withdraws
    it."""
    latest: dict[str, PolicyException] = {}
    for exception in sorted(exceptions, key=lambda w: (w.record.time, w.record.uid)):
        latest[exception.id] = exception
    return list(latest.values())


def _is_about(exception: PolicyException, verdict: Verdict, view: View) -> bool:
    if exception.control != verdict.control:
        return False
    if exception.identity and not _names(exception.identity, verdict, view):
        return False
    evidence = verdict.evidence
    if exception.action and len({e.operation for e in evidence}) >= OPERATIONS_MAX:
        return False
    if not evidence and (exception.place or exception.action):
        return False
    return all(
        e.time < exception.until
        and (not exception.place or holds(exception.place, e))
        and (not exception.action or exception.action == e.operation)
        for e in evidence
    )


def _names(scope: str, verdict: Verdict, view: View) -> bool:
    """Whether the exception is about who acted: any key under a prefix, else this identity, or, where it
    names another key of the same one (only what concerns that key was sent here), what was done under that
    key. Of a verdict that shows nothing that was done, a declaration must call it so."""
    if scope.endswith("*"):
        keys = {view.key, *view.dossier.stated}
        return any(key.startswith(scope[:-1]) for key in keys)
    if scope == view.key:
        return True
    if not verdict.evidence:
        return view.declaration is not None and scope in (view.declaration.aliases or ())
    return all(e.actor in ("", scope) for e in verdict.evidence)
