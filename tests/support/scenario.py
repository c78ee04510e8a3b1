"""One helper runs every scenario many ways: in order, shuffled, doubled, batched, on several partitions,
restarted.

The final verdicts of all ways must be the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

import orjson

from correlators.driver.partition import Judging, Partition
from correlators.driver.watch import DAY
from correlators.kernel.catalogue import controls
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from schemas.activity import Activity
from schemas.coming import comes_at, waiting
from schemas.dossier import Dossier, Watch
from schemas.fact import WATCH, Fact, Tick, facts_of, partition_of
from schemas.finding import render_assurance, render_finding
from schemas.stored import decode
from schemas.verdict import Clock, Report
from tests.support import ocsf

HOUR = 3_600_000_000
SETTLINGS_MAX = 1_000
MOMENTS = 12
"""Crashes, and settlings, of each way through a long scenario, at places that chance chooses. Each costs a
judgement of all that is stored, so that a recorded day would take an hour if they grew with it; short
scenarios have more for each activity."""


class World:
    """Several partitions with a store behind them, as the running pipeline has; stops and starts at will."""

    def __init__(
        self,
        partitions: int,
        clock: Clock,
        thresholds: Thresholds = DEFAULTS,
        **caps: Any,
    ) -> None:
        """``caps``: of ``Judging``, and its authority, where they are not the usual ones."""
        self.partitions = partitions
        self.judging = Judging(controls(), thresholds, **caps)
        self.clock = clock
        self.stores: list[dict[str, bytes]] = [{} for _ in range(partitions)]
        self.running = [self._open(n) for n in range(partitions)]
        self.last: dict[str, Report] = {}
        self.reports = 0

    def _open(self, n: int) -> Partition:
        return Partition(self.judging, n, self.stores[n].get, self.stores[n])

    def take(self, facts: Iterable[Fact]) -> None:
        for key, fact in facts:
            every = range(self.partitions) if key == WATCH else (partition_of(key, self.partitions),)
            for n in every:
                self.running[n].take([(key, fact)])

    def tick(self, tick: Tick) -> None:
        """Tells every partition the time."""
        for one in self.running:
            one.take((), tick)

    def settle(self) -> None:
        """Settles every partition at the world's clock until nothing is forwarded any more."""
        self.take([(WATCH, shown_by(self.clock))])
        self.tick(Tick(self.clock.now))
        self.settle_now()

    def settle_now(self) -> None:
        """Settles at the time that the partitions were told."""
        for _ in range(SETTLINGS_MAX):
            forwards: list[Fact] = []
            for n, one in enumerate(self.running):
                settled = one.settle()
                forwards += settled.forwards
                for report in settled.reports:
                    self.reports += 1
                    self.last[report.uid] = report
                for key, body in settled.dossiers.items():
                    if body is None:
                        self.stores[n].pop(key, None)
                    else:
                        self.stores[n][key] = body
            if not forwards:
                return
            self.take(forwards)
        raise AssertionError("forwarding did not end")

    def crash(self) -> None:
        """All memory is gone; what was stored stays."""
        self.running = [self._open(n) for n in range(self.partitions)]

    def verdicts(self, about: Container[str] = (), by_word: bool = True) -> dict[str, tuple[bytes, bytes]]:
        """What stands in the end: per id, finding and assurance as others read them (activity ids aside).
        ``by_word``: what others than the provider say is among it."""
        catalogue = controls()
        rendered: dict[str, tuple[bytes, bytes]] = {}
        for uid, report in self.last.items():
            if report.verdict is None or (about and report.verdict.subject not in about):
                continue
            if report.verdict.voice and not by_word:
                continue
            control = catalogue[report.verdict.control].CONTROL
            shown = report.finding and report.detail != "withdrawn"
            same = Report(uid, report.verdict, report.reported, 1, report.detail if shown else "", shown)
            rendered[uid] = (render_finding(same, control) if shown else b"", render_assurance(same, control))
            ocsf.rendered.update((rendered[uid][1], render_finding(report, control)))
        return rendered

    def dossiers(self) -> dict[str, Dossier]:
        """Stored knowledge without what was said of it."""
        known: dict[str, Dossier] = {}
        for store in self.stores:
            for key, body in store.items():
                if key.startswith(WATCH):
                    continue
                dossier = decode(body)
                known[key] = type(dossier)(
                    **{f: getattr(dossier, f) for f in dossier.__struct_fields__ if f != "reported"}
                )
        return known


def shown_by(clock: Clock) -> Dossier:
    """What the sources must have shown for this clock to be made of it."""
    days = {
        source: {since // DAY: since}
        | {day: day * DAY for day in range(since // DAY + 1, clock.now // DAY + 1)}
        for source, since in clock.since.items()
    }
    return Dossier(
        watch={source: Watch(time, 0, days.get(source, {})) for source, time in clock.seen.items()}
    )


def taught(activity: Activity) -> list[Fact]:
    """The facts of an activity as the normaliser sends them: what claims to be later than it came waits."""
    facts = facts_of(activity)
    if not activity.arrived or activity.time <= activity.arrived:
        return facts
    return [(key, waiting(fact, comes_at(activity.time, activity.arrived))) for key, fact in facts]


def clock_after(activities: Sequence[Activity], hours: int = 1) -> Clock:
    """A clock at which every grace of these activities is over."""
    seen: dict[str, int] = {}
    for a in activities:
        seen[a.source] = max(seen.get(a.source, 0), a.time)
    return Clock(max((a.time for a in activities), default=0) + hours * HOUR, seen)


def run(
    activities: Sequence[Activity],
    clock: Clock | None = None,
    partitions: int = 1,
    thresholds: Thresholds = DEFAULTS,
    **caps: Any,
) -> World:
    """In order, one batch."""
    world = World(partitions, clock or clock_after(activities), thresholds, **caps)
    for activity in activities:
        world.take(taught(activity))
    world.settle()
    return world


def every_way(
    activities: Sequence[Activity],
    clock: Clock | None = None,
    seed: int = 7,
    about: Container[str] = (),
    by_word: bool = True,
    rows: Callable[[World], dict[Any, Any]] | None = None,
    **caps: Any,
) -> World:
    """Runs the scenario in order, shuffled, doubled, in batches, on partitions and with crashes; asserts that
    all agree. ``caps`` hold in all but the first: what is said must be what is said without them. ``about``:
    of these subjects, where any are named. ``by_word``: also of what others than the provider say. ``rows``:
    that they agree on these alone, not to the letter: where evidence is thinned, which of it stands for the
    rest depends on when it was.
    """
    clock = clock or clock_after(activities)
    first = run(activities, clock)
    chance = random.Random(seed)
    for way, (partitions, doubled, crashes) in {
        "shuffled": (1, False, False),
        "doubled": (1, True, False),
        "partitioned": (5, False, False),
        "restarted": (3, True, True),
    }.items():
        many = list(activities) * (2 if doubled else 1)
        chance.shuffle(many)
        often = min(0.3, MOMENTS / max(1, len(many)))
        world = World(partitions, clock, **caps)
        unsettled: list[Activity] = []
        for activity in many:
            world.take(taught(activity))
            unsettled.append(activity)
            if chance.random() < often * crashes:
                world.crash()
                for again in unsettled:
                    world.take(taught(again))
            if chance.random() < often:
                world.settle()
                unsettled = []
        world.settle()
        if rows:
            assert rows(world) == rows(first), f"{way} differs from in order"
            continue
        ours, theirs = first.verdicts(about, by_word), world.verdicts(about, by_word)
        differing = {uid: (a, b) for uid, a, b in _differing(ours, theirs)}
        where = sorted({field for a, _ in differing.values() for field in a})
        assert not differing, (
            f"{way} differs from in order, in {', '.join(where)}; sort what comes from a dict: it is in the "
            f"order in which records came. {differing}"
        )
    return first


def _differing(
    a: dict[str, Any], b: dict[str, Any]
) -> Iterable[tuple[str, dict[str, object], dict[str, object]]]:
    """Per id whatever differs, by its path; an absent side is None."""
    for uid in {*a, *b}:
        for ours, theirs in zip(a.get(uid, (b"", b"")), b.get(uid, (b"", b"")), strict=True):
            if ours != theirs:
                left, right = (orjson.loads(side) if side else {} for side in (ours, theirs))
                yield uid, *_paths(left, right)


def _paths(a: dict[str, Any], b: dict[str, Any]) -> tuple[dict[str, object], dict[str, object]]:
    apart = [key for key in {*a, *b} if a.get(key) != b.get(key)]
    return {key: a.get(key) for key in apart}, {key: b.get(key) for key in apart}
