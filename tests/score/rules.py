"""When a case is found, and when a finding is false.

Found: one finding (or one row of assurance of the value that the truth says: proven, unverifiable, assumed)
of the expected control names every expected event. False: a finding above low that no case explains, or any
finding about the subject, or naming an event, of a near miss. A case explains findings of its controls about
its own names (subject, identity, credentials), or, where it has none, those that name one of its events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.providers import source_of
from tests.support.replayed import Said, control, uids

LOW = 2
"""OCSF severity_id: above it a finding is an alarm."""

Expects = Literal["finding", "proven", "unverifiable", "assumed", "link", "silence"]


@dataclass(frozen=True)
class Case:
    """``events``: vendor ids that must be named. ``names``: keys that are the case's own. ``also``: further
    controls that may speak of it (of a near miss, low at most); ``*`` for all. ``or_``: a control that may
    report it instead. ``severity``: 0 for any."""

    name: str
    source: str
    expects: Expects
    control: str = ""
    events: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    or_: str = ""
    severity: int = 0


@dataclass(frozen=True)
class FalseAlarm:
    """A finding that should not be; ``why``: the near miss that it is about, "" where nothing explains it."""

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
    near: list[Case] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    behaviours: list[tuple[str, str, bool, str]] = field(default_factory=list)
    """Of a simulated year: name, what happens, whether it is real, what was said."""

    def add(self, other: Score) -> None:
        self.found += other.found
        self.missed += other.missed
        self.false += other.false
        self.near += other.near
        self.notes += other.notes

    @property
    def perfect(self) -> bool:
        return not self.missed and not self.false


Row = dict[str, Any]


def judge(cases: Iterable[Case], said: Said, controls: Iterable[str]) -> Score:
    """Scores the cases of the controls that there are. Of near misses only what is false of them counts."""
    known = set(controls)
    covered = [case for case in cases if case.expects == "silence" or {case.control, case.or_} & known]
    rows: dict[str, list[tuple[str, Row]]] = {}
    for kind, row in _rows(said):
        rows.setdefault(control(row), []).append((kind, row))
    score = Score(near=[case for case in covered if case.expects == "silence"])
    for case in covered:
        if case.expects != "silence":
            due = [*rows.get(case.control, ()), *rows.get(case.or_, ())]
            hit = any(_tells(case, kind, row) for kind, row in due)
            (score.found if hit else score.missed).append(case)
    score.false = list(_false(covered, said))
    return score


def _rows(said: Said) -> Iterator[tuple[str, Row]]:
    yield from (("finding", row) for row in said.findings)
    yield from ((row["compliance"]["status"], row) for row in said.assurance)


def _tells(case: Case, kind: str, row: Row) -> bool:
    if kind != case.expects or not case.events <= uids(row):
        return False
    return not case.severity or kind != "finding" or row["severity_id"] == case.severity


def names_of(row: Row) -> set[str]:
    """What a finding is about: subject, identity, credential."""
    names = {
        row["unmapped"].get("subject", ""),
        row["unmapped"].get("credential", ""),
        row["resources"][0]["uid"],
    }
    return names - {""}


def source_named(row: Row) -> str:
    """The source of a finding: by its identity, else by its credential."""
    names = (
        row["resources"][0]["uid"],
        row["unmapped"].get("credential", ""),
        row["unmapped"].get("subject", ""),
    )
    return next((found for key in names if (found := source_of(key))), "?")


def _false(cases: list[Case], said: Said) -> Iterator[FalseAlarm]:
    by_name: dict[str, list[Case]] = {}
    by_event: dict[str, list[Case]] = {}
    for case in cases:
        for name in case.names:
            by_name.setdefault(name, []).append(case)
        for event in () if case.names else case.events:
            by_event.setdefault(event, []).append(case)
    for row in said.findings:
        about = [case for name in names_of(row) for case in by_name.get(name, ())]
        naming = [case for uid in uids(row) for case in by_event.get(uid, ())]
        near = next((case for case in naming if case.expects == "silence" and not _explains(case, row)), None)
        if near is None and any(_explains(case, row) for case in (*about, *naming)):
            continue
        near = near or next((case for case in about if case.expects == "silence"), None)
        if near or row["severity_id"] > LOW:
            yield FalseAlarm(
                source_named(row), control(row), row["finding_info"]["title"], near.name if near else ""
            )


def _explains(case: Case, row: Row) -> bool:
    name = control(row)
    if case.expects == "silence":
        return row["severity_id"] <= LOW and (name in case.also or "*" in case.also)
    return name in (*case.also, case.control, case.or_) or "*" in case.also
