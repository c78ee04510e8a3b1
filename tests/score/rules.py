"""When a case is found, and when a finding is false.

Found: one finding (or a row of proof, where the truth says proof) of the expected control names every expected event. False: a finding
above low that no case explains, or any finding about the subject of a near miss. A case explains findings of its controls about
its own names (subject, identity, credentials), or, where it has none, those that name one of its events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from correlators.kernel.silence import source_of
from tests.support.replayed import Said, control, uids

LOW = 2
"""OCSF severity_id: above it a finding is an alarm."""


@dataclass(frozen=True)
class Case:
    """``events``: vendor ids that must be named. ``names``: keys that are the case's own. ``also``: further controls that may
    speak of it; ``*`` for all. ``about``: what a near miss must hear nothing of, its names where not said."""

    name: str
    source: str
    expects: Literal["finding", "proof", "link", "silence"]
    control: str = ""
    events: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    severity: int = 0


@dataclass(frozen=True)
class FalseAlarm:
    """A finding that should not be."""

    source: str
    control: str
    title: str
    why: str = ""


@dataclass
class Score:
    """Cases found and missed, and what was said falsely."""

    found: list[Case] = field(default_factory=list)
    missed: list[Case] = field(default_factory=list)
    false: list[FalseAlarm] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        self.found += other.found
        self.missed += other.missed
        self.false += other.false
        self.notes += other.notes

    @property
    def perfect(self) -> bool:
        return not self.missed and not self.false


Row = dict[str, Any]


def judge(cases: Iterable[Case], said: Said, controls: Iterable[str]) -> Score:
    """Scores the cases of the controls that there are. Of near misses only what is false of them counts."""
    known = set(controls)
    score = Score()
    covered = [case for case in cases if case.expects == "silence" or case.control in known]
    rows = _by_control([*_findings(said), *_proofs(said)])
    for case in covered:
        if case.expects == "silence":
            continue
        hit = any(_tells(case, kind, row) for kind, row in rows.get(case.control, ()))
        (score.found if hit else score.missed).append(case)
    score.false = list(_false(covered, said))
    return score


def _findings(said: Said) -> Iterator[tuple[str, Row]]:
    yield from (("finding", row) for row in said.findings)


def _proofs(said: Said) -> Iterator[tuple[str, Row]]:
    yield from (("proof", row) for row in said.assurance if row["compliance"]["status"] == "proven")


def _by_control(rows: Iterable[tuple[str, Row]]) -> dict[str, list[tuple[str, Row]]]:
    many: dict[str, list[tuple[str, Row]]] = {}
    for kind, row in rows:
        many.setdefault(control(row), []).append((kind, row))
    return many


def _tells(case: Case, kind: str, row: Row) -> bool:
    if kind != case.expects or not case.events <= uids(row):
        return False
    return not case.severity or kind == "proof" or row["severity_id"] == case.severity


def names_of(row: Row) -> set[str]:
    """What a finding is about: subject, identity, credential."""
    told = {
        row["unmapped"].get("subject", ""),
        row["unmapped"].get("credential", ""),
        row["resources"][0]["uid"],
    }
    return told - {""}


def source_told(row: Row) -> str:
    """The source of a finding: by its identity, else by its credential."""
    keys = (
        row["resources"][0]["uid"],
        row["unmapped"].get("credential", ""),
        row["unmapped"].get("subject", ""),
    )
    return next((found for key in keys if (found := source_of(key))), "?")


def _false(cases: list[Case], said: Said) -> Iterator[FalseAlarm]:
    by_name: dict[str, list[Case]] = {}
    for case in cases:
        for name in case.names:
            by_name.setdefault(name, []).append(case)
    nameless = [case for case in cases if not case.names and case.expects != "silence"]
    for row in said.findings:
        names, events = names_of(row), uids(row)
        about = [case for name in names for case in by_name.get(name, ())]
        about += [case for case in nameless if case.events & events]
        if any(_explains(case, row) for case in about):
            continue
        near = next((case for case in about if case.expects == "silence"), None)
        if near or row["severity_id"] > LOW:
            yield FalseAlarm(
                source_told(row), control(row), row["finding_info"]["title"], near.name if near else ""
            )


def _explains(case: Case, row: Row) -> bool:
    told = control(row)
    return told in case.also or "*" in case.also or (case.expects != "silence" and told == case.control)
