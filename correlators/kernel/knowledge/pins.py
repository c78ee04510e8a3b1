"""Pins: the uses next to each turn of a switch, kept beside the thinned sightings.

A finding names the first use after a kill and the last before it was undone, always. Thinning keeps the ends
of time buckets, not what stood next to a turn, so before a dossier is thinned the uses right after every
known end, and right before every known turn, are pinned. Where a turn is learned only after thinning had let
those uses go, the nearest that are left are pinned: an open period is decided by the last use, which is kept
always; a closed one by when something was let go of (``correlators.kernel.views.unseen``).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator

from correlators.kernel.knowledge.join import BEFORE, LAST, PINNED, join_pins
from correlators.kernel.knowledge.sightings import LEVELS
from schemas import frozen
from schemas.dossier import Credential, Dossier, Sightings, Turn
from schemas.evidence import Evidence

FEW = 2 * LEVELS[-1][2]
"""Sightings this short are never thinned, so they need no pins."""


def pinned(dossier: Dossier) -> Dossier:
    """Returns the dossier with the uses next to its turns pinned. Returns the argument where nothing is to
    pin."""
    if not any(len(s.kept) > FEW for c in dossier.credentials.values() for s in c.uses.values()):
        return dossier
    common = [turn for turns in dossier.turns.values() for turn in turns]
    unnamed = dossier.credentials.get("")
    common += unnamed.exposures if unnamed else ()
    declared = [s for many in dossier.stated.values() for d in many for s in d.statuses]
    after = {t.time for t in common if not t.alive} | {s.start for s in declared}
    before = {t.time for t in common} | {s.end for s in declared if s.end}
    changed = {
        name: fixed
        for name, credential in dossier.credentials.items()
        if (fixed := _pin(credential, after, before)) is not credential
    }
    if not changed:
        return dossier
    return frozen.changed(dossier, credentials={**dossier.credentials, **changed})


def _pin(credential: Credential, after: set[int], before: set[int]) -> Credential:
    long = {key: s.kept for key, s in credential.uses.items() if len(s.kept) > FEW}
    if not long:
        return credential
    own = [*_turns(credential)]
    ends = after | {t.time for t in own if not t.alive} | {credential.expiry[1]}
    turns = before | {t.time for t in own}
    found: dict[str, Sightings] = {}
    for key, kept in long.items():
        for end in ends:
            low = bisect_right(kept, end, key=_time)
            if end and low < len(kept):
                found[f"{end} {key}"] = Sightings(kept[low : low + PINNED])
        for turn in turns:
            if high := bisect_left(kept, turn, key=_time):
                found[f"{BEFORE}{turn} {key}"] = Sightings(kept[max(high - LAST, 0) : high])
    pins = join_pins(credential.pins, found)
    return credential if pins is credential.pins else frozen.changed(credential, pins=pins)


def _turns(credential: Credential) -> Iterator[Turn]:
    yield from credential.turns
    yield from credential.exposures
    for ancestor in credential.ancestors.values():
        yield from ancestor.turns


def next_to(kept: tuple[Evidence, ...], times: Collection[int]) -> set[Evidence]:
    """Returns of some uses those that are pinned next to these times (µs), on either side."""
    found: set[Evidence] = set()
    for time in times:
        low, high = bisect_left(kept, time, key=_time), bisect_right(kept, time, key=_time)
        found.update((*kept[max(low - LAST, 0) : low], *kept[high : high + PINNED]))
    return found


def _time(evidence: Evidence) -> int:
    return evidence.time


def sightings_of(credential: Credential) -> list[tuple[str, Sightings]]:
    """Returns for each key of ``uses`` the sightings that are kept of it, and those that are pinned."""
    return [*credential.uses.items(), *((name.partition(" ")[2], s) for name, s in credential.pins.items())]
