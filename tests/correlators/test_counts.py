"""Where evidence was thinned no count of it is given as if it were all, whichever control gives it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import correlators
from correlators.control import View
from correlators.kernel.catalogue import controls
from correlators.kernel.knowledge.memory import CHILDREN_MARK
from correlators.kernel.knowledge.weight import CREDENTIALS_MARK
from schemas import frozen
from schemas.dossier import Dossier, Sightings
from schemas.fact import WATCH
from schemas.sources import DECLARATION, Context, detect, sources
from schemas.stored import decode
from schemas.verdict import Clock
from tests.support.make import KEY, ROLE, SESSION, USER, issue, kill, use
from tests.support.scenario import clock_after, run

CASES = Path(__file__).parents[1] / "cases"
COUNTS = re.compile(
    r"(?<!at least )\b[1-9]\d* (?:authenticated uses?|refused tr(?:y|ies)|uses?|acts?|calls?|exchanges?|"
    r"long-lived credentials?)\b"
)
"""What ``times`` says of evidence that is all there was."""
FOLDER = Path(correlators.__file__).parent

SHOWN = (
    ("agents/copilot_chat_tool_event", "tool_outside_catalog"),
    ("authority/declaration_among_log_lines", "revoked_credential_used"),
    ("agents/mcp_tool_definition_swapped", "tools_beyond_approval"),
    ("cloud/github_alert_reopened", "leaked_credential_live"),
    ("evasion/aws_restore_second", "revocation_undone"),
    ("evasion/vault_outside_its_bounds", "dead_credential_tried"),
    ("authority/refused_in_2099", "expired_credential_accepted"),
    ("ordinary/k8s_account_made_by_another_later_still_told", "trust_outlived_subject"),
)
"""Small recorded cases, and a control that counts evidence there."""


def thinned(part: Any) -> Any:
    """The same knowledge, of which some evidence was let go."""
    if isinstance(part, Sightings):
        return frozen.changed(part, truncated=True) if part.kept else part
    if isinstance(part, msgspec.Struct):
        return frozen.changed(part, **{f: thinned(getattr(part, f)) for f in part.__struct_fields__})
    if isinstance(part, dict):
        return {name: thinned(value) for name, value in part.items()}
    return part


def known(folder: Path) -> Iterator[tuple[str, Dossier, Clock]]:
    """What is learned from a recorded case, by the identity."""
    activities = []
    for line in (folder / "input.jsonl").read_bytes().splitlines():
        source = detect(line)
        if source is not None:
            reader = sources()["inventory" if source == DECLARATION else source]
            activities += reader.read(line, Context(key=b"case")).activities
    for side in sorted(folder.glob("inventory*.*")):
        activities += sources()["inventory"].read(side.read_bytes(), Context(key=b"case")).activities
    clock = clock_after(activities, 24)
    for key, body in run(activities, clock).stores[0].items():
        if not key.startswith(WATCH):
            yield key, decode(body), clock


@pytest.mark.parametrize(("case", "name"), SHOWN)
def test_a_count_of_thinned_evidence_is_at_least(case: str, name: str) -> None:
    judge, counted = controls()[name].judge, 0
    for key, whole, clock in known(CASES / case):
        as_it_is = [v.reason for v in judge(View(key, whole), Clock(clock.now, clock.seen))]
        counted += sum(bool(COUNTS.search(reason)) for reason in as_it_is)
        light = View(key, frozen.changed(thinned(whole), marks=(*whole.marks, CREDENTIALS_MARK)))
        reasons = [v.reason for v in judge(light, Clock(clock.now, clock.seen))]
        assert [reason for reason in reasons if COUNTS.search(reason)] == []
    assert counted, "the case shows nothing counted"


def test_whoever_counts_says_whether_that_is_all() -> None:
    """In every control and view: ``times`` is told of it, by what is known and not by a word."""
    asked = [
        (path.name, node.lineno, node.args[2:])
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "times"
    ]
    assert len(asked) > 15
    assert [at for *at, more in asked if not more or isinstance(more[0], ast.Constant)] == []


@pytest.mark.parametrize(("marks", "said"), [((), ""), ((CHILDREN_MARK,), "at least ")])
def test_of_descendants_that_were_let_go_of_there_may_be_more(marks: tuple[str, ...], said: str) -> None:
    many = [issue("i", 0, SESSION, ROLE, KEY, USER), kill("k", 600), use("late", 9_000, ROLE, SESSION)]
    world = run(many)
    whole = frozen.changed(decode(world.stores[0][USER]), marks=marks)
    (verdict,) = controls()["outlived_parent"].judge(View(USER, whole), world.clock)
    assert verdict.reason.startswith(f"{said}1 of 1 descendant(s) used")
