"""The join of dossiers: associative, commutative, idempotent. Nothing else ever changes a dossier.

Every join returns its first argument itself (the same object) where the second teaches nothing, so "was
anything learned?" is one identity test however large the dossier.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress
from operator import attrgetter
from typing import Any, TypeVar

from correlators.kernel.knowledge import tied
from correlators.kernel.knowledge.homes import homes
from correlators.kernel.knowledge.sightings import join_evidence, merge
from schemas.activity import Edge, Parent
from schemas.declaration import UNSAID, Declaration
from schemas.dossier import (
    Address,
    Ancestor,
    Called,
    Calls,
    Child,
    Credential,
    Descendant,
    Dossier,
    Glimpsed,
    Grant,
    Listed,
    Member,
    Opened,
    Part,
    Passage,
    Reported,
    Sightings,
    Stay,
    Turn,
    Watch,
)
from schemas.evidence import Evidence
from schemas.frozen import changed
from schemas.rosters import FRONT_SAMPLE_MAX, SAMPLED_MAX
from schemas.span import OF_SERVICE

TURNS_MAX = 64
"""Turns of one switch that are kept: the 32 first and the 32 last. More is a flapping account; the mark of a
full set says so (``correlators.kernel.knowledge.fullness``)."""

NAMES_MAX = 64
"""Other names, places, clients of one credential: the smallest by text; more is a shared credential, and the
mark of a full set says so."""

DECLARATIONS_MAX = 32
"""Declarations of one identity that are kept: the latest recorded, and beside them of each field the last one
that mentions it; the mark of a full set says so."""

CLAIMS_MAX = 128
"""Rotations of one thing, approvals of one identity, exceptions that may apply to it: the latest recorded;
the mark of a full set says so."""

DID_MAX = 128
"""Ways in which a credential wrote to identities, and things that it made: the earliest; what it first did
later is told as new."""

UNDID_MAX = 64
"""Writes of a credential that only took something away: the 32 first and the 32 last; one that was let go of
is told as any other write."""

STAYS_MAX = 128
"""Places of one credential that are told apart: the smallest by text. More is a crowd, and the mark of a full
set says so: what a control says of a full set, it says as if one more had come."""

STAY_DAYS_MAX = 8
"""Days on which a credential was at a place: the first; three tell whether it came back."""

SERVICES_MAX = 32
"""What is reached from one place: the smallest by text; a full set is taken for everything."""

PASSAGES_MAX = 16
"""Addresses of one sampled identity: the first. A balancer has a few nodes, and changes them now and then."""

MADE_MAX = 1_000
"""Identities that one has made, of which it is known whether they are its: the newest. One that is made for a
lease of minutes is over long before it leaves this list."""

LISTS_MAX = 64
"""Lists of tools of one server (or of one agent's models) that are told apart: the newest by month, and in
it by digest. Servers change their tools with a release: that is a year. More in one month are made anew
each time."""

PINNED = 8
"""Uses right after an end that are kept whatever comes later: the first is named in the finding always."""

LAST = 2
"""Uses right before a turn of a switch that are kept whatever comes later: of a period that is over the
finding names the last."""

BESIDE_MAX = 32
"""Other credentials of its identity of which a credential that is judged apart is told: the smallest by name.
It is told of one or two that may have taken its place, and of what came from it."""

BEFORE = "-"
"""Before the time in a pin's key: it pins what came before."""

SECRETS_MAX = 256
"""Secrets of which it is known that an identity read them: those read earliest. Of one that reads more,
whatever it reads later is not new."""

CALLED_MAX = 32
"""Identities of one dossier whose names are kept, by key: the identity and its aliases. The name of another
is its key."""

DAYS_MAX = 512
"""Days on which a source showed something: more than the longest silence that is asked for."""

T = TypeVar("T")
Join = Callable[[T, T], T]


def highest(a: T, b: T) -> T:
    """Returns the larger of two values. It serves for values of which only one is right, where any fixed
    choice will do."""
    return b if b > a else a  # type: ignore[operator]


_STRENGTH = {"made_by": 0, "came_from": 1, "dies_with": 2}


def strongest(a: Edge, b: Edge) -> Edge:
    """Returns, of two edges of lineage, the one that carries more: what was told over an edge is never
    taken back."""
    return b if _STRENGTH[b] > _STRENGTH[a] else a


def earliest(a: Evidence, b: Evidence) -> Evidence:
    """Returns the earlier of two events, by (time, uid, origin)."""
    one, other = (a.time, a.uid, a.origin), (b.time, b.uid, b.origin)
    if one == other:
        return join_evidence(a, b)
    return b if other < one else a


def earliest_time(a: int, b: int) -> int:
    """Returns the earlier of two times in µs; 0 stands for no time and gives way to the other one."""
    return min(a or b, b or a)


def names(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the union of sorted sets of text, capped to the smallest."""
    if a == b or all(name in a for name in b):
        return a
    union = tuple(sorted({*a, *b})[:NAMES_MAX])
    return a if union == a else union


def marks(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the union of two sorted tuples of marks; the first one itself where it holds all of the
    second."""
    return a if set(b) <= set(a) else tuple(sorted({*a, *b}))


def turns(a: tuple[Turn, ...], b: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Returns the union of the turns of a switch; beyond the cap the first and the last half are kept."""
    if a == b:
        return a
    known = {_turn_id(turn): turn for turn in a}
    learned = False
    for new in b:
        old = known.get(_turn_id(new))
        joined = new if old is None else _join_turn(old, new)
        if joined is not old:
            known[_turn_id(new)] = joined
            learned = True
    if not learned:
        return a
    union = tuple(sorted(known.values()))
    if len(union) > TURNS_MAX:
        union = union[: TURNS_MAX // 2] + union[-TURNS_MAX // 2 :]
    return a if union == a else union


def _turn_id(turn: Turn) -> tuple[Any, ...]:
    return (
        turn.time,
        turn.alive,
        turn.how,
        turn.kind,
        turn.claims_cut,
        turn.carries,
        turn.scope,
        turn.about,
        turn.evidence.event,
    )


def _join_turn(a: Turn, b: Turn) -> Turn:
    evidence = join_evidence(a.evidence, b.evidence)
    if evidence is a.evidence:
        return a
    return Turn(a.time, a.alive, a.how, evidence, a.kind, a.claims_cut, a.carries, a.scope, a.about)


def declarations(a: tuple[Declaration, ...], b: tuple[Declaration, ...]) -> tuple[Declaration, ...]:
    """Returns the union of declarations, the latest recorded kept; one record declared twice keeps its first
    arrival."""
    if a == b:
        return a
    known: dict[Any, Declaration] = {}
    for d in (*a, *b):
        bare = (
            d.recorded,
            d.uid,
            d.owner,
            d.name,
            d.kind,
            d.environment,
            d.privilege,
            d.statuses,
            d.windows,
            d.tools,
            d.delegates,
            d.scopes,
            d.places,
            d.secrets,
            d.aliases,
            d.source,
            d.cleared,
        )
        old = known.get(bare)
        known[bare] = d if old is None else min(old, d, key=lambda x: (x.arrived or 1 << 62, x.processed))
    union = _lasting(sorted(known.values(), key=_recorded))
    return a if union == a else union


def _lasting(every: list[Declaration]) -> tuple[Declaration, ...]:
    """The latest recorded, and of each field the last record that mentions it, however old: what records
    since then did not mention stands."""
    if len(every) <= DECLARATIONS_MAX:
        return tuple(every)
    older = every[:-DECLARATIONS_MAX]
    last = {field: n for field in UNSAID for n, d in enumerate(every) if d.says(field)}
    return (*(d for n, d in enumerate(older) if n in last.values()), *every[-DECLARATIONS_MAX:])


def _recorded(d: Declaration) -> tuple[Any, ...]:
    return d.recorded, d.uid, repr(d)


def map_of(join: Join[T]) -> Join[dict[Any, T]]:
    """Returns a function that joins two maps, value by value."""

    def both(a: dict[Any, T], b: dict[Any, T]) -> dict[Any, T]:
        if not a:
            return b or a
        learned: dict[Any, T] | None = None
        for key, value in b.items():
            old = a.get(key)
            joined = value if old is None else join(old, value)
            if joined is not old:
                if learned is None:
                    learned = dict(a)
                learned[key] = joined
        return a if learned is None else learned

    return both


def record_of(kind: type[T], /, **joins: Join[Any]) -> Join[T]:
    """Returns a function that joins two records, field by field. The empty value of a field gives way to
    any other."""
    fields: tuple[str, ...] = kind.__struct_fields__  # type: ignore[attr-defined]
    plan = tuple(joins[name] for name in fields)
    values_of: Callable[[T], tuple[Any, ...]] = attrgetter(*fields)
    places = range(len(fields))

    def both(a: T, b: T) -> T:
        if a is b:
            return a
        news = values_of(b)
        learned: dict[str, Any] = {}
        # Most fields of a fact are empty.
        for i in compress(places, news):
            name, new = fields[i], news[i]
            old = getattr(a, name)
            joined = plan[i](old, new) if old else new
            if joined is not old:
                learned[name] = joined
        return changed(a, **learned) if learned else a  # type: ignore[type-var]

    return both


_sightings: Join[Sightings] = merge


def first_few(a: Sightings, b: Sightings) -> Sightings:
    """Returns the union of two sets of sightings, of which the first few are kept."""
    merged = merge(a, b)
    kept = merged.kept[:PINNED]
    return a if kept == a.kept else Sightings(kept, True)


def join_pins(a: dict[str, Sightings], b: dict[str, Sightings]) -> dict[str, Sightings]:
    """Returns the union of two maps of pins. Of each pin the use that is nearest to the time of the pin is
    kept."""
    learned: dict[str, Sightings] = {}
    for name, new in b.items():
        old = a.get(name)
        if old is None:
            learned[name] = new
        elif old is not new:
            joined = last_few(old, new) if name.startswith(BEFORE) else first_few(old, new)
            if joined is not old:
                learned[name] = joined
    return {**a, **learned} if learned else a


def last_few(a: Sightings, b: Sightings) -> Sightings:
    """Returns the union of two sets of sightings, of which the last few are kept."""
    kept = merge(a, b).kept[-LAST:]
    return a if kept == a.kept else Sightings(kept, True)


_earliest_times: Join[dict[str, int]] = map_of(earliest_time)
_latest_times: Join[dict[str, int]] = map_of(highest)
_texts: Join[dict[str, str]] = map_of(highest)


def flag(a: bool, b: bool) -> bool:
    """Returns the join of two flags: once set, a flag stays set."""
    return a or b


def firsts(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    """Returns the union of two maps of first times, the earlier time for each key. Beyond the cap the
    earliest are kept."""
    union = _earliest_times(a, b)
    if len(union) <= DID_MAX:
        return union
    kept = dict(sorted(union.items(), key=lambda item: (item[1], item[0]))[:DID_MAX])
    return a if kept == a else kept


def ends_of(a: dict[str, str], b: dict[str, str]) -> dict[str, str]:
    """Returns the union of two maps of ends. Beyond the cap the first and the last half, by key, are kept."""
    union = _texts(a, b)
    if len(union) <= UNDID_MAX:
        return union
    keys = sorted(union)
    kept = {key: union[key] for key in (*keys[: UNDID_MAX // 2], *keys[-UNDID_MAX // 2 :])}
    return a if kept == a else kept


def latest(a: Evidence, b: Evidence) -> Evidence:
    """Returns the later of two events, by (time, uid, origin)."""
    one, other = (a.time, a.uid, a.origin), (b.time, b.uid, b.origin)
    if one == other:
        return join_evidence(a, b)
    return b if other > one else a


def few_days(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the union of two sets of days, cut to the first few."""
    if a == b or all(day in a for day in b):
        return a
    union = tuple(sorted({*a, *b})[:STAY_DAYS_MAX])
    return a if union == a else union


def few_services(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the union of two sets of services, cut to the smallest."""
    if a == b or all(name in a for name in b):
        return a
    union = tuple(sorted({*a, *b})[:SERVICES_MAX])
    return a if union == a else union


_join_stay: Join[Stay] = record_of(
    Stay, first=earliest, last=latest, days=few_days, services=few_services, grave=map_of(earliest)
)
_stays: Join[dict[str, Stay]] = map_of(_join_stay)


def stays(a: dict[str, Stay], b: dict[str, Stay]) -> dict[str, Stay]:
    """Returns the union of two maps of stays. Beyond the cap the places that are smallest by text are
    kept."""
    union = _stays(a, b)
    if len(union) <= STAYS_MAX:
        return union
    kept = {place: union[place] for place in sorted(union)[:STAYS_MAX]}
    return a if kept == a else kept


join_ancestor: Join[Ancestor] = record_of(
    Ancestor,
    edge=strongest,
    home=homes,
    turns=turns,
    kind=highest,
    issued=earliest,
    incarnation=highest,
    direct=flag,
    named=tied.newest,
    opened=highest,
)

join_descendant: Join[Descendant] = record_of(
    Descendant,
    edge=strongest,
    kind=highest,
    names=names,
    issued=earliest,
    expiry=highest,
    uses=map_of(_sightings),
    did=firsts,
    superseded=earliest_time,
    direct=flag,
    named=tied.newest,
    opened=highest,
)

join_parent: Join[Parent] = record_of(Parent, edge=strongest, identity=highest)

join_child: Join[Child] = record_of(Child, edge=strongest, identity=homes, issued=earliest_time)

join_credential: Join[Credential] = record_of(
    Credential,
    kind=highest,
    names=names,
    issued=earliest,
    known=earliest,
    expiry=highest,
    max_uses=highest,
    parents=map_of(join_parent),
    turns=turns,
    failed_ends=turns,
    ancestors=map_of(join_ancestor),
    children=map_of(join_child),
    descendants=map_of(join_descendant),
    uses=map_of(_sightings),
    pins=join_pins,
    places=names,
    clients=names,
    incarnation=highest,
    exposures=turns,
    machine=highest,
    did=firsts,
    undid=ends_of,
    seen_as=highest,
    seen_until=highest,
    stays=stays,
    knocks=stays,
    person=flag,
    theirs=flag,
    lives=highest,
    called=highest,
    session=highest,
    opened=highest,
)

_beside: Join[dict[str, Credential]] = map_of(join_credential)


def beside(a: dict[str, Credential], b: dict[str, Credential]) -> dict[str, Credential]:
    """Returns the union of two maps, cut to the keys that are smallest by name."""
    union = _beside(a, b)
    if len(union) <= BESIDE_MAX:
        return union
    kept = {name: union[name] for name in sorted(union)[:BESIDE_MAX]}
    return a if kept == a else kept


join_address: Join[Address] = record_of(Address, since=earliest_time, turns=turns)

join_member: Join[Member] = record_of(Member, identity=homes, path=highest, issued=earliest_time)


def longest(a: str, b: str) -> str:
    """Returns the longer of two texts that could not be read: the longer text may say more."""
    return b if (len(b), b) > (len(a), a) else a


join_calls: Join[Calls] = record_of(
    Calls, names=names, servers=names, handoff=flag, channels=map_of(_sightings), leads=names, also=names
)


join_listed: Join[Listed] = record_of(Listed, tools=highest, seen=merge)
_lists: Join[dict[str, Listed]] = map_of(join_listed)


def lists(a: dict[str, Listed], b: dict[str, Listed]) -> dict[str, Listed]:
    """Returns the join of two maps of lists. Of each server the newest lists are kept, in the order of
    their keys."""
    union = _lists(a, b)
    if len(union) <= LISTS_MAX:
        return union
    room: dict[str, int] = {}
    kept: dict[str, Listed] = {}
    for key in sorted(union, reverse=True):
        group = key.rpartition("\t")[0]
        room[group] = room.get(group, 0) + 1
        if room[group] <= LISTS_MAX:
            kept[key] = union[key]
    return a if kept == a else kept


def join_span(a: Any, b: Any) -> Any:
    """Returns one of two reports of a span. A span is immutable: two reports of one differ only in when they
    came; the first arrival is kept."""
    if a == b:
        return a
    return min(a, b, key=lambda span: (span.arrived or 1 << 62, span.processed or 1 << 62, repr(span)))


_same_spans: Join[dict[str, Any]] = map_of(join_span)


def join_spans(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Returns the union. An id is its service's own: where two services tell of a span of one id, one, by the
    text of its service the least, stands under the id, the others under it and their service's name."""
    if not any(OF_SERVICE in name or _is_anothers(a.get(name), span) for name, span in b.items()):
        return _same_spans(a, b)
    every: dict[str, dict[str, Any]] = {}
    for spans in (a, b):
        for name, span in spans.items():
            by_service = every.setdefault(name.partition(OF_SERVICE)[0], {})
            known = by_service.get(span.service)
            by_service[span.service] = span if known is None else join_span(known, span)
    union: dict[str, Any] = {}
    for span_id, by_service in every.items():
        for n, service in enumerate(sorted(by_service)):
            union[f"{span_id}{OF_SERVICE}{service}" if n else span_id] = by_service[service]
    return a if union == a else union


def _is_anothers(known: Any, span: Any) -> bool:
    return known is not None and known.service != span.service


join_grant: Join[Grant] = record_of(Grant, role=highest, turns=turns, uses=map_of(_sightings))

join_opened: Join[Opened] = record_of(
    Opened, began=earliest, ended=earliest_time, allowed_by=highest, passive=flag, secret=flag
)

join_glimpsed: Join[Glimpsed] = record_of(Glimpsed, until=highest, about=highest, evidence=earliest)


def claims(a: tuple[T, ...], b: tuple[T, ...]) -> tuple[T, ...]:
    """Returns the union of records that each make one claim (``schemas.claims``), the latest recorded kept;
    one told twice keeps its first arrival."""
    if a == b:
        return a
    known: dict[Any, T] = {}
    for claim in (*a, *b):
        said = _said(claim)
        old = known.get(said)
        known[said] = claim if old is None else min(old, claim, key=_arrived)
    union = tuple(known[said] for said in sorted(known)[-CLAIMS_MAX:])
    return a if union == a else union


def secrets(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    """Returns the union of two maps of secrets, with the first time of each. Beyond the cap the earliest
    are kept."""
    union = _earliest_times(a, b)
    if len(union) <= SECRETS_MAX:
        return union
    kept = dict(sorted(union.items(), key=lambda item: (item[1], item[0]))[:SECRETS_MAX])
    return a if kept == a else kept


_both_flags: Join[dict[str, bool]] = map_of(flag)


def sampled(a: dict[str, bool], b: dict[str, bool]) -> dict[str, bool]:
    """Returns the union of two samples of identities, of which the smallest digests are kept. An identity
    counts as named if either sample says so."""
    union = _both_flags(a, b)
    if len(union) <= SAMPLED_MAX:
        return union
    kept = {digest: union[digest] for digest in sorted(union)[:SAMPLED_MAX]}
    return a if kept == a else kept


def newest(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    """Returns the union of two maps of times, the later time for each key. Beyond the cap the latest are
    kept."""
    union = _latest_times(a, b)
    if len(union) <= MADE_MAX:
        return union
    kept = dict(sorted(union.items(), key=lambda item: (item[1], item[0]))[-MADE_MAX:])
    return a if kept == a else kept


_highest_called: Join[dict[str, Called]] = map_of(highest)


def called(a: dict[str, Called], b: dict[str, Called]) -> dict[str, Called]:
    """Returns the union of two maps of names. For each key the name of the latest day is kept; beyond the
    cap, the smallest keys."""
    union = _highest_called(a, b)
    if len(union) <= CALLED_MAX:
        return union
    kept = {key: union[key] for key in sorted(union)[:CALLED_MAX]}
    return a if kept == a else kept


join_passage: Join[Passage] = record_of(Passage, first=earliest_time, given=earliest_time, roams=flag)
_passages: Join[dict[str, Passage]] = map_of(join_passage)


def passages(a: dict[str, Passage], b: dict[str, Passage]) -> dict[str, Passage]:
    """Returns the union of two maps of passages. Beyond the cap the addresses that were seen first are
    kept."""
    union = _passages(a, b)
    if len(union) <= PASSAGES_MAX:
        return union
    kept = dict(sorted(union.items(), key=lambda item: (item[1].first, item[0]))[:PASSAGES_MAX])
    return a if kept == a else kept


_samples: Join[dict[str, dict[str, Passage]]] = map_of(passages)


def front_sample(
    a: dict[str, dict[str, Passage]], b: dict[str, dict[str, Passage]]
) -> dict[str, dict[str, Passage]]:
    """Returns the union of two samples, of which the smallest digests are kept."""
    union = _samples(a, b)
    if len(union) <= FRONT_SAMPLE_MAX:
        return union
    kept = {digest: union[digest] for digest in sorted(union)[:FRONT_SAMPLE_MAX]}
    return a if kept == a else kept


def _said(claim: Any) -> tuple[Any, ...]:
    fields = (getattr(claim, name) for name in claim.__struct_fields__ if name != "record")
    return claim.record.time, claim.record.uid, claim.record.origin, *fields


def _arrived(claim: Any) -> tuple[int, int, str]:
    return claim.record.arrived or 1 << 62, claim.record.processed, repr(claim)


join_reported: Join[Reported] = highest

join_part: Join[Part] = highest

_first_of_days: Join[dict[int, int]] = map_of(earliest_time)


def days(a: dict[int, int], b: dict[int, int]) -> dict[int, int]:
    """Returns the union of two maps from a day to its first event. Beyond the cap the latest days are
    kept."""
    union = _first_of_days(a, b)
    if len(union) <= DAYS_MAX:
        return union
    kept = {day: union[day] for day in sorted(union)[-DAYS_MAX:]}
    return a if kept == a else kept


join_watch: Join[Watch] = record_of(Watch, newest=highest, ticked=highest, days=days)

join: Join[Dossier] = record_of(
    Dossier,
    credentials=map_of(join_credential),
    addresses=map_of(join_address),
    turns=map_of(turns),
    stated=map_of(declarations),
    members=map_of(join_member),
    calls=map_of(join_calls),
    offered=map_of(earliest),
    seen=earliest,
    spans=join_spans,
    grants=map_of(join_grant),
    sessions=map_of(join_opened),
    glimpses=map_of(join_glimpsed),
    begun=map_of(earliest_time),
    rotations=map_of(claims),
    policies=map_of(claims),
    versions=map_of(_sightings),
    approvals=map_of(claims),
    exceptions=claims,
    covers=map_of(earliest),
    sampled=sampled,
    fronts=map_of(front_sample),
    lent=map_of(turns),
    made=newest,
    makers=map_of(earliest),
    watch=map_of(join_watch),
    reported=map_of(join_reported),
    marks=marks,
    heard=map_of(lambda a, b: join(a, b)),
    coming=map_of(lambda a, b: join(a, b)),
    ways=map_of(highest),
    apart=map_of(highest),
    asked=map_of(flag),
    beside=beside,
    releases=map_of(claims),
    images=map_of(_sightings),
    secrets=secrets,
    crowd=map_of(join_part),
    crowded=map_of(map_of(highest)),
    unread=longest,
    lists=lists,
    called=called,
)
