"""Sightings: evidence of one kind, thinned to a bounded number without regard to arrival order.

What is kept is a function of the whole set: per level (a width of time buckets) the newest buckets, and in
each the first and the last few of each place. An event that a union selects is selected in each part that
holds it, so
``thin(thin(a) | thin(b)) == thin(a | b)``: thinning commutes with joining, early or late, in any grouping.
Joining itself never thins: a dossier is thinned when it is stored (``caps.canonical``), after the events next
to its ends have been pinned (``pins.pinned``), which a bucket's middle might lose. When something was let go
of is remembered by minute (``gone``), for the ends that are learned only afterwards.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter

from correlators.kernel.knowledge import gone
from schemas.dossier import Sightings
from schemas.evidence import Evidence, micros, network_of

LEVELS: tuple[tuple[int, int, int], ...] = (
    (micros(timedelta(minutes=1)), 8, 2),
    (micros(timedelta(hours=1)), 12, 2),
    (micros(timedelta(days=1)), 14, 2),
    (micros(timedelta(days=30)), 14, 2),
    (micros(timedelta(days=400_000)), 1, 8),
)
"""(bucket width, how many of the newest buckets, how many first and last events of each). Fine near the
latest use, where most questions are asked; 14 months in all, the longest memory; the last level is
everything, and keeps all where there is little."""

PLACES_MAX = 4
"""Places that are told apart within one bucket: the smallest by text; two are enough to contradict one.
"""

OPERATIONS_MAX = 32
"""Operations of which the first and the last use are kept: the smallest by text. Where there are so many,
some may be missing, and no exception for one of them holds (``correlators.kernel.views.exceptions``)."""

KEPT_MAX = 2 * OPERATIONS_MAX + sum(2 * buckets * ends for _, buckets, ends in LEVELS)
"""The most events that thinning keeps of one place: 208; of many places at most five times as many."""


def merge(a: Sightings, b: Sightings) -> Sightings:
    """Returns the join of two sets of sightings. Returns ``a`` itself where ``b`` teaches nothing."""
    lost = gone.joined(a.gone, b.gone)
    if a.kept and b.kept and (b.kept[0].time, b.kept[0].uid) > (a.kept[-1].time, a.kept[-1].uid):
        return Sightings(a.kept + b.kept, a.truncated or b.truncated, lost)
    kept = list(a.kept)
    learned = False
    for new in b.kept:
        at = bisect_left(kept, new)
        if not (at < len(kept) and _is_same_event(kept[at], new)):
            if not (at and _is_same_event(kept[at - 1], new)):
                kept.insert(at, new)
                learned = True
                continue
            at -= 1
        joined = join_evidence(kept[at], new)
        if joined is not kept[at]:
            kept[at] = joined
            learned = True
    truncated = a.truncated or b.truncated
    if not learned:
        same = truncated == a.truncated and lost is a.gone
        return a if same else Sightings(a.kept, truncated, lost)
    return Sightings(tuple(kept), truncated, lost)


def _is_same_event(a: Evidence, b: Evidence) -> bool:
    return a.time == b.time and a.uid == b.uid and a.origin == b.origin


def join_evidence(a: Evidence, b: Evidence) -> Evidence:
    """Joins two reports of one event: the smaller tells what happened, the earlier arrival when it came;
    mirrors unite."""
    if a is b or a == b:
        return a
    low = min(a, b, key=_order)
    arrived = min(a.arrived or b.arrived, b.arrived or a.arrived)
    processed = min(a.processed or b.processed, b.processed or a.processed)
    mirrors = a.mirrors if a.mirrors == b.mirrors else tuple(sorted({*a.mirrors, *b.mirrors}))
    joined = Evidence(
        low.time,
        low.uid,
        low.origin,
        low.actor,
        low.credential,
        low.operation,
        low.place,
        low.client,
        arrived,
        processed,
        mirrors,
        low.asked,
        low.asn,
    )
    return a if joined == a else joined


def _order(e: Evidence) -> tuple[int, str, str, str, str, str, str, str, str, int]:
    return e.time, e.uid, e.origin, e.actor, e.credential, e.operation, e.place, e.client, e.asked, e.asn


_time_of: Callable[[Evidence], int] = attrgetter("time")
_place_of: Callable[[Evidence], str] = attrgetter("place")
_operation_of: Callable[[Evidence], str] = attrgetter("operation")


def thin(sightings: Sightings) -> Sightings:
    """Returns the sightings in canonical form: those that any level of thinning selects. Returns the
    argument itself where none is dropped."""
    kept = sightings.kept
    if len(kept) <= 2 * LEVELS[-1][2]:
        return sightings
    times, places = list(map(_time_of, kept)), list(map(_place_of, kept))
    chosen = _ends_by_operation(list(map(_operation_of, kept)))
    for width, buckets, ends in reversed(LEVELS):
        chosen.update(_select(times, places, width, buckets, ends))
        if len(chosen) == len(kept):
            return sightings
    left = {time for i, time in enumerate(times) if i not in chosen}
    return Sightings(
        tuple(map(kept.__getitem__, sorted(chosen))), True, gone.joined(sightings.gone, gone.at(left))
    )


def _ends_by_operation(operations: list[str]) -> set[int]:
    """Positions of the first and the last event of each operation: an exception for one must not cover
    another, whatever was let go."""
    last = dict(zip(operations, range(len(operations)), strict=True))
    if len(last) == 1:
        return set()
    first = dict(zip(reversed(operations), range(len(operations) - 1, -1, -1), strict=True))
    chosen: set[int] = set()
    for operation in sorted(first)[:OPERATIONS_MAX]:
        chosen.update((first[operation], last[operation]))
    return chosen


def _select(times: list[int], places: list[str], width: int, buckets: int, ends: int) -> list[int]:
    """Positions of the first and last ``ends`` events of each of the newest ``buckets`` buckets of
    ``width``."""
    chosen: list[int] = []
    high = len(times)
    while high and buckets:
        low = bisect_left(times, times[high - 1] // width * width, 0, high)
        if high - low <= 2 * ends:
            chosen.extend(range(low, high))
        else:
            chosen.extend(_ends_by_place(places, low, high, ends))
        high = low
        buckets -= 1
    return chosen


def _ends_by_place(places: list[str], low: int, high: int, ends: int) -> list[int]:
    """First and last events of a bucket, for each place that acted in it: two places in one bucket must both
    be seen."""
    bucket = places[low:high]
    if bucket.count(bucket[0]) == len(bucket):
        return [*range(low, low + ends), *range(high - ends, high)]
    by_place: dict[str, list[int]] = {}
    for i, place in enumerate(bucket, low):
        by_place.setdefault(network_of(place), []).append(i)
    chosen: set[int] = set()
    for network in sorted(by_place)[:PLACES_MAX]:
        chosen.update((*by_place[network][:ends], *by_place[network][-ends:]))
    return sorted({*chosen, *range(low, low + ends), *range(high - ends, high)})
