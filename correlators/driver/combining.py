"""Combining: the facts of a batch of activities, joined per key before they travel.

Plain uses, nearly everything in a log, are gathered by credential and become one fact at the end; that is ten
times as fast as making and joining a fact for each and gives the same dossiers (a property test holds it to
that).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from correlators.kernel.knowledge.join import (
    DAYS_MAX,
    NAMES_MAX,
    SERVICES_MAX,
    STAYS_MAX,
    earliest,
    firsts,
    join,
    latest,
)
from correlators.kernel.knowledge.sightings import join_evidence, thin
from schemas.activity import Activity
from schemas.authority import is_identity
from schemas.coming import waiting
from schemas.dossier import Address, Credential, Dossier, Sightings, Stay
from schemas.evidence import Evidence, network_of
from schemas.fact import (
    AUTHENTICATED,
    DAY,
    ELSEWHERE,
    GRAVE,
    Fact,
    at_a_place,
    bare,
    evidence_of,
    facts_of,
    granted_uses,
    is_plain,
    stay_key,
    way_of,
    wrote,
)
from schemas.providers import machine_of

GROUP_MAX = 2048
"""Uses of one credential gathered before they are thinned: bounds memory where one credential makes all
the noise."""

TOLD_MAX = 100_000
"""Addresses that are remembered as told: a credential tells its identity with every use, again and again."""

_Use = tuple[str, str, tuple[str, ...], str, str, str, str, str]


class _Gathered:
    """Uses that differ in nothing but when, where from and under which event id."""

    __slots__ = ("clients", "did", "evidence", "places", "stays", "truncated")

    def __init__(self) -> None:
        self.did: dict[str, int] = {}
        self.evidence: list[Evidence] = []
        self.places: set[str] = set()
        self.clients: set[str] = set()
        self.stays: dict[str, list[Any]] = {}
        self.truncated = False

    def sightings(self) -> Sightings:
        """In order, each event once; thinned where it is long."""
        kept = sorted(self.evidence)
        if any(_happened(a) == _happened(b) for a, b in pairwise(kept)):
            kept = _each_once(kept)
        found = Sightings(tuple(kept), self.truncated)
        return thin(found) if len(kept) > GROUP_MAX else found

    def stay(self, key: str, evidence: Evidence, service: str) -> None:
        """Remembers the first and the last at this place, the days, and what was reached."""
        known = self.stays.get(key)
        if known is None:
            self.stays[key] = [evidence, evidence, {evidence.time // DAY}, {service} if service else set()]
            return
        known[0] = earliest(known[0], evidence)
        known[1] = latest(known[1], evidence)
        known[2].add(evidence.time // DAY)
        if service:
            known[3].add(service)

    def stays_of(self, action: str) -> dict[str, Stay]:
        """The places, in the form in which a fact has them."""
        stays: dict[str, Stay] = {}
        for key in sorted(self.stays)[:STAYS_MAX]:
            first, last, days, services = self.stays[key]
            seen = bare(first)
            stays[key] = Stay(
                seen,
                bare(last),
                tuple(sorted(days)[:DAYS_MAX]),
                tuple(sorted(services)[:SERVICES_MAX]),
                {action: seen} if action in GRAVE else {},
            )
        return stays

    def shrink(self) -> None:
        found = self.sightings()
        self.evidence, self.truncated = list(found.kept), found.truncated


class Combiner:
    """Takes activities, gives their facts joined per key."""

    def __init__(self) -> None:
        self._uses: dict[_Use, _Gathered] = {}
        self._facts: dict[str, Dossier] = {}
        self._told: dict[tuple[str, str], int] = {}

    def take(self, activity: Activity, until: int = 0) -> None:
        """Raises whatever ``facts_of`` raises for an activity that makes no sense; then nothing of it was
        taken. ``until``: it counts from then on (µs, 0: at once)."""
        if until:
            self._join((key, waiting(fact, until)) for key, fact in facts_of(activity))
            return
        if activity.effects or not is_plain(activity):
            self._join(facts_of(activity))
            return
        if activity.outcome == "unknown" or not (activity.identity or activity.credential):
            return
        use = (
            activity.identity, activity.credential, activity.names, activity.outcome, activity.action,
            activity.incarnation, activity.allowed_by, machine_of(activity.identity, activity.actor_name),
        )  # fmt: skip
        gathered = self._uses.get(use)
        if gathered is None:
            gathered = self._uses[use] = _Gathered()
        evidence = evidence_of(activity)
        gathered.evidence.append(evidence)
        if activity.place:
            gathered.places.add(activity.place)
            if activity.credential and at_a_place(activity.outcome, activity.action, activity.place):
                gathered.stay(stay_key(activity.source, activity.place), evidence, activity.service)
        if activity.client:
            gathered.clients.add(activity.client)
        if wrote(activity):
            way = way_of(activity.operation, activity.place)
            gathered.did[way] = min(activity.time, gathered.did.get(way, activity.time))
        if len(gathered.evidence) > GROUP_MAX:
            gathered.shrink()

    def drain(self) -> dict[str, Dossier]:
        """All facts of what was taken since the last call."""
        for use, gathered in self._uses.items():
            self._join(self._said(use, gathered))
        facts, self._facts, self._uses = self._facts, {}, {}
        return facts

    def _said(self, use: _Use, gathered: _Gathered) -> Iterator[Fact]:
        """What ``facts_of`` says of each of these uses, joined; without addresses that were told before."""
        identity, credential, names, outcome, action, incarnation, grant, machine = use
        sightings = gathered.sightings()
        first = sightings.kept[0]
        held = outcome in AUTHENTICATED and action not in ELSEWHERE
        stays = gathered.stays_of(action) if gathered.stays else {}
        known = Credential(
            names=names,
            known=first if credential else None,
            uses={f"{outcome}:{action}" if action else outcome: sightings},
            places=_smallest({network_of(place) for place in gathered.places}) if held else (),
            clients=_smallest(gathered.clients) if held else (),
            incarnation=incarnation if credential else "",
            machine=machine if credential else "",
            did=firsts({}, gathered.did) if gathered.did else {},
            stays=stays if outcome in AUTHENTICATED else {},
            knocks=stays if outcome not in AUTHENTICATED else {},
        )
        home = identity or credential
        yield home, Dossier(credentials={credential: known})
        for key in (credential, *names):
            if key and key != home and self._is_news(key, home, first.time) and not is_identity(key):
                yield key, Dossier(addresses={home: Address(since=first.time)})
        if grant and identity:
            key = f"{outcome}:{action}" if action else outcome
            yield from granted_uses(identity, grant, key, sightings)

    def _is_news(self, key: str, home: str, since: int) -> bool:
        """Whether nobody told so early an address yet. What was told is on its way, or this process ends."""
        earliest = self._told.get((key, home))
        if earliest is not None and earliest <= since:
            return False
        if len(self._told) >= TOLD_MAX:
            self._told.clear()
        self._told[key, home] = since
        return True

    def _join(self, facts: Iterable[Fact]) -> None:
        for key, fact in facts:
            known = self._facts.get(key)
            self._facts[key] = fact if known is None else join(known, fact)


def _smallest(values: set[str]) -> tuple[str, ...]:
    return tuple(sorted(values)[:NAMES_MAX])


def _each_once(kept: list[Evidence]) -> list[Evidence]:
    once: dict[tuple[int, str, str], Evidence] = {}
    for evidence in kept:
        event = _happened(evidence)
        known = once.get(event)
        once[event] = evidence if known is None else join_evidence(known, evidence)
    return sorted(once.values())


def _happened(evidence: Evidence) -> tuple[int, str, str]:
    return evidence.time, evidence.uid, evidence.origin
