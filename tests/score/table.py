"""How a score is shown: one table, each missed and false case by its name; and the page in the docs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.score.rules import Score


@dataclass
class Count:
    """Of one control in one source."""

    cases: int = 0
    found: int = 0
    missed: int = 0
    false: int = 0

    @property
    def precision(self) -> str:
        return _share(self.found, self.found + self.false)

    @property
    def recall(self) -> str:
        return _share(self.found, self.cases)

    def add(self, other: Count) -> None:
        self.cases += other.cases
        self.found += other.found
        self.missed += other.missed
        self.false += other.false


Key = tuple[str, str]
"""Control and source."""


def counts(score: Score) -> dict[Key, Count]:
    by_key: dict[Key, Count] = {}
    for many, found in ((score.found, True), (score.missed, False)):
        for case in many:
            count = by_key.setdefault((case.control, case.source), Count())
            count.cases += 1
            count.found += found
            count.missed += not found
    for false in score.false:
        by_key.setdefault((false.control or "rejected records", false.source), Count()).false += 1
    return dict(sorted(by_key.items()))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def show(body: str, score: Score, console: Console) -> None:
    """The table of one body of truth, and whatever is wrong with it."""
    table = Table(title=f"{body}: {len(score.near)} near misses", title_justify="left")
    for name in HEAD[:2]:
        table.add_column(name)
    for name in HEAD[2:]:
        table.add_column(name, justify="right")
    for row in rows(score):
        table.add_row(*row)
    console.print(table)
    for case in score.missed:
        console.print(f"missed  {case.source}  {case.control}  {case.name}", highlight=False)
    for false in score.false:
        why = f" (near miss {false.why})" if false.why else ""
        console.print(f"false   {false.source}  {false.control}{why}  {false.title}", highlight=False)
    for note in score.notes:
        console.print(note, highlight=False)


HEAD = ("control", "source", "cases", "found", "missed", "false", "precision", "recall")


def rows(score: Score) -> Iterable[tuple[str, ...]]:
    total = Count()
    for (control, source), count in counts(score).items():
        total.add(count)
        yield control, source, *_figures(count)
    yield "all", "", *_figures(total)


def _figures(count: Count) -> tuple[str, ...]:
    whole = (count.cases, count.found, count.missed, count.false)
    return *(f"{number:,}" for number in whole), count.precision, count.recall


def page(bodies: Iterable[tuple[str, str, Score]]) -> str:
    """The page in the docs: of each body its name, what it is, and its table."""
    parts = [INTRODUCTION]
    for name, about, score in bodies:
        parts.append(
            f"## {name}\n\n{about} {len(score.near)} near misses, about which nothing may be said.\n"
        )
        lines = [f"| {' | '.join(HEAD)} |", "|---|---|" + "---:|" * (len(HEAD) - 2)]
        lines += [f"| {' | '.join(row)} |" for row in rows(score)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


INTRODUCTION = """# Score

Written by `make score ARGS='--year --clean --docs'` (an hour on two cores); `make score` prints
the same with a year of 100,000 records and fails where anything is missed or false. The two tables of five
million records are of the version that they name: the year plays more behaviours since, and those stand in
the small year's table, which is of this version.

A case is **found** where one finding of the expected control (or a row of assurance of the expected value:
proven, unverifiable, assumed) names every expected event: the kill, the first and the last use. A finding is
**false** where it is above low and no case explains it, where it is about the subject of a near miss, at
whatever severity, or where it names an event of one. Precision is found / (found + false), recall found /
cases. Cases of controls that do not exist yet are left out.
"""
