"""Pins: the first uses after each end, kept beside the thinned sightings.

A finding names the first use after a kill, always. Thinning keeps the ends of time buckets, not what stood
next to a kill, so before a dossier is thinned the uses right after every known end are pinned. Where a kill
is learned only after thinning had let those uses go, the earliest that is left is pinned; the verdict's value
does not depend on it.
"""

from __future__ import annotations

from bisect import bisect_right

from correlators.kernel.knowledge.join import PINNED, first_few
from correlators.kernel.knowledge.sightings import LEVELS
from schemas import frozen
from schemas.dossier import Credential, Dossier, Sightings
from schemas.evidence import Evidence

FEW = 2 * LEVELS[-1][2]
"""Sightings this short are never thinned, so they need no pins."""


def pinned(dossier: Dossier) -> Dossier:
    """Returns the dossier with the first uses after each of its ends pinned. Returns the argument where
    nothing is to pin."""
    common = [t.time for turns in dossier.turns.values() for t in turns if not t.alive]
    common += [s.start for many in dossier.stated.values() for d in many for s in d.statuses]
    changed = {
        name: fixed
        for name, credential in dossier.credentials.items()
        if (fixed := _pin(credential, common)) is not credential
    }
    if not changed:
        return dossier
    return frozen.changed(dossier, credentials={**dossier.credentials, **changed})


def _pin(credential: Credential, common: list[int]) -> Credential:
    long = {key: s.kept for key, s in credential.uses.items() if len(s.kept) > FEW}
    if not long:
        return credential
    ends = {*common, *(t.time for t in credential.turns if not t.alive)}
    ends.update(t.time for a in credential.ancestors.values() for t in a.turns if not t.alive)
    pins = dict(credential.pins)
    for end in ends:
        for key, kept in long.items():
            low = bisect_right(kept, end, key=_time)
            if after := kept[low : low + PINNED]:
                name = f"{end} {key}"
                old = pins.get(name)
                pins[name] = first_few(old, Sightings(after)) if old else Sightings(after)
    return credential if pins == credential.pins else frozen.changed(credential, pins=pins)


def _time(evidence: Evidence) -> int:
    return evidence.time


def sightings_of(credential: Credential) -> list[tuple[str, Sightings]]:
    """Returns for each key of ``uses`` the sightings that are kept of it, and those that are pinned."""
    return [*credential.uses.items(), *((name.partition(" ")[2], s) for name, s in credential.pins.items())]
