"""What time changes is asked of the clock, which notes it, so that whoever judged by it is asked in time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import correlators
from schemas.verdict import Clock

ROOT = Path(correlators.__file__).parent

READ = {
    "agent_outside_window.py": "which window a reason names; the ends of each are asked of the clock",
    "inactive_identity_active.py": "which status holds; the ends of each are asked of the clock",
}
"""Controls that read what time it is, and why that is no answer that nobody would ask for again."""


def _modules(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield str(path.relative_to(folder)), ast.parse(path.read_text())


def _reads_now(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "now" and ast.unparse(node.value) == "clock"
        for node in ast.walk(tree)
    )


def test_controls_and_views_compare_no_time_with_now_by_themselves() -> None:
    found = {name for name, tree in _modules(ROOT) if "/" not in name and _reads_now(tree)}
    assert found == set(READ)
    assert not [name for name, tree in _modules(ROOT / "kernel" / "views") if _reads_now(tree)]


def test_a_clock_is_made_in_one_place() -> None:
    made = [
        name
        for folder in ("correlators", "schemas", "streams")
        for name, tree in _modules(ROOT.parent / folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Clock"
    ]
    assert sorted(made) == ["driver/watch.py", "verdict.py"], "the second one is its own copy without doubts"


def test_an_answer_that_time_alone_will_change_is_noted_with_the_moment() -> None:
    clock = Clock(100)
    noted = [(clock.past(time), clock.doubts.due) for time in (99, 300, 200, 400)]
    assert noted == [(True, 0), (False, 301), (False, 201), (False, 201)]
    assert Clock(201).past(200)
