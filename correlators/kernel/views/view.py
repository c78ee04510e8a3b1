"""View: a dossier as the controls read it: names of one credential merged, sightings thinned, ends worked
out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from itertools import chain
from typing import TypedDict, Unpack

from correlators.kernel.knowledge.inferred import sure
from correlators.kernel.knowledge.join import TURNS_MAX, join_credential, join_descendant, turns
from correlators.kernel.knowledge.pins import next_to, sightings_of
from correlators.kernel.knowledge.sightings import thin
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from schemas import frozen
from schemas.credential_kind import traits_of
from schemas.declaration import Declaration, in_effect, in_order
from schemas.dossier import Ancestor, Credential, Descendant, Dossier, Sightings, Turn
from schemas.evidence import Event, Evidence
from schemas.fact import AUTHENTICATED
from schemas.naming import is_opaque
from schemas.providers import ONE_ISSUE, installation_of, preference
from schemas.verdict import Confidence, Control, Episode, Severity, Value, Verdict

ACCEPTED = tuple(sorted(AUTHENTICATED))
"""Outcomes of uses in which the credential was accepted."""


class More(TypedDict, total=False):
    """Fields of a verdict that not every control fills: see ``schemas.verdict.Verdict``."""

    severity: Severity | None
    confidence: Confidence
    owner: str
    credential: str
    claim: tuple[Evidence, ...]
    evidence: tuple[Evidence, ...]
    episodes: tuple[Episode, ...]
    others: tuple[str, ...]
    next_step: str


def worst_of(credential: Credential) -> bool:
    """Says whether some evidence about the credential was dropped."""
    return len(credential.turns) >= TURNS_MAX or any(s.truncated for s in credential.uses.values())


class View:
    """One identity's dossier under its key, thinned as it is stored, with the thresholds that are set. Pure,
    made anew for each judging; nothing is written through it.
    """

    def __init__(self, key: str, dossier: Dossier, thresholds: Thresholds = DEFAULTS) -> None:
        self.key = key
        self.dossier = _in_effect(dossier)
        self._recorded = dossier.stated
        self.thresholds = thresholds
        # With its credential, so that no other one gets its id while this view lives.
        self._uses: dict[tuple[int, tuple[str, ...]], tuple[Credential, tuple[Evidence, ...]]] = {}

    @cached_property
    def credentials(self) -> dict[str, Credential]:
        """Credentials under one name each. Two entries are one credential where one names the other, or where
        one event issued both (two audit devices of one vault write the same request id under two salts)."""
        credentials = self.dossier.credentials
        together = groups(credentials)
        if not together:
            return credentials
        merged = dict(credentials)
        for group in together:
            joined = merged.pop(group[0])
            for name in group[1:]:
                joined = join_credential(joined, merged.pop(name))
            merged[group[0]] = joined
        return merged

    def turns_of(self, name: str) -> tuple[Turn, ...]:
        """Returns the turns that reach a credential: its own, and those of the identity that end credentials
        (deleted, sessions cut)."""
        return reaching(name, self.credentials[name], self.possible_turns(name))

    def possible_turns(self, name: str, credential: Credential | None = None) -> tuple[Turn, ...]:
        """Returns the turns that may reach a credential, whatever is still to be learned about its kind,
        issue and incarnation. ``credential``: where it is none of this dossier's own."""
        own = (credential or self.credentials[name]).turns
        for switch in self.dossier.turns.values():
            own = turns(own, tuple(t for t in switch if t.kind in ("deleted", "cut", "remade")))
        return own

    @cached_property
    def declaration(self) -> Declaration | None:
        """What records say now about this identity, field by field what was recorded last (of several keys
        of it, too)."""
        latest = in_effect(many[-1] for many in self.dossier.stated.values() if many)
        return latest[-1] if latest else None

    def stating(self, field: str) -> list[Declaration]:
        """Returns the records by which something is said of a field, in order of recording; none where
        nothing is said of it any more."""
        if self.declaration is None or getattr(self.declaration, field) is None:
            return []
        every = (d for many in self.dossier.stated.values() for d in many)
        return in_order(d for d in every if getattr(d, field) is not None)

    def said_last(self, identity: str, field: str) -> int:
        """Returns when a record about an identity mentioned a field last (µs, 0: none did), be it to say
        again what stood there."""
        return max((d.recorded for d in self._recorded.get(identity, ()) if d.says(field)), default=0)

    @property
    def owner(self) -> str:
        """The owner that the inventory declares for this identity; "" where it declares none."""
        return self.declaration.owner if self.declaration else ""

    @property
    def environment(self) -> str:
        """The environment that the inventory declares for this identity; "" where it declares none."""
        return self.declaration.environment if self.declaration else ""

    def name_of(self, key: str) -> str:
        """Returns what an identity or credential is called where that is not in its key: as it is declared,
        else as its provider's log calls it; "" where neither says."""
        if key == self.key and self.declaration and self.declaration.name:
            return self.declaration.name
        credential = self.credentials.get(key)
        learned = self.dossier.called.get(key) or (credential.called if credential else None)
        if learned is None and key == self.key and is_opaque(key):
            learned = max(self.dossier.called.values(), default=None)
        return learned.name if learned else ""

    def uses(self, credential: Credential, *outcomes: str) -> tuple[Evidence, ...]:
        """Returns the sightings of these outcomes, any action but a provider's own service calls, in order,
        one per event id. Worked out once: most controls ask for the same."""
        asked = id(credential), outcomes
        known = self._uses.get(asked)
        if known is None:
            uses = sighted(
                self._own(key, sure(credential.uses, key, s.kept))
                for key, s in sightings_of(credential)
                if key.partition(":")[0] in outcomes and not key.endswith(":service")
            )
            known = self._uses[asked] = credential, uses
        return known[1]

    def used(self, credential: Credential) -> tuple[Evidence, ...]:
        """Returns the uses in which the credential was accepted, whether or not the call succeeded."""
        return self.uses(credential, *ACCEPTED)

    def refused(self, credential: Credential) -> tuple[Evidence, ...]:
        """Returns the tries in which the credential was not accepted."""
        return self.uses(credential, "unauthenticated")

    def wrote(self, credential: Credential) -> tuple[Evidence, ...]:
        """Returns the writes to identities that succeeded."""
        return self.acted(credential, "identity_write", "succeeded")

    def verdict(
        self,
        control: Control,
        *,
        subject: str,
        value: Value,
        title: str,
        reason: str,
        truncated: bool | None = None,
        **more: Unpack[More],
    ) -> Verdict:
        """Returns a verdict about this identity, with its owner. ``more``: any other field of ``Verdict``.
        ``truncated``: unless it is given, whether evidence about ``credential`` was let go."""
        about = self.credentials.get(more.get("credential", ""))
        more.setdefault("owner", self.owner)
        said = ((key, self.name_of(key)) for key in dict.fromkeys((self.key, more.get("credential", ""))))
        return Verdict(
            control=control.name,
            subject=subject,
            value=value,
            identity=self.key,
            title=title,
            reason=reason,
            truncated=worst_of(about) if truncated is None and about else bool(truncated),
            names=tuple(pair for pair in said if all(pair)),
            **more,
        )

    def _own(self, key: str, kept: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        """Without the later records of operations whose beginning is on record: that was the use."""
        if not key.endswith(":continues"):
            return kept
        begun = self.dossier.begun
        return tuple(e for e in kept if begun.get(e.asked, e.time) >= e.time)

    def acted(self, credential: Credential, action: str, *outcomes: str) -> tuple[Evidence, ...]:
        """Returns the sightings of one action (``schemas.activity.Action``) with these outcomes, in order."""
        return sighted(
            s.kept
            for key, s in sightings_of(credential)
            if key.partition(":")[0] in outcomes and key.partition(":")[2] == action
        )


def _in_effect(dossier: Dossier) -> Dossier:
    """The dossier with its declarations as they supersede each other, field by field."""
    if all(len(many) == 1 and not many[0].cleared for many in dossier.stated.values()):
        return dossier
    stated = {identity: in_effect(many) for identity, many in dossier.stated.items()}
    return frozen.changed(dossier, stated=stated)


def sighted(many: Iterable[tuple[Evidence, ...]]) -> tuple[Evidence, ...]:
    """Returns the evidence in order of time, each event once (the earliest telling of it)."""
    groups = [kept for kept in many if kept]
    if not groups:
        return ()
    first: dict[Event, Evidence] = {}
    for evidence in sorted(chain.from_iterable(groups)):
        first.setdefault((evidence.origin, evidence.uid), evidence)
    return tuple(first.values())


def reaching(name: str, credential: Credential | Ancestor, many: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Returns those of the turns that reach this credential."""
    installation = _installation(name, credential)
    again = [t for t in many if t.kind == "remade" and t.about != name]
    return tuple(
        t for t in many if _reaches(t, name, credential, installation) and not _of_next(t, again, credential)
    )


def _installation(name: str, credential: Credential | Ancestor) -> str:
    """Where a credential is of: as its key or those who used it say, else its provider alone."""
    if said := installation_of(name):
        return said
    uses = credential.uses.values() if isinstance(credential, Credential) else ()
    said = next((i for s in uses for e in s.kept[:1] if (i := installation_of(e.actor))), "")
    provider = name.partition(":")[0]
    return said if said.partition(":")[0] == provider else provider


def _elsewhere(turn: Turn, installation: str) -> bool:
    """Whether what ended is another provider's, or of another installation: nobody there heard of it, and
    what it let in lives on to its own expiry."""
    there = installation_of(turn.about) or turn.about.partition(":")[0]
    if ":" in there and ":" in installation:
        return there != installation
    return there.partition(":")[0] != installation.partition(":")[0]


def _of_next(turn: Turn, again: list[Turn], credential: Credential | Ancestor) -> bool:
    """Whether a credential of unknown issue came up after the name was taken anew: it is of the next holder,
    whom this end did not reach."""
    if turn.kind != "deleted" or turn.alive or not isinstance(credential, Credential) or credential.issued:
        return False
    first = credential.known
    return first is not None and any(
        t.about == turn.about and turn.time <= t.time <= first.time for t in again
    )


def _reaches(turn: Turn, name: str, credential: Credential | Ancestor, installation: str) -> bool:
    """Whether a turn ends (or restores) this credential: a recreated account, a mount made again have new
    credentials.
    """
    if turn.about == name or turn.kind not in ("deleted", "cut", "group", "remade"):
        return True
    if turn.kind == "remade":
        return False
    if turn.kind != "group" and _elsewhere(turn, installation):
        return False
    if turn.alive:
        return turn.kind != "cut"
    if credential.issued and credential.issued.time > turn.time:
        return False
    if turn.kind == "group":
        return True
    if traits_of(credential.kind).residual:
        return False
    if turn.scope and credential.incarnation and turn.scope != credential.incarnation:
        return False
    if credential.incarnation and not turn.scope and _came_up_since(turn, credential):
        return False
    return turn.kind == "deleted" or traits_of(credential.kind).cut


def _came_up_since(turn: Turn, credential: Credential | Ancestor) -> bool:
    """Whether a credential of unknown issue was first seen after a deletion that does not say which holder of
    the name it ended: it may be of the next one."""
    first = credential.known if isinstance(credential, Credential) else None
    return not credential.issued and first is not None and first.time > turn.time


def uses_of(descendant: Descendant, times: Collection[int] = ()) -> dict[str, tuple[Evidence, ...]]:
    """Returns what a descendant reports, without what may be a later one's; next to these ``times`` (µs) all
    that is kept."""
    until = descendant.superseded
    return {
        key: tuple(e for e in thinned_but(s, times) if not until or e.time < until)
        for key, s in descendant.uses.items()
    }


def thinned_but(sightings: Sightings, times: Collection[int]) -> tuple[Evidence, ...]:
    """Returns the uses that thinning keeps, and those next to these times (µs)."""
    kept = thin(sightings).kept
    if not times or len(kept) == len(sightings.kept):
        return kept
    return tuple(sorted({*kept, *next_to(sightings.kept, times)}))


def merged_descendants(descendants: dict[str, Descendant]) -> dict[str, Descendant]:
    """Returns the reports of descendants under one name each: a descendant may have reported before one of
    its names was known to be the other's."""
    merged = dict(descendants)
    for group in _grouped({name: descendant.names for name, descendant in descendants.items()}, {}):
        joined = merged.pop(group[0])
        for name in group[1:]:
            joined = join_descendant(joined, merged.pop(name))
        merged[group[0]] = joined
    return merged


def groups(credentials: dict[str, Credential]) -> list[list[str]]:
    """Returns sets of names that mean one credential, the name to keep first in each."""
    if len(credentials) < 2:
        return []
    issues = {
        name: (credential.kind, credential.issued.event)
        for name, credential in credentials.items()
        if name and credential.issued and credential.issued.source in ONE_ISSUE
    }
    return _grouped({name: credential.names for name, credential in credentials.items()}, issues)


def _grouped(names: dict[str, tuple[str, ...]], issues: dict[str, tuple[str, Event]]) -> list[list[str]]:
    """Names joined by naming each other or by one issue: an accessor before its token, a secret id before its
    accessor, then by text.
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.get(name, name) != name:
            name = leader[name]
        return name

    first: dict[tuple[str, Event], str] = {}
    for name, others in names.items():
        for other in others:
            if other in names:
                leader[find(other)] = find(name)
        if name in issues:
            leader[find(name)] = find(first.setdefault(issues[name], name))
    groups: dict[str, list[str]] = {}
    for name in names if leader else ():
        groups.setdefault(find(name), []).append(name)
    return [sorted(group, key=preference) for group in groups.values() if len(group) > 1]
