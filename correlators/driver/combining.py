"""Combining: the facts of a batch of activities, joined per key before they travel.

Plain uses, nearly everything in a log, are gathered by credential and become one fact at the end; that is ten
times as fast as making and joining a fact for each and gives the same dossiers (a property test holds it to
that).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from correlators.kernel.knowledge.join import (
    NAMES_MAX,
    SERVICES_MAX,
    STAY_DAYS_MAX,
    STAYS_MAX,
    earliest,
    firsts,
    join,
    latest,
    secrets,
)
from correlators.kernel.knowledge.sightings import join_evidence, thin
from schemas.activity import Activity
from schemas.authority import ISSUERS, is_identity, voice_of
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
    secret_named,
    standing,
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

_Use = tuple[str, str, tuple[str, ...], str, str, str, str, str, str, str, str]


class _Gathered:
    """Uses that differ in nothing but when, where from, what was reached and under which event id."""

    __slots__ = ("clients", "did", "evidence", "reached", "secrets", "stays", "truncated", "voice")

    def __init__(self, voice: str) -> None:
        self.voice = voice
        self.did: dict[str, int] = {}
        self.secrets: dict[str, int] = {}
        self.evidence: list[Evidence] = []
        self.reached: set[tuple[str, str]] = set()
        self.clients: set[str] = set()
        self.stays: dict[str, tuple[Evidence, Evidence, frozenset[int]]] = {}
        self.truncated = False

    def sightings(self, stands: bool) -> Sightings:
        """Returns what was gathered in order, each event once; thinned where it is long. ``stands``: whether
        places are remembered."""
        kept = sorted(self.evidence)
        if stands:
            self._stay(kept)
        if any(_happened(a) == _happened(b) for a, b in pairwise(kept)):
            kept = _each_once(kept)
        found = Sightings(tuple(kept), self.truncated)
        return thin(found) if len(kept) > GROUP_MAX else found

    def _stay(self, kept: list[Evidence]) -> None:
        """Remembers the first and the last at each place, and the days, before any is let go of."""
        by_place: dict[str, list[Evidence]] = {}
        for evidence in kept:
            by_place.setdefault(evidence.place, []).append(evidence)
        by_place.pop("", None)
        for place, seen in by_place.items():
            key = standing(place)
            first, last = _joined(seen), _joined(seen[::-1])
            days = frozenset({evidence.time // DAY for evidence in seen})
            known = self.stays.get(key)
            if known is not None:
                first, last, days = earliest(known[0], first), latest(known[1], last), known[2] | days
            self.stays[key] = first, last, days

    def stays_of(self, source: str, action: str) -> dict[str, Stay]:
        """Returns the places, in the form in which a fact has them."""
        services: dict[str, set[str]] = {}
        for place, service in self.reached:
            if service:
                services.setdefault(standing(place), set()).add(service)
        stays: dict[str, Stay] = {}
        for place in sorted(self.stays)[:STAYS_MAX]:
            first, last, days = self.stays[place]
            seen = bare(first)
            stays[stay_key(source, place)] = Stay(
                seen,
                bare(last),
                tuple(sorted(days)[:STAY_DAYS_MAX]),
                tuple(sorted(services.get(place, ()))[:SERVICES_MAX]),
                {action: seen} if action in GRAVE else {},
            )
        return stays

    def shrink(self, stands: bool) -> None:
        found = self.sightings(stands)
        self.evidence, self.truncated = list(found.kept), found.truncated


class Combiner:
    """Takes activities, gives their facts joined per key."""

    def __init__(self) -> None:
        # None: uses that are told one by one, for what they name is not all their source's own.
        self._uses: dict[_Use, _Gathered | None] = {}
        self._facts: dict[str, Dossier] = {}
        self._told: dict[tuple[str, str], int] = {}

    def take(self, activity: Activity, until: int = 0) -> None:
        """Raises whatever ``facts_of`` raises for an activity that makes no sense; then nothing of it was
        taken. ``until``: it counts from then on (µs, 0: at once)."""
        if until:
            self._join((key, waiting(fact, until)) for key, fact in facts_of(activity))
            return
        if activity.effects:
            self._join(facts_of(activity))
            return
        if activity.outcome == "unknown" or not (activity.identity or activity.credential):
            return
        use = (
            activity.identity, activity.credential, activity.names, activity.outcome, activity.action,
            activity.incarnation, activity.allowed_by, activity.actor_name, activity.source,
            activity.instance, activity.service if activity.source in ISSUERS else "",
        )  # fmt: skip
        try:
            gathered = self._uses[use]
        except KeyError:
            gathered = self._uses[use] = _Gathered(voice_of(activity)) if is_plain(activity) else None
        if gathered is None:
            self._join(facts_of(activity))
            return
        gathered.evidence.append(evidence_of(activity, gathered.voice))
        gathered.reached.add((activity.place, activity.service))
        gathered.clients.add(activity.client)
        if activity.action == "identity_write" and wrote(activity):
            way = way_of(activity.operation, activity.place)
            gathered.did[way] = min(activity.time, gathered.did.get(way, activity.time))
        elif activity.action == "secret_read" and (name := secret_named(activity)):
            gathered.secrets[name] = min(activity.time, gathered.secrets.get(name, activity.time))
        if len(gathered.evidence) > GROUP_MAX:
            gathered.shrink(_stands(use))

    def drain(self) -> dict[str, Dossier]:
        """Returns all facts of what was taken since the last call."""
        for use, gathered in self._uses.items():
            if gathered is not None:
                self._join(self._said(use, gathered))
        facts, self._facts, self._uses = self._facts, {}, {}
        return facts

    def _said(self, use: _Use, gathered: _Gathered) -> Iterator[Fact]:
        """What ``facts_of`` says of each of these uses, joined; without addresses that were told before."""
        identity, credential, names, outcome, action, incarnation, grant, actor, source, *_ = use
        stands = _stands(use)
        sightings = gathered.sightings(stands)
        first = sightings.kept[0]
        held = outcome in AUTHENTICATED and action not in ELSEWHERE
        stays = gathered.stays_of(source, action) if stands else {}
        known = Credential(
            names=names,
            known=first if credential else None,
            uses={f"{outcome}:{action}" if action else outcome: sightings},
            places=_smallest({network_of(place) for place, _ in gathered.reached}) if held else (),
            clients=_smallest(gathered.clients) if held else (),
            incarnation=incarnation if credential else "",
            machine=machine_of(identity, actor) if credential else "",
            did=firsts({}, gathered.did) if gathered.did else {},
            stays=stays if outcome in AUTHENTICATED else {},
            knocks=stays if outcome not in AUTHENTICATED else {},
        )
        home = identity or credential
        yield (
            home,
            Dossier(
                credentials={credential: known},
                secrets=secrets({}, gathered.secrets) if gathered.secrets else {},
            ),
        )
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
    return tuple(sorted(values - {""})[:NAMES_MAX])


def _stands(use: _Use) -> bool:
    """Whether the places of these uses say something of who holds the credential."""
    credential, outcome, action = use[1], use[3], use[4]
    return bool(credential and at_a_place(outcome, action, "anywhere"))


def _joined(seen: list[Evidence]) -> Evidence:
    """The event that stands first, all tellings of it joined."""
    first = seen[0]
    for again in seen[1:]:
        if _happened(again) != _happened(first):
            break
        first = join_evidence(first, again)
    return first


def _each_once(kept: list[Evidence]) -> list[Evidence]:
    once: dict[tuple[int, str, str], Evidence] = {}
    for evidence in kept:
        event = _happened(evidence)
        known = once.get(event)
        once[event] = evidence if known is None else join_evidence(known, evidence)
    return sorted(once.values())


def _happened(evidence: Evidence) -> tuple[int, str, str]:
    return evidence.time, evidence.uid, evidence.origin
