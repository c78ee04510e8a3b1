"""Watch: what the sources have shown, and the clock that is made of this. No other code makes a ``Clock``.

What a source has shown (its newest event, the days with an event) travels as facts, together with the
facts of the same records. How far each raw partition has been read, and the time, come with ticks. All of
this is one dossier of each partition, joined and stored like any other; so a worker knows it again after
a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

from correlators.kernel.knowledge.join import join
from schemas.authority import INVENTORY
from schemas.dossier import EMPTY, Dossier, Watch
from schemas.evidence import micros
from schemas.fact import WATCH, Fact, Tick, telemetry_key
from schemas.verdict import Clock

DAY = micros(timedelta(days=1))

UNWATCHED = 7
"""Days without one record of a source beyond which it was not watched: a collector that was away, or
recordings of two times; not a source that was quiet for a while."""

UNTICKED_AGE = micros(timedelta(days=1))
"""A raw partition of which no tick tells for so long while others are told of is gone with its topic: it
holds its source back no more. A partition that waits to be read is told of every second."""


class Watching:
    """Gathers what the sources show while records are read."""

    def __init__(self) -> None:
        self._seen: dict[str, Watch] = {}
        self._drained: dict[str, Watch] = {}

    def saw(self, source: str, times: Iterable[int]) -> None:
        """Notes that a source showed events of these times (µs). An inventory only declares, so its
        events are not noted."""
        if source == INVENTORY:
            return
        watch = self._seen.get(source, Watch())
        newest, days = watch.newest, dict(watch.days)
        for time in times:
            day = time // DAY
            if time < days.get(day, time + 1):
                days[day] = time
            newest = max(newest, time)
        self._seen[source] = Watch(newest, 0, days)

    def drain(self) -> Dossier:
        """Returns what is new since the last call as a fact of ``WATCH``; empty if nothing is new."""
        fresh: dict[str, Watch] = {}
        for source, watch in self._seen.items():
            before = self._drained.get(source, Watch())
            days = {day: time for day, time in watch.days.items() if time < before.days.get(day, time + 1)}
            if days or watch.newest > before.newest:
                fresh[source] = Watch(watch.newest, 0, days)
        known = join(Dossier(watch=self._drained), Dossier(watch=fresh))
        self._drained, self._seen = known.watch, {}
        return Dossier(watch=fresh) if fresh else EMPTY


def rhythms(shown: Dossier) -> Iterator[Fact]:
    """Yields for each source with a new day a fact that adds the day to the dossier of the source: the
    source is judged for its silence."""
    for source, watch in shown.watch.items():
        if watch.days:
            yield telemetry_key(source), Dossier(watch={source: Watch(0, 0, watch.days)})


def heard(tick: Tick) -> Dossier:
    """Returns the contents of a tick as a fact of ``WATCH``."""
    return Dossier(
        watch={entry: Watch(time, tick.now if "/" in entry else 0) for entry, time in tick.watermarks.items()}
    )


def watch_key(partition: int) -> str:
    """Returns the key of a partition's own dossier of what the sources have shown."""
    return f"{WATCH}{partition}"


def clock_at(now: int, watch: Mapping[str, Watch], source_of: Callable[[str], str]) -> Clock:
    """Returns the clock: ``now`` (µs), each source seen up to its newest event or its slowest partition where
    that lags behind, and since when it has been watched. ``source_of`` a raw topic's name."""
    last_tick = max((w.ticked for w in watch.values()), default=0)
    slowest: dict[str, int] = {}
    for entry, mark in watch.items():
        topic, slash, _ = entry.rpartition("/")
        if slash and mark.ticked + UNTICKED_AGE >= last_tick:
            source = source_of(topic)
            slowest[source] = min(mark.newest, slowest.get(source, mark.newest))
    sources = {source: w for source, w in watch.items() if "/" not in source}
    return Clock(
        now,
        {source: min(w.newest, slowest.get(source, w.newest), now) for source, w in sources.items()},
        {source: watched_since(w.days, now) for source, w in sources.items() if w.days},
    )


def watched_since(days: Mapping[int, int], now: int) -> int:
    """Returns since when (µs) a source has been watched without a break: the first event of the last
    unbroken run of days. ``days``: the first event of each day, by the number of the day since 1970."""
    known = sorted(day for day in days if day * DAY <= now)
    start = known[-1] if known else now // DAY
    for earlier, later in zip(reversed(known[:-1]), reversed(known), strict=False):
        if later - earlier > UNWATCHED:
            break
        start = earlier
    return days.get(start, now)
