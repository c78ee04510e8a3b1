"""A simulated year, scored against the truth that its simulator wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from correlators.kernel.catalogue import controls
from infra.simulator.year import write
from infra.simulator.year_stage import DAY, Plan
from schemas.verdict import Severity
from tests.score.behaviours import said_of
from tests.score.rules import Case, FalseAlarm, Score, judge, names_of, source_named
from tests.support.replayed import Said, control, replayed, uids

START = 1_763_769_600_000_000 // DAY * DAY
"""2025-11-22, so that a full year ends before it would be in the future of the recordings."""

SMALL = Plan(START, days=120, identities=192, records=100_000)
FULL = Plan(START)


Progress = Callable[[str, int, int], None]
"""What is being done, how far it is, and where its end is."""


def score(plan: Plan, folder: Path, progress: Progress = lambda doing, done, end: None) -> Score:
    """Writes the year into the folder, replays it, and scores it; of a clean year everything above low is
    false."""
    logs = folder / ("clean" if plan.clean else "year")
    written, _ = write(plan, logs, lambda day, _: progress("writing days", day, plan.days))
    paths = sorted(path for path in logs.iterdir() if path.is_dir())
    said = replayed(
        folder,
        *paths,
        inventories=(str(logs / "inventory.json"),),
        progress=lambda records: progress("reading records", records, written),
    )
    truth = logs / "truth.json"
    result = clean(said) if plan.clean else judge(cases(truth), said, controls())
    result.behaviours = [] if plan.clean else sorted(behaviours_of(truth, said))
    result.notes.append(
        f"{len(said.findings)} findings, {len(said.assurance)} rows of assurance, {len(said.rejects)} rejects"
    )
    result.false += [FalseAlarm(row["source"], "", f"reject: {row['reason']}") for row in said.rejects]
    return result


def clean(said: Said) -> Score:
    """Nothing is wrong: whatever is above low is false."""
    loud = [row for row in said.findings if row["severity_id"] > Severity.LOW]
    return Score(
        false=[
            FalseAlarm(source_named(row), control(row), row["finding_info"]["title"], "in the clean year")
            for row in loud
        ]
    )


def behaviours_of(truth: Path, said: Said) -> Iterator[tuple[str, str, bool, str]]:
    """Yields for each behaviour of the year its name, what happens, whether it is real, and what was said."""
    every: dict[str, list[dict[str, Any]]] = {}
    for row in said.findings:
        for name in {*names_of(row), *uids(row)}:
            every.setdefault(name, []).append(row)
    seen: set[str] = set()
    for case in orjson.loads(truth.read_bytes())["cases"]:
        if case["kind"] in seen:
            continue
        seen.add(case["kind"])
        names = (case["subject"], case["identity"], *case["credentials"], *case["uses"])
        rows = {row["finding_info"]["uid"]: row for name in names for row in every.get(name, ())}
        proof = "; a proof" if case["expects"] == "proof" else ""
        yield case["kind"], case["says"], case["expects"] == "finding", said_of(list(rows.values())) + proof


def cases(truth: Path) -> Iterator[Case]:
    truth_cases: Iterable[dict[str, Any]] = orjson.loads(truth.read_bytes())["cases"]
    for case in truth_cases:
        events = (
            {*case["kill"], case["first"], case["last"]} if case["expects"] == "finding" else {*case["uses"]}
        )
        yield Case(
            name=case["case"],
            source=case["source"],
            expects="proven" if case["expects"] == "proof" else case["expects"],
            control=case["control"] or "",
            events=frozenset(events - {None}),
            names=frozenset((case["subject"], case["identity"], *case["credentials"])),
            also=frozenset(case["also"]),
            severity=Severity[case["severity"].upper()] if case["severity"] else 0,
        )
