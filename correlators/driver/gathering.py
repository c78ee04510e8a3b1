"""Gathering: uses of one credential in a batch, which become one fact."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from correlators.kernel.knowledge.join import SERVICES_MAX, STAY_DAYS_MAX, STAYS_MAX, earliest, latest
from correlators.kernel.knowledge.sightings import join_evidence, thin
from schemas.activity import Activity
from schemas.dossier import Gone, Sightings, Stay
from schemas.evidence import Evidence
from schemas.fact import (
    DAY,
    GRAVE,
    bare,
    evidence_of,
    secrets_named,
    standing,
    stay_key,
    way_of,
    wrote,
)

GROUP_MAX = 2048
"""Uses of one credential gathered before they are thinned: bounds memory where one credential makes all
the noise."""

_reach_of: Callable[[Activity], tuple[str, str]] = attrgetter("place", "service")
_client_of: Callable[[Activity], str] = attrgetter("client")
_uid_of: Callable[[Evidence], str] = attrgetter("uid")


class Gathered:
    """Uses that differ only in time, place, what was reached and event id."""

    __slots__ = (
        "clients", "did", "evidence", "gone", "news", "reached", "secrets", "stays", "truncated", "voice",
    )  # fmt: skip

    def __init__(self, voice: str) -> None:
        self.voice = voice
        self.news: list[Activity] = []
        self.did: dict[str, int] = {}
        self.secrets: dict[str, int] = {}
        self.evidence: list[Evidence] = []
        self.reached: set[tuple[str, str]] = set()
        self.clients: set[str] = set()
        self.stays: dict[str, tuple[Evidence, Evidence, frozenset[int]]] = {}
        self.truncated = False
        self.gone: Gone | None = None

    def sightings(self, stands: bool) -> Sightings:
        """Returns the gathered uses in order, each event once; thinned if they are many. ``stands``:
        whether places are remembered."""
        self._read()
        kept = self.evidence
        kept.sort()
        once = len(set(map(_uid_of, kept))) == len(kept)
        if stands:
            self._stay(kept, once)
        if not once:
            kept = _each_once(kept)
        found = Sightings(tuple(kept), self.truncated, self.gone)
        return thin(found) if len(kept) > GROUP_MAX else found

    def _read(self) -> None:
        """Takes out of the new uses what is told of them."""
        news, self.news = self.news, []
        voice = self.voice
        self.evidence += [evidence_of(activity, voice) for activity in news]
        self.reached.update(map(_reach_of, news))
        self.clients.update(map(_client_of, news))
        if news and wrote(news[0]):
            for activity in news:
                way = way_of(activity.operation, activity.place)
                self.did[way] = min(activity.time, self.did.get(way, activity.time))
        elif news and news[0].action == "secret_read":
            for activity in news:
                for secret in secrets_named(activity):
                    self.secrets[secret] = min(activity.time, self.secrets.get(secret, activity.time))

    def _stay(self, kept: list[Evidence], once: bool) -> None:
        """Remembers the first and the last at each place, and the days, before any is let go of. ``once``:
        whether no event is told twice."""
        by_place: dict[str, list[Evidence]] = {}
        for evidence in kept:
            by_place.setdefault(evidence.place, []).append(evidence)
        by_place.pop("", None)
        for place, seen in by_place.items():
            key = standing(place)
            first, last = (seen[0], seen[-1]) if once else (_joined(seen), _joined(seen[::-1]))
            days = _days(seen)
            known = self.stays.get(key)
            if known is not None:
                first, last, days = earliest(known[0], first), latest(known[1], last), known[2] | days
            self.stays[key] = first, last, days

    def stays_of(self, source: str, action: str) -> dict[str, Stay]:
        """Returns the places in the form of a fact."""
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
                seen if last is first else bare(last),
                tuple(sorted(days)[:STAY_DAYS_MAX]),
                tuple(sorted(services.get(place, ()))[:SERVICES_MAX]),
                {action: seen} if action in GRAVE else {},
            )
        return stays

    def shrink(self, stands: bool) -> None:
        """Thins the gathered uses."""
        found = self.sightings(stands)
        self.evidence, self.truncated, self.gone = list(found.kept), found.truncated, found.gone


def _days(seen: list[Evidence]) -> frozenset[int]:
    """Returns the days of events in order of time."""
    first, last = seen[0].time // DAY, seen[-1].time // DAY
    return frozenset((first,) if first == last else {evidence.time // DAY for evidence in seen})


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
