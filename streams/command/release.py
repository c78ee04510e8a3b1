"""`gapwatch release ID`: what a workload showed before a release and since, element by element, and which
controls have proven again what they had proven before."""

from __future__ import annotations

import time
from typing import Any

from rich.table import Table

from correlators.driver.watch import clock_at
from correlators.kernel.proof_run import Proof, Run, proof_runs
from correlators.kernel.views.released import Element
from schemas.dossier import Watch
from schemas.evidence import Evidence, iso
from streams.clickhouse import query
from streams.command.explain import loader
from streams.command.lineage import Family
from streams.command.tabled import show_rows
from streams.screen.show import Screen
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings

_WORKLOADS = """SELECT DISTINCT identity FROM activities
WHERE source = 'inventory' AND operation = 'declare releases' AND resource = {release:String}
ORDER BY identity LIMIT 100"""

_NEWEST = (
    "SELECT source, toUnixTimestamp64Micro(max(activities.time)) AS newest FROM activities GROUP BY source"
)

FLAT = (
    *("release", "workload", "what", "name", "approved", "before", "first", "last"),
    *("state", "value", "reason"),
)
"""Columns of ``--csv``: a row for each element, and for each control and subject."""

APPROVED = {True: "yes", False: "no", None: "not declared"}


def release(settings: Settings, name: str, as_json: bool, as_csv: bool = False) -> None:
    """Prints the proof run of each workload that this release is of, or every one of the workload that has
    this key. Raises Stop where none is declared."""
    workloads = [row["identity"] for row in query.rows(settings, _WORKLOADS, {"release": name})]
    clock = clock_at(time.time_ns() // 1000, _newest(settings), str)
    family = Family(loader(settings), clock.now, settings.thresholds)
    asked, keys = (name, workloads) if workloads else ("", [name])
    views = {view.key: view for view in map(family.view, keys)}
    runs = [run for view in views.values() for run in proof_runs(view, clock.listening(), asked)]
    if not runs:
        raise Stop(
            f"No release {shown(name)} is declared. An inventory declares it: "
            f"releases: [{{id: {shown(name)}, workload: …, at: …}}]."
        )
    if as_json or as_csv:
        many = [written(run) for run in runs]
        rows = many if as_json else [row for run in many for row in flat(run)]
        show_rows(rows, FLAT, as_json, as_csv, "Nothing was seen of it.")
        return
    screen = Screen()
    for run in runs:
        for part in drawn(run):
            screen.print(part)


def _newest(settings: Settings) -> dict[str, Watch]:
    return {row["source"]: Watch(int(row["newest"])) for row in query.rows(settings, _NEWEST, {})}


def written(run: Run) -> dict[str, Any]:
    """Returns a run as ``--json`` writes it: RFC 3339 times, null where never."""
    window, verdict = run.window, run.verdict
    return {
        "release": window.name,
        "workload": window.workload,
        "image": window.release.image or None,
        "from": iso(window.start),
        "deadline": iso(window.deadline),
        "until": iso(window.until) or None,
        "value": verdict.value if verdict else None,
        "says": verdict.reason if verdict else None,
        "elements": [
            {
                "kind": e.kind,
                "name": e.name,
                "approved": e.approved,
                "before": _at(e.before),
                "first": _at(e.first),
                "last": _at(e.last),
            }
            for e in run.elements
        ],
        "controls": [
            {
                "control": p.control,
                "subject": p.subject,
                "state": p.state,
                "value": p.value,
                "before": iso(p.before) or None,
                "after": iso(p.after) or None,
                "reason": p.reason,
            }
            for p in run.proofs
        ],
    }


def flat(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns a run that ``written`` gave as rows of ``FLAT``."""
    head = {"release": run["release"], "workload": run["workload"]}
    elements = [head | element | {"what": element["kind"]} for element in run["elements"]]
    controls = [
        head | proof | {"what": proof["control"], "name": proof["subject"], "last": proof["after"]}
        for proof in run["controls"]
    ]
    return elements + controls


def _at(seen: Evidence | None) -> str | None:
    return iso(seen.time) if seen else None


def drawn(run: Run) -> list[str | Table]:
    """Returns a run for people: what it is, its elements, its controls."""
    window, verdict = run.window, run.verdict
    head = f"{shown(window.name)} of {shown(window.workload)}, {iso(window.start)} to {iso(window.deadline)}"
    said = f"{verdict.value}: {shown(verdict.reason)}" if verdict else "it has not begun"
    return [head, said, _elements(run.elements), _controls(run.proofs)]


def _elements(many: list[Element]) -> Table:
    table = _table("element", "", "approved", "before the release", "first in its window", "last in it")
    for e in many:
        table.add_row(
            e.kind, shown(e.name), APPROVED[e.approved], *(_at(s) or "" for s in (e.before, e.first, e.last))
        )
    return table


def _controls(many: list[Proof]) -> Table:
    table = _table("control", "about", "state", "proven before", "proven again")
    for p in many:
        table.add_row(p.control, shown(p.subject), p.state, iso(p.before), iso(p.after))
    return table


def _table(*heads: str) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    return table
