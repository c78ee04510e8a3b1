"""Law: partitions that hear the time as they go, and start again anywhere, say what a replay says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from correlators.driver.normaliser import Normaliser, Record
from correlators.driver.replaying import Replaying
from correlators.kernel.catalogue import controls
from schemas.dossier import Reported
from schemas.evidence import SECOND
from schemas.fact import Tick
from schemas.finding import render_assurance, render_finding
from schemas.frozen import changed
from schemas.sources import Context, detect
from schemas.verdict import Clock, Report
from streams.command.replay import RECORD_LIMIT
from streams.files.paths import Reader
from tests.support.recordings import logs
from tests.support.replayed import DATA
from tests.support.scenario import World

CASES = Path(__file__).parents[1] / "cases"
READS = Context(key=b"site")
BATCHES = 12
RECORDS_MAX = 1_500
"""Of one recording: the law holds for its beginning as for the whole."""

Said = tuple[dict[str, Any], ...]
Rows = dict[str, Said]


def records(path: Path) -> list[Record]:
    found = Reader(detect, RECORD_LIMIT).read(path)
    return [Record(piece.content, source) for source, piece in found if not piece.trouble][:RECORDS_MAX]


def replayed(many: list[Record]) -> tuple[Rows, int]:
    replaying = Replaying(controls(), READS)
    for record in many:
        replaying.take(record)
    replaying.drain(last=True)
    now = replaying.settle()
    return rows({report.uid: report for report in replaying.reports}), now


def rows(last: dict[str, Report]) -> Rows:
    """Findings and assurance as others read them, by id; what was withdrawn is nothing."""
    said: Rows = {}
    for uid, report in last.items():
        if report.verdict is None:
            continue
        shown = report.finding and report.detail != "withdrawn"
        control = controls()[report.verdict.control].CONTROL
        detail = report.detail if shown else ""
        same = changed(report, activity=1, detail=detail, finding=shown, reported=unnumbered(report))
        rendered = (render_finding(same, control) if shown else b"{}", render_assurance(same, control))
        said[uid] = tuple(map(orjson.loads, rendered))
    return said


def differ(one: Said | None, other: Said | None) -> bool:
    """Whether two rows say different things. Where one of them says that evidence was let go of, the list of
    what was kept is left out: a running partition lets go as it goes, a replay once all is known."""
    if one is None or other is None:
        return one is not other
    thinned = any(row.get("unmapped", {}).get("evidence_truncated") for row in (*one, *other))
    return bool((tuple(map(_whole, one)) != tuple(map(_whole, other))) if thinned else one != other)


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    left = {name: part for name, part in row.items() if name != "evidences"}
    for name, part in (
        ("unmapped", "evidence_truncated"),
        ("unmapped", "origins"),
        ("unmapped", "basis"),
        ("finding_info", "related_events"),
    ):
        if name in left:
            left[name] = {key: value for key, value in left[name].items() if key != part}
    return left


def unnumbered(report: Report) -> Reported:
    return changed(report.reported, number=1, first=0, said=0)


def batched(many: list[Record], chance: random.Random) -> Iterator[list[Record]]:
    cuts = sorted(chance.sample(range(len(many) + 1), min(BATCHES, len(many))))
    for start, end in zip([0, *cuts], [*cuts, len(many)], strict=True):
        yield many[start:end]


def as_it_goes(many: list[Record], now: int, seed: int, restarts: float) -> Rows:
    """Told in batches, with the time between them, over several partitions that stop and start anywhere."""
    chance = random.Random(seed)
    world = World(3, Clock(now))
    normaliser = Normaliser(READS.key, trust=READS, patient=True)
    time = 0
    batches = list(batched(many, chance))
    for i, batch in enumerate(batches, 1):
        for record in batch:
            normaliser.take(record)
        normaliser.release(now, last=i == len(batches))
        drained = normaliser.drain()
        world.take(drained.facts)
        time = min(now, max([time, *drained.newest.values()]))
        if time:
            world.tick(Tick(time))
            world.settle_now()
        if chance.random() < restarts:
            world.crash()
    world.tick(Tick(now))
    world.settle_now()
    if restarts:
        world.crash()
        world.tick(Tick(now))
        world.settle_now()
    return rows(world.last)


def scenarios() -> dict[str, list[Path]]:
    """The small logs of ``tests/cases`` with what is declared beside them, and the recorded ones."""
    small = {
        path.parent.relative_to(CASES).as_posix(): [*path.parent.glob("inventory.yaml"), path]
        for path in sorted(CASES.glob("*/*/input.json*"))
    }
    return small | {name: [DATA / name] for name in sorted(logs() if DATA.exists() else [])}


SCENARIOS = scenarios()


@pytest.mark.parametrize("restarts", [0.0, 0.4])
@pytest.mark.parametrize("name", SCENARIOS)
def test_partitions_that_start_again_anywhere_say_what_a_replay_says(name: str, restarts: float) -> None:
    many = [record for path in SCENARIOS[name] for record in records(path)]
    expected, now = replayed(many)
    said = as_it_goes(many, now or SECOND, len(many), restarts)
    assert {u: (a, said.get(u)) for u, a in expected.items() if differ(a, said.get(u))} == {}
    assert said.keys() == expected.keys()
