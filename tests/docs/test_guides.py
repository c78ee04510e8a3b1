"""CONTRIBUTING's two guides, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("schemas", "correlators", "streams", "infra", "tests", "docs", "Makefile", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "cases", "samples")
STEP = re.compile(r"(?:`(?P<path>[\w/.]+)`:\n)? *```(?P<kind>\w+)\n(?P<body>.*?)\n *```", re.DOTALL)
SECONDS_MAX = 240


class Step(NamedTuple):
    """A file to write, or (``path`` "") commands to run."""

    path: str
    body: str


def steps(title: str) -> list[Step]:
    guide = (
        (ROOT / "CONTRIBUTING.md")
        .read_text(encoding="utf-8")
        .partition(f"## {title}\n")[2]
        .partition("\n## ")[0]
    )
    found = [Step(m["path"] or "", textwrap.dedent(m["body"]) + "\n") for m in STEP.finditer(guide)]
    assert all(step.path or "```" not in step.body for step in found)
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in COPIED:
        here = ROOT / name
        if here.is_dir():
            shutil.copytree(here, tmp_path / name, ignore=LEFT_OUT)
        else:
            shutil.copy2(here, tmp_path / name)
    return tmp_path


CHECKS = ("ruff format --check --quiet {new}", "ruff check --quiet {new}")
"""Of `make check` what takes a moment, over the new files: types are proven over the whole tree, or not at
all."""


def run(line: str, where: Path) -> None:
    """One command, with the tools of this environment."""
    tools = Path(sys.executable).parent
    if line.startswith("make "):
        line = f"{line} BIN={tools} STAMP="
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(where)}
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.mark.slow
@pytest.mark.parametrize("title", ["A source, step by step", "A control, step by step"])
def test_a_guide_can_be_followed_to_the_letter(title: str, copy: Path) -> None:
    many = steps(title)
    assert len(many) >= 2
    new = " ".join(step.path for step in many if step.path.endswith(".py"))
    for step in many:
        if step.path:
            target = copy / step.path
            assert not target.exists(), step.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.body, encoding="utf-8")
            continue
        for line in step.body.strip().splitlines():
            for command in CHECKS if line == "make check" else (line,):
                run(command.format(new=new), copy)
