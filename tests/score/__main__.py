"""``python -m tests.score``: precision and recall per control and source, over the recordings and a simulated
year."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.simulator.year_stage import Plan
from tests.score import agents, apiserver, behaviours, links, openbao, simulated, table
from tests.score.rules import Score

PAGE = Path(__file__).parents[2] / "docs" / "score.md"

RECORDED: dict[str, tuple[str, Callable[[Path], Score]]] = {
    "OpenBao, recorded": ("1,198 lines of a real server, 72 cases.", openbao.score),
    "Kubernetes, recorded": ("1,333 lines of a real API server, 37 scenarios.", apiserver.score),
    "Agents, recorded": ("70 runs of real agent frameworks.", agents.score),
    "CloudTrail, links": (
        "310 real events of Stratus Red Team: which credential issued which.",
        links.cloudtrail,
    ),
    "Vault, links": ("1,397 lines of HashiCorp's tutorial: which token was issued where.", links.vault),
}


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if asked.ordinary:
        return _ordinary(asked.docs)
    console = Console(stderr=asked.json, width=None if sys.stdout.isatty() else 140)
    bodies = []
    for name, about, score in _scored(asked, console):
        table.show(name, score, console)
        bodies.append((name, about, score))
    if asked.json:
        print(json.dumps({name: _json(score) for name, _, score in bodies}, indent=2))
    if asked.docs:
        PAGE.write_text(_page(asked, bodies), encoding="utf-8")
    wrong = [name for name, _, score in bodies if not score.perfect]
    console.print(f"Not perfect: {', '.join(wrong)}." if wrong else "Everything was found, nothing is false.")
    return 1 if wrong else 0


def _page(asked: argparse.Namespace, bodies: list[tuple[str, str, Score]]) -> str:
    """The full year writes the page anew but for the small year's part, the small one that part."""
    old = PAGE.read_text(encoding="utf-8")
    small, _, ordinary = old.partition(behaviours.YEAR)[2].partition(behaviours.HEADING)
    if not asked.year:
        return behaviours.with_year(old, next(s.behaviours for _, _, s in bodies if s.behaviours))
    page = behaviours.renewed(table.page(bodies))
    return (
        page.replace(behaviours.HEADING, f"{behaviours.YEAR}{small}{behaviours.HEADING}")
        if ordinary
        else page
    )


def _ordinary(docs: bool) -> int:
    if docs:
        PAGE.write_text(behaviours.renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(behaviours.section())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.score", description=__doc__)
    parser.add_argument("--year", action="store_true", help="the full simulated year of five million records")
    parser.add_argument("--clean", action="store_true", help="the year without violations, too")
    parser.add_argument("--seed", type=int, default=simulated.SMALL.seed, help="of the simulated year")
    parser.add_argument("--ordinary", action="store_true", help="only what is said of ordinary life")
    parser.add_argument("--json", action="store_true", help="as JSON on standard output")
    parser.add_argument("--docs", action="store_true", help=f"write {PAGE.relative_to(PAGE.parents[1])} too")
    return parser


def _scored(asked: argparse.Namespace, console: Console) -> Iterator[tuple[str, str, Score]]:
    with tempfile.TemporaryDirectory(prefix="gapwatch-score-") as folder:
        for name, (about, score) in RECORDED.items():
            try:
                yield name, about, score(_made(folder, name))
            except pytest.skip.Exception as skipped:
                console.print(f"{name}: skipped, {skipped}")
        plan = replace(simulated.FULL if asked.year else simulated.SMALL, seed=asked.seed)
        about = (
            f"{plan.records:,} records of {plan.identities:,} identities in {plan.days} days, seed "
            f"{plan.seed}, played and judged by gapwatch {version('gapwatch')}."
        )
        yield "Simulated year", about, _year(plan, _made(folder, "year"), console)
        if asked.clean:
            clean = _year(replace(plan, clean=True), _made(folder, "clean"), console)
            yield "Simulated year without violations", f"{about} Anything above low is false.", clean


def _year(plan: Plan, folder: Path, console: Console) -> Score:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")
        return simulated.score(
            plan,
            folder,
            lambda doing, done, end: bar.update(task, description=doing, completed=done, total=end),
        )


def _made(folder: str, name: str) -> Path:
    path = Path(folder) / name.replace(" ", "-").replace(",", "").lower()
    path.mkdir()
    return path


def _json(score: Score) -> dict[str, object]:
    return {
        "counts": [
            {"control": control, "source": source, **asdict(count)}
            for (control, source), count in table.counts(score).items()
        ],
        "missed": [f"{case.source} {case.control} {case.name}" for case in score.missed],
        "false": [asdict(false) for false in score.false],
        "notes": score.notes,
    }


if __name__ == "__main__":
    sys.exit(main())
