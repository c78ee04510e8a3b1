"""Sightings: evidence of one kind, thinned to a bounded number without regard to arrival order.

What is kept is a function of the whole set: per level (a width of time buckets) the newest buckets, and in each the
first and the last few. An event that a union selects is selected in each part that holds it, so
``thin(thin(a) | thin(b)) == thin(a | b)``: thinning commutes with joining, early or late, in any grouping.
"""

from __future__ import annotations

from datetime import timedelta

from schemas.dossier import Sightings
from schemas.evidence import Evidence, micros

ENDS = 2
"""How many of the first and of the last events of a bucket are kept: the first and the last must be, one more each shows a pace."""

LEVELS: tuple[tuple[int, int], ...] = (
    (micros(timedelta(minutes=1)), 8),
    (micros(timedelta(hours=1)), 12),
    (micros(timedelta(days=1)), 16),
    (micros(timedelta(days=30)), 14),
    (micros(timedelta(days=400_000)), 1),
)
"""(bucket width, how many of the newest buckets). Fine near the latest use, where a kill is decided; 14 months in all,
the longest memory; the last level holds the first and last of everything. At most 204 events in all."""

SLACK = 256
"""Sightings are thinned only beyond this length: thinning costs a pass, and any moment is as good."""


def merge(a: Sightings, b: Sightings) -> Sightings:
    """The join. Returns ``a`` itself where ``b`` teaches nothing."""
    if a.kept and b.kept and (b.kept[0].time, b.kept[0].uid) > (a.kept[-1].time, a.kept[-1].uid):
        later = Sightings(a.kept + b.kept, a.truncated or b.truncated)
        return thin(later) if len(later.kept) > SLACK else later
    known = {(e.time, e.uid): e for e in a.kept}
    learned = False
    for new in b.kept:
        old = known.get((new.time, new.uid))
        joined = new if old is None else join_evidence(old, new)
        if joined is not old:
            known[new.time, new.uid] = joined
            learned = True
    truncated = a.truncated or b.truncated
    if not learned:
        return a if truncated == a.truncated else Sightings(a.kept, truncated)
    merged = Sightings(tuple(sorted(known.values())), truncated)
    return thin(merged) if len(merged.kept) > SLACK else merged


def join_evidence(a: Evidence, b: Evidence) -> Evidence:
    """Two reports of one event: the smaller tells what happened, the earlier arrival when it came; mirrors unite."""
    if a is b or a == b:
        return a
    low = min(a, b, key=_told)
    arrived = min(a.arrived or b.arrived, b.arrived or a.arrived)
    processed = min(a.processed or b.processed, b.processed or a.processed)
    mirrors = a.mirrors if a.mirrors == b.mirrors else tuple(sorted({*a.mirrors, *b.mirrors}))
    joined = Evidence(
        low.time, low.uid, low.source, low.actor, low.credential, low.operation, low.place, low.client,
        arrived, processed, mirrors,
    )  # fmt: skip
    return a if joined == a else joined


def _told(e: Evidence) -> tuple[int, str, str, str, str, str, str, str]:
    return e.time, e.uid, e.source, e.actor, e.credential, e.operation, e.place, e.client


def thin(sightings: Sightings) -> Sightings:
    """The canonical form: what every level selects. Returns the argument itself where nothing is let go."""
    kept = sightings.kept
    if len(kept) <= 2 * ENDS:
        return sightings
    chosen: set[int] = set()
    for width, buckets in LEVELS:
        chosen.update(_select(kept, width, buckets))
        if len(chosen) == len(kept):
            return sightings
    return Sightings(tuple(kept[i] for i in sorted(chosen)), True)


def _select(kept: tuple[Evidence, ...], width: int, buckets: int) -> list[int]:
    """Positions of the first and last ``ENDS`` events of each of the newest ``buckets`` buckets of ``width``."""
    chosen: list[int] = []
    high = len(kept)
    while high and buckets:
        bucket = kept[high - 1].time // width
        low = high - 1
        while low and kept[low - 1].time // width == bucket:
            low -= 1
        if high - low <= 2 * ENDS:
            chosen.extend(range(low, high))
        else:
            chosen.extend((*range(low, low + ENDS), *range(high - ENDS, high)))
        high = low
        buckets -= 1
    return chosen
