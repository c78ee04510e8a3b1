"""View: a dossier as the controls read it: names of one credential merged, sightings thinned, ends worked out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from correlators.kernel.join import join_credential, turns
from correlators.kernel.lookups import sure
from correlators.kernel.pins import sightings_of
from correlators.kernel.sightings import thin
from schemas.declaration import Declaration
from schemas.dossier import Credential, Dossier, Turn
from schemas.evidence import Evidence


class View:
    """One identity's dossier under its key. Pure and made anew for each judging; nothing is written through it."""

    def __init__(self, key: str, dossier: Dossier) -> None:
        self.key = key
        self.dossier = dossier

    @cached_property
    def credentials(self) -> dict[str, Credential]:
        """Credentials under one name each. Two entries are one credential where one names the other, or where one event issued both
        (two audit devices of one vault write the same request id under two salts)."""
        credentials = self.dossier.credentials
        groups = _groups(credentials)
        if not groups:
            return credentials
        merged = dict(credentials)
        for group in groups:
            joined = merged.pop(group[0])
            for name in group[1:]:
                joined = join_credential(joined, merged.pop(name))
            merged[group[0]] = joined
        return merged

    def turns_of(self, name: str) -> tuple[Turn, ...]:
        """Turns of a credential: its own, and those of the identity that end credentials (deleted, sessions cut)."""
        credential = self.credentials[name]
        own = credential.turns
        for spells in self.dossier.turns.values():
            own = turns(own, tuple(t for t in spells if _reaches(t, name, credential)))
        return own

    @cached_property
    def declaration(self) -> Declaration | None:
        """The latest recorded declaration about this identity (of several records for several keys, the latest of all)."""
        every = [d for many in self.dossier.stated.values() for d in many]
        return max(every, key=lambda d: (d.recorded, d.uid, repr(d))) if every else None

    @property
    def owner(self) -> str:
        return self.declaration.owner if self.declaration else ""

    @property
    def environment(self) -> str:
        return self.declaration.environment if self.declaration else ""

    def uses(self, credential: Credential, *outcomes: str) -> tuple[Evidence, ...]:
        """Sightings of these outcomes, any action but a provider's own service calls, in order, one per event id."""
        return sighted(
            sure(credential.uses, key, thin(s).kept)
            for key, s in sightings_of(credential)
            if key.partition(":")[0] in outcomes and not key.endswith(":service")
        )

    def acted(self, credential: Credential, action: str, *outcomes: str) -> tuple[Evidence, ...]:
        """Sightings of one action (``schemas.activity.Action``) with these outcomes, in order."""
        return sighted(
            thin(s).kept
            for key, s in sightings_of(credential)
            if key.partition(":")[0] in outcomes and key.partition(":")[2] == action
        )


def sighted(many: Iterable[tuple[Evidence, ...]]) -> tuple[Evidence, ...]:
    """Evidence in order of time, each event id once (the earliest telling of it)."""
    first: dict[str, Evidence] = {}
    for evidence in sorted(e for kept in many for e in kept):
        first.setdefault(evidence.uid, evidence)
    return tuple(first.values())


def _reaches(turn: Turn, name: str, credential: Credential) -> bool:
    """Whether a turn of the identity ends (or restores) this credential: a recreated account has new credentials."""
    if turn.alive:
        return turn.kind == "deleted"
    if credential.issued and credential.issued.time > turn.time:
        return False
    if turn.scope and credential.incarnation and turn.scope != credential.incarnation:
        return False
    if turn.kind == "cut":
        return credential.kind == "session"
    return turn.kind == "deleted"


def _groups(credentials: dict[str, Credential]) -> list[list[str]]:
    """Sets of names that are one credential, the name to keep first: an accessor before a token, then by text."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.get(name, name) != name:
            name = leader[name]
        return name

    by_issue: dict[tuple[str, str], str] = {}
    for name, credential in credentials.items():
        for other in credential.names:
            if other in credentials:
                leader[find(other)] = find(name)
        if credential.issued and name and credential.issued.source == "vault":
            issue = (credential.kind, credential.issued.uid)
            first = by_issue.setdefault(issue, name)
            if first != name:
                leader[find(name)] = find(first)
    if not leader:
        return []
    groups: dict[str, list[str]] = {}
    for name in credentials:
        groups.setdefault(find(name), []).append(name)
    return [sorted(group, key=_preferred) for group in groups.values() if len(group) > 1]


def _preferred(name: str) -> tuple[bool, str]:
    return ("/accessor/" not in name, name)
