"""Weight: what a dossier lets go of where it would be larger than a message may be.

First credentials that had expired long before the last that is known of any, and those that no record claims
anything about; then what is told of the others is kept in brief, for an end must be remembered longer than
what was done before it; then parts beside credentials, the largest first, down to half; at the very last
whole credentials. Of each the longest unseen go first. Every step leaves a mark. What goes, goes beyond what
is needed: the next thing learned shall not be weighed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from correlators.kernel.knowledge import gone, spans
from correlators.kernel.knowledge.join import marks
from correlators.kernel.knowledge.memory import AFTER_LIFE
from schemas import frozen
from schemas.dossier import (
    APART,
    Ancestor,
    Calls,
    Child,
    Credential,
    Descendant,
    Dossier,
    Grant,
    Listed,
    Member,
    Opened,
    Reported,
    Sightings,
    Stay,
    Turn,
)
from schemas.evidence import Evidence
from schemas.sharding import are_siblings
from schemas.stored import encode as encode_dossier

CREDENTIALS_MARK = "credentials truncated"
SPARE_MARK = "spare credentials truncated"

CUT = frozenset({CREDENTIALS_MARK, SPARE_MARK})
"""Marks of dossiers that have let go of credentials, or of what was issued from one, for their size."""

ROOM_FOR_MARKS = 4_000
"""Bytes for the names of voices, times to come, and the marks."""

HEARSAY_MARK = "hearsay truncated"
COMING_MARK = "what is to come truncated"

BRIEF_TEXT_MAX = 200
"""Letters of a client, a place, an operation that are kept in brief: who calls may write what they like
there."""

BRIEF_MAX = 8
"""Children, descendants, ancestors, pins of a credential that are kept in brief, the newest."""

PARTS = (
    "members", "calls", "offered", "lists", "spans", "grants", "sessions", "glimpses", "begun", "turns",
    "stated", "rotations", "policies", "versions", "approvals", "exceptions", "covers", "sampled", "fronts",
    "lent", "made", "makers", "watch", "addresses", "reported", "ways", "releases", "images",
    "secrets", "crowd", "crowded", "called", "beside",
)  # fmt: skip
"""Parts of a dossier beside its credentials that can grow."""

T = TypeVar("T")


def lightened(dossier: Dossier, bytes_max: int) -> tuple[Dossier, bytes]:
    """Returns the dossier cut to ``bytes_max`` bytes, and its encoding. A dossier that is small enough is
    returned as it is."""
    body = encode_dossier(dossier)
    if len(body) > bytes_max and (dossier.heard or dossier.coming):
        dossier = _with_less_beside(dossier, bytes_max)
        body = encode_dossier(dossier)
    if len(body) <= bytes_max:
        return dossier, body
    if dossier.unread:
        # Whoever wrote it kept it within the cap; what was learned since has what is left, or a quarter.
        room = max(bytes_max - frozen.size_of(dossier.unread), bytes_max // 4)
        light = frozen.changed(lightened(frozen.changed(dossier, unread=""), room)[0], unread=dossier.unread)
        return light, encode_dossier(light)
    dossier, body = spared(dossier, body, bytes_max)
    if len(body) > bytes_max:
        dossier = _in_brief(dossier, len(body) - bytes_max * 3 // 4)
        body = encode_dossier(dossier)
    room = bytes_max
    while len(body) > bytes_max:
        dossier = _level(dossier, max(room // 2, room - frozen.size_of(dossier.credentials)))
        size = frozen.size_of(dossier)
        dossier = _without(dossier, _by_age(dossier), size - room * 3 // 4 if size > room else 0)
        body = encode_dossier(dossier)
        room = room * 3 // 4
    return dossier, body


def spared(dossier: Dossier, body: bytes, bytes_max: int) -> tuple[Dossier, bytes]:
    """Returns a dossier that is too large without the parts that decide nothing any more and about which
    nothing was reported, and its encoding."""
    if len(body) <= bytes_max:
        return dossier, body
    light = _without(dossier, _spare(dossier), len(body) - bytes_max // 2, SPARE_MARK)
    return light, encode_dossier(light)


def _with_less_beside(dossier: Dossier, bytes_max: int) -> Dossier:
    """What is known has three quarters of the room; voices, and what is still to come, level shares of what
    it leaves."""
    known, body = lightened(frozen.changed(dossier, heard={}, coming={}), bytes_max * 3 // 4)
    share = (bytes_max - len(body) - ROOM_FOR_MARKS) // (len(dossier.heard) + len(dossier.coming))
    cut_marks = (HEARSAY_MARK,) if dossier.heard else ()
    return frozen.changed(
        known,
        heard={voice: lightened(said, share)[0] for voice, said in dossier.heard.items()},
        coming={time: lightened(said, share)[0] for time, said in dossier.coming.items()},
        marks=marks(known.marks, (*cut_marks, COMING_MARK) if dossier.coming else cut_marks),
    )


def _spare(dossier: Dossier) -> list[str]:
    """Credentials that are kept elsewhere, those that say nothing any more, and those of which nothing is
    said."""
    last = max(map(last_seen, dossier.credentials.values()), default=0)
    order = sorted(
        (c.lives != APART, not over(c, last), last_seen(c), name)
        for name, c in dossier.credentials.items()
        if name and (c.lives == APART or over(c, last) or not claimed(c))
    )
    return [name for *_, name in order]


def _by_age(dossier: Dossier) -> list[str]:
    order = sorted((bool(claimed(c)), last_seen(c), name) for name, c in dossier.credentials.items())
    return [name for *_, name in order]


def _without(dossier: Dossier, names: Iterable[str], excess: int, mark: str = CREDENTIALS_MARK) -> Dossier:
    """The dossier without so many of these credentials, and what was said of them, that it is ``excess``
    bytes smaller. What was said stays as it was said. Those that live apart have gone nowhere."""
    if excess <= 0:
        return dossier
    said: dict[str, int] = {}
    for uid, reported in dossier.reported.items():
        said[reported.subject] = said.get(reported.subject, 0) + frozen.size_of((uid, reported))
    credentials = dict(dossier.credentials)
    gone: set[str] = set()
    for name in names:
        if excess <= 0:
            break
        excess -= frozen.size_of(name) + frozen.size_of(credentials.pop(name)) + said.get(name, 0)
        gone.add(name)
    if not gone:
        return dossier
    lost = any(dossier.credentials[name].lives != APART for name in gone)
    return frozen.changed(
        dossier,
        credentials=credentials,
        reported={uid: report for uid, report in dossier.reported.items() if report.subject not in gone},
        marks=marks(dossier.marks, (mark,)) if lost else dossier.marks,
    )


def _in_brief(dossier: Dossier, excess: int) -> Dossier:
    """The dossier with the largest of its credentials in brief, so many that it is ``excess`` smaller."""
    sizes = {name: frozen.size_of(c) for name, c in dossier.credentials.items()}
    credentials = dict(dossier.credentials)
    changed = False
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        if excess <= 0:
            break
        short = brief(credentials[name])
        saved = sizes[name] - frozen.size_of(short)
        if saved > 0:
            credentials[name], changed = short, True
            excess -= saved
    if not changed:
        return dossier
    return frozen.changed(dossier, credentials=credentials, marks=marks(dossier.marks, (CREDENTIALS_MARK,)))


def brief(c: Credential) -> Credential:
    """Returns a credential with its ends, the first and last of each kind of use, and the first use after an
    end."""
    return frozen.changed(
        c,
        issued=_short(c.issued) if c.issued else None,
        known=_short(c.known) if c.known else None,
        names=c.names[:BRIEF_MAX],
        parents=_newest(c.parents, lambda _: 0),
        turns=few(c.turns),
        failed_ends=few(c.failed_ends),
        exposures=few(c.exposures),
        ancestors={name: _ancestor(a) for name, a in _newest(c.ancestors, _latest).items()},
        children=_children(c.children),
        descendants={name: _descendant(d) for name, d in _newest(c.descendants, _last_used).items()},
        uses={key: _brief(s) for key, s in c.uses.items()},
        pins={key: Sightings(_ends(s.kept[:1]), True) for key, s in _newest(c.pins, _pinned).items()},
        places=tuple(sorted({place[:BRIEF_TEXT_MAX] for place in c.places})),
        clients=tuple(sorted({client[:BRIEF_TEXT_MAX] for client in c.clients})),
        stays=_stays(c.stays),
        knocks=_stays(c.knocks),
    )


def _children(children: dict[str, Child]) -> dict[str, Child]:
    """The newest, and all dossiers of their siblings."""
    shards = {name: child for name, child in children.items() if are_siblings(name)}
    others = {name: child for name, child in children.items() if name not in shards}
    return {**_newest(others, lambda child: child.issued), **shards}


def _stays(stays: dict[str, Stay]) -> dict[str, Stay]:
    """The first places and the last."""
    begun = sorted(stays, key=lambda key: (stays[key].first.time, key))
    kept = begun if len(begun) <= BRIEF_MAX else (*begun[: BRIEF_MAX // 2], *begun[-BRIEF_MAX // 2 :])
    return {key: stays[key] for key in sorted(kept) if len(key) <= BRIEF_TEXT_MAX}


def _ancestor(a: Ancestor) -> Ancestor:
    return frozen.changed(a, turns=few(a.turns))


def _descendant(d: Descendant) -> Descendant:
    uses = {key: _brief(s) for key, s in d.uses.items()}
    return frozen.changed(d, names=d.names[:BRIEF_MAX], uses=uses)


def _latest(a: Ancestor) -> int:
    return max((turn.time for turn in a.turns), default=0)


def _last_used(d: Descendant) -> int:
    return max((s.kept[-1].time for s in d.uses.values() if s.kept), default=0)


def _pinned(s: Sightings) -> int:
    return s.kept[0].time if s.kept else 0


def _newest(many: dict[str, T], when: Callable[[T], int]) -> dict[str, T]:
    ranked = sorted(many, key=lambda name: (when(many[name]), name))
    return {name: many[name] for name in sorted(ranked[-BRIEF_MAX:])}


def few(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Returns the first turn and the last two: the last turn decides whether the switch is off now."""
    kept = turns if len(turns) <= 4 else (*turns[:2], *turns[-2:])
    return tuple(frozen.changed(turn, evidence=_short(turn.evidence)) for turn in kept)


def _brief(s: Sightings) -> Sightings:
    return Sightings(_ends(s.kept), True, gone.joined(s.gone, gone.at({e.time for e in s.kept[1:-1]})))


def _ends(kept: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return tuple(_short(e) for e in (kept if len(kept) <= 2 else (kept[0], kept[-1])))


def _short(e: Evidence) -> Evidence:
    """With its free texts cut; a cut text sorts before the whole, so the cut one is what a join keeps."""
    if max(len(e.client), len(e.operation), len(e.place)) <= BRIEF_TEXT_MAX and not e.mirrors:
        return e
    return frozen.changed(
        e,
        client=e.client[:BRIEF_TEXT_MAX],
        operation=e.operation[:BRIEF_TEXT_MAX],
        place=e.place[:BRIEF_TEXT_MAX],
        mirrors=(),
    )


def _level(dossier: Dossier, room: int) -> Dossier:
    """The parts beside credentials within ``room`` bytes together: small ones whole, the others level. Of
    what was said three quarters at most go first: what is let go of there would be said once more."""
    sizes = {part: frozen.size_of(getattr(dossier, part)) for part in PARTS if getattr(dossier, part)}
    said = min(sizes.pop("reported", 0), room * 3 // 4)
    cut = {"reported": said} if said < frozen.size_of(dossier.reported) else {}
    left, level = room - said, 0
    for count, part in zip(range(len(sizes), 0, -1), sorted(sizes, key=lambda p: (sizes[p], p)), strict=True):
        level = left // count
        if sizes[part] > level:
            break
        left -= sizes[part]
    else:
        level = room
    cut.update({part: level for part, size in sizes.items() if size > level})
    if not cut:
        return dossier
    kept: dict[str, Any] = {part: _cut(part, getattr(dossier, part), room) for part, room in cut.items()}
    return frozen.changed(
        dossier, **kept, marks=marks(dossier.marks, tuple(f"{part} truncated" for part in cut))
    )


def _cut(part: str, value: Any, room: int) -> Any:
    """Of a part what ranks highest, within ``room`` bytes."""
    if isinstance(value, tuple):
        return tuple(item for _, item in _kept([("", item) for item in value], part, room))
    entries = [(key, item) for key, many in value.items() for item in _items(many)]
    kept = _kept(entries, part, room)
    if any(isinstance(many, tuple) for many in value.values()):
        return {key: tuple(item for k, item in kept if k == key) for key in sorted({k for k, _ in kept})}
    return dict(sorted(kept, key=lambda entry: entry[0]))


def _items(many: Any) -> tuple[Any, ...]:
    return many if isinstance(many, tuple) else (many,)


def _kept(entries: list[tuple[str, Any]], part: str, room: int) -> list[tuple[str, Any]]:
    ranked = sorted(range(len(entries)), key=lambda i: _rank(part, *entries[i]), reverse=True)
    kept: list[int] = []
    for i in ranked:
        key, item = entries[i]
        room -= frozen.size_of(key) + frozen.size_of(item) + 4
        if room < 0:
            break
        kept.append(i)
    return [entries[i] for i in sorted(kept)]


def _rank(part: str, key: str, item: Any) -> tuple[Any, ...]:
    """The highest is kept longest."""
    if part == "spans":
        order, start, _ = spans.rank(key, item)
        return -order, -start, key
    if isinstance(item, Reported):
        return item.open, bool(item.digest), item.said, key
    return _when(item), key, repr(item)


_WHEN: Mapping[type, Callable[[Any], int]] = {
    Evidence: lambda e: e.time,
    Turn: lambda t: t.time,
    Member: lambda m: m.issued,
    Opened: lambda o: o.began.time,
    Sightings: lambda s: s.kept[-1].time if s.kept else 0,
    Calls: lambda c: max((s.kept[-1].time for s in c.channels.values() if s.kept), default=0),
    Listed: lambda one: one.seen.kept[-1].time if one.seen.kept else 0,
    Grant: lambda g: max((t.time for t in g.turns), default=0),
}


def _when(item: Any) -> int:
    """When it was so, last; claims: when they were recorded; 0 for what has no time."""
    rank = _WHEN.get(type(item))
    if rank:
        return rank(item)
    record = getattr(item, "record", None) or getattr(item, "evidence", None)
    return int(record.time) if record else int(getattr(item, "recorded", 0))


def over(credential: Credential, last: int) -> bool:
    """Says whether the credential had expired so long before ``last`` (µs) that everything issued from it
    has expired too."""
    return 0 < credential.expiry[1] < last - AFTER_LIFE


def claimed(credential: Credential) -> bool:
    """Says whether any record makes a claim about the credential."""
    said = credential.turns or credential.failed_ends or credential.exposures
    return bool(said or credential.ancestors or credential.descendants)


def last_seen(credential: Credential) -> int:
    """Returns the time of a credential's last use, or else of its first mention, in µs."""
    return max(
        (s.kept[-1].time for s in credential.uses.values() if s.kept),
        default=credential.known.time if credential.known else 0,
    )
