"""Lifelines: the table of credentials, read off a dossier."""

from __future__ import annotations

from correlators.kernel.knowledge.pins import sightings_of
from correlators.kernel.views.ends import off_intervals
from correlators.kernel.views.view import View, reaching
from schemas.dossier import Credential, Turn
from schemas.evidence import Evidence
from schemas.lifeline import Lifeline, Moment
from schemas.naming import bare_name

_EDGES = ("dies_with", "came_from", "made_by")


def lifeline_of(view: View, name: str) -> Lifeline:
    """Returns one credential's life as this dossier knows it."""
    credential = view.credentials[name]
    held = [
        (key.partition(":")[0], sightings.kept)
        for key, sightings in sightings_of(credential)
        if sightings.kept and not key.endswith(":service")
    ]
    first = min((kept[0] for _, kept in held), default=None)
    last = max(((kept[-1], outcome) for outcome, kept in held), default=None)
    success = max((kept[-1] for outcome, kept in held if outcome == "succeeded"), default=None)
    death = _death(view, name, credential)
    return Lifeline(
        name,
        view.key,
        credential.kind,
        _parent(view, credential),
        _moment(credential.issued),
        credential.expiry[1],
        Moment(death.time, death.evidence.uid, death.how) if death else None,
        _moment(first),
        _moment(*last) if last else None,
        _moment(success),
        bare_name(view.key, view.name_of(view.key)),
        bare_name(name, view.name_of(name)),
    )


def _moment(evidence: Evidence | None, note: str = "") -> Moment | None:
    return Moment(evidence.time, evidence.uid, note) if evidence else None


def _parent(view: View, credential: Credential) -> str:
    """The parent that matters most: what it dies with before what it came from; by its one name where this
    dossier knows it.
    """
    ranked = sorted((_EDGES.index(link.edge), parent) for parent, link in credential.parents.items())
    return ranked[0][1] if ranked else ""


def _death(view: View, name: str, credential: Credential) -> Turn | None:
    """The first of the ends that stand now."""
    if not (credential.turns or credential.ancestors or view.dossier.turns):
        return None
    periods = off_intervals(view.turns_of(name))
    for origin, ancestor in credential.ancestors.items():
        if ancestor.edge == "dies_with":
            periods.extend(off_intervals(reaching(origin, ancestor, ancestor.turns)))
    standing = sorted(off for off in periods if not off.end)
    return standing[0].turn if standing else None
