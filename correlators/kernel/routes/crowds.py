"""Crowds: findings of one cause within an hour, which are told as one story.

Each dossier sends its findings to their crowds (``to_crowds``): to the head, where they are counted and
named, and to a shard, which knows the dossiers. Where there are too many of one severity the head says so to
the shards, and these to the dossiers; a finding of that severity then stands below the story. Nothing is
counted in a join: the head holds a sample by the site's digests, the smallest of each severity, which is all
of them while they are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from correlators.kernel.knowledge.join import marks
from schemas import frozen
from schemas.crowds import CROWD_PREFIX, crowd_of, shard_of, shards_of, story_of
from schemas.dossier import Dossier, Member, Part, Reported
from schemas.rosters import digest, share_below
from schemas.verdict import Severity, Verdict

PARTS_MAX = 256
"""Findings of one severity that a crowd keeps, those with the smallest digests: more than the largest limit,
and enough to tell how many there are to some six in a hundred."""

MEMBERS_MAX = 4_000
"""Dossiers on one of the sixteen shards, those with the smallest digests: 64,000 with a finding of one cause
in one hour. The findings of the others stay alarms of their own."""

PARTS_MARK = "crowd of severity {} is a sample"
MEMBERS_MARK = "crowd truncated"

FOREVER = 1 << 60
"""The number of what is not taken back: of a sample it is not known what was let go of."""

Levels = Mapping[int, tuple[int, bool]]


class Counted(NamedTuple):
    """Findings of one severity: those that are kept, and how many there are. ``exact``: these are all."""

    parts: tuple[Part, ...]
    many: int
    exact: bool


def to_crowds(key: str, reported: Mapping[str, Reported]) -> Iterator[tuple[str, Dossier]]:
    """Yields facts about each finding, to the crowds that the finding belongs to or has left."""
    for uid, said in reported.items():
        for name in (*said.crowds, *said.left):
            now = name in said.crowds and bool(said.digest) and said.severity > 0
            part = Part(
                said.number, now, now and said.open, said.severity, said.fell, uid, said.control,
                said.subject, key, said.start,
            )  # fmt: skip
            yield f"{CROWD_PREFIX}{name}", Dossier(crowd={digest(uid): part})
            yield shard_of(name, key), Dossier(members={key: Member(key)}, crowded={name: {}})


def levels_of(key: str, dossier: Dossier) -> dict[int, Counted]:
    """Returns the findings of a crowd, counted by severity."""
    levels: dict[int, Counted] = {}
    for severity in sorted({part.severity for part in dossier.crowd.values()}):
        kept = {at: part for at, part in dossier.crowd.items() if part.severity == severity and part.stands}
        exact = PARTS_MARK.format(severity) not in dossier.marks
        many = len(kept) if exact or not kept else round(len(kept) / share_below(max(kept)))
        parts = tuple(part for _, part in sorted(kept.items()))
        levels[severity] = Counted(parts, many, exact)
    return levels


def over(key: str, dossier: Dossier) -> dict[int, tuple[int, bool]]:
    """Returns per severity whether there are too many, and as of which number: only what leaves a crowd can
    make it less of one."""
    limit = crowd_of(key).limit
    fell = sum(part.fell for part in dossier.crowd.values())
    return {
        severity: (FOREVER, True) if not level.exact else (fell, level.many > limit)
        for severity, level in levels_of(key, dossier).items()
    }


def notices(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields to each shard that this is a crowd, or is one no more."""
    levels = {level: said for level, said in over(key, dossier).items() if said[0] or said[1]}
    if levels:
        name = key.removeprefix(CROWD_PREFIX)
        notice = Dossier(crowded={name: levels})
        yield from ((shard, notice) for shard in shards_of(name))
    yield from to_crowds(key, dossier.reported)


def passed(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields to each dossier on this shard what the head of the crowd said."""
    if any(dossier.crowded.values()):
        notice = Dossier(crowded=dossier.crowded)
        yield from ((member, notice) for member in dossier.members)


def hours(dossier: Dossier) -> Iterator[int]:
    """Yields the times at which the hours of these crowds began (µs)."""
    yield from (part.start for part in dossier.crowd.values())
    yield from (crowd_of(name).start for name in dossier.crowded)


def capped(key: str, dossier: Dossier) -> Dossier:
    """Returns the crowd within its caps. Returns the argument where nothing is dropped."""
    kept: dict[str, Part] = {}
    full: list[str] = []
    for severity in Severity:
        level = sorted(at for at, part in dossier.crowd.items() if part.severity == severity)
        kept.update((at, dossier.crowd[at]) for at in level[:PARTS_MAX])
        if len(level) > PARTS_MAX:
            full.append(PARTS_MARK.format(int(severity)))
    if not full:
        return dossier
    return frozen.changed(dossier, crowd=kept, marks=marks(dossier.marks, tuple(full)))


def shard_capped(key: str, dossier: Dossier) -> Dossier:
    """Returns the shard within its cap. Returns the argument where nothing is dropped."""
    if len(dossier.members) <= MEMBERS_MAX:
        return dossier
    kept = sorted(dossier.members, key=lambda member: (digest(member), member))[:MEMBERS_MAX]
    members = {member: dossier.members[member] for member in kept}
    return frozen.changed(dossier, members=members, marks=marks(dossier.marks, (MEMBERS_MARK,)))


def below(verdict: Verdict, crowded: Mapping[str, Levels]) -> Verdict:
    """Puts the verdict below the story of the widest crowd that is one at its severity; returns it as it is
    where none is."""
    for name in verdict.crowds:
        if crowded.get(name, {}).get(int(verdict.severity or 0), (0, False))[1]:
            return frozen.changed(verdict, story=story_of(name))
    return verdict
