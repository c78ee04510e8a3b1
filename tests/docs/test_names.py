"""The pages name what there is: modules, functions, files, targets of make and commands."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import typer.main

from streams.command.cli import app
from tests.support.words import faults, old_words, own_names

ROOT = Path(__file__).parents[2]
CODE = ("schemas", "correlators", "streams", "infra", "tests")
GENERATED = {"caps.md", "score.md"}
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if page.name not in {*GENERATED, "LICENSE"}
)
QUOTED = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
TYPED = re.compile(r"^ +((?:gapwatch|make) [a-z][a-z-]+)", re.MULTILINE)
SHORT = {"kernel": "correlators.kernel", "driver": "correlators.driver"} | {
    room: f"correlators.kernel.{room}" for room in ("knowledge", "routes", "views")
}
"""Rooms of the core, as pages call them where they were named before."""
MADE = ("gapwatch-data", "acme", "moved_at_once")
"""What the guides make, and what a run makes."""


def found(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return sorted(
        {
            *QUOTED.findall(FENCED.sub("", text)),
            *(line for block in FENCED.findall(text) for line in TYPED.findall(block.replace("\n", "\n "))),
        }
    )


def leads_to_something(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            there: object = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(there, part):
                return False
            there = getattr(there, part)
        return True
    return False


@cache
def members() -> dict[str, set[str]]:
    """By the name of a class of ours, what it has."""
    known: dict[str, set[str]] = {}
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                own = known.setdefault(node.name, set())
                for statement in node.body:
                    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                        own.add(statement.name)
                    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                        own.add(statement.target.id)
    return known


@cache
def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@cache
def commands() -> set[str]:
    group = typer.main.get_command(app)
    return set(getattr(group, "commands", {}))


def wrong(quoted: str) -> str:
    """What is wrong with a quoted name; "" where nothing is, or it is no name of ours."""
    if any(part in quoted for part in MADE):
        return ""
    first, _, rest = quoted.partition(".")
    if re.fullmatch(r"[\w]+(?:\.\w+)+", quoted) and not quoted.endswith((".md", ".py", ".toml", ".json")):
        if first in SHORT:
            quoted = f"{SHORT[first]}.{rest}"
        if first in (*SHORT, *CODE) and not leads_to_something(quoted):
            return "leads to nothing"
        if first in members() and rest.split(".")[0] not in members()[first]:
            return f"{first} has no {rest}"
    if re.fullmatch(r"(?:schemas|correlators|streams|infra|tests|docs)/[\w/.-]+", quoted):
        return "" if (ROOT / quoted).exists() else "is no file"
    if asked := re.match(r"make ([a-z][a-z-]+)", quoted):
        return "" if asked[1] in targets() else "is no target of make"
    if asked := re.match(r"gapwatch ([a-z][a-z-]+)", quoted):
        return "" if asked[1] in commands() else "is no command"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_on_a_page_leads_to_something(page: Path) -> None:
    assert {name: fault for name in found(page) if (fault := wrong(name))} == {}


def test_names_that_lead_nowhere_are_found() -> None:
    for name in (
        *("schemas.nothing.x", "kernel.views.nothing", "Correlator.nothing", "schemas/nothing.py"),
        *("make nothing", "gapwatch nothing"),
    ):
        assert wrong(name), name


def test_one_thing_has_one_word_in_names() -> None:
    assert faults() == []


def test_a_name_with_an_old_word_in_it_is_found() -> None:
    code = "def f(told): ...\nclass A:\n    waivers: int\nx.told_by = 1\ndef test_it_is_told(): ...\n"
    assert {name for name in own_names(ast.parse(code)) if old_words(name)} == {"told", "waivers", "told_by"}
