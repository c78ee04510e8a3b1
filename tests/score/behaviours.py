"""What is said of the ordinary life of well-known software, and of what would be real beside it: the cases of
``tests/cases``, a row each."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
from typer.testing import CliRunner

from streams.command.cli import app
from tests.support.expectations import SEVERITIES, STATUSES, Row, Rows

CASES = Path(__file__).parents[1] / "cases"
FOLDERS = ("ordinary",)
"""Folders of cases that the table shows."""

SIDE_FILES = ("assurance", "activities", "rejects")

HEADING = "## Ordinary life"
ABOUT = """What was said of small logs of well-known software on an ordinary day, and (in bold) of the
smallest change that makes one of them real. `python -m tests.score --ordinary --docs` writes this part
again (seconds); the tests hold every row to it.
"""


Behaviour = tuple[str, str, bool, str]
"""Of a simulated year: name, what happens, whether it is real, what was said."""


def every() -> list[Path]:
    return sorted(p.parent for folder in FOLDERS for p in (CASES / folder).glob("*/expect.json"))


def replayed(case: Path, folder: Path, extra: list[str]) -> Rows:
    """What the command line says of a case that was copied to the folder, which is the current one."""
    config = folder / "config.toml"
    words = ["replay", next(path.name for path in folder.iterdir() if path.stem == "input")]
    if (folder / "inventory.yaml").exists():
        words += ["--inventory", "inventory.yaml"]
    if config.exists():
        config.write_text((case / "config.toml").read_text().replace("CASE_FOLDER", str(folder)))
        words += ["--config", "config.toml"]
    for name in SIDE_FILES:
        words += [f"--{name}", f"{name}.jsonl"]
    result = CliRunner().invoke(app, [*words, *extra])
    assert result.exception is None, result.stderr
    side = {name: _rows((folder / f"{name}.jsonl").read_bytes()) for name in SIDE_FILES}
    side["activities"] = [row for row in side["activities"] if row.get("source") != "inventory"]
    return Rows(_rows(result.stdout_bytes), **side)


def _rows(lines: bytes) -> list[Row]:
    return [orjson.loads(line) for line in lines.splitlines() if line.strip()]


def row_of(case: Path, rows: Rows) -> str:
    """The row of the table."""
    name = re.sub(r"_still_\w+$", "", case.name).replace("_", " ")
    want: Row = json.loads((case / "expect.json").read_text())
    real = any("findings" in one for one in (want, *want.get("any_of", ())))
    shown = f"**{name}**" if real else name
    return f"| {shown} | {said(rows)} |"


def said(rows: Rows) -> str:
    """What was said of a case."""
    return said_of(rows.findings)


def said_of(findings: Iterable[Row]) -> str:
    """The findings by severity and control, the loudest first; those that were taken back say so."""
    found: dict[tuple[int, str, str], int] = {}
    for row in findings:
        status = STATUSES.get(row["status_id"], "open")
        control = row["finding_info"]["analytic"]["uid"]
        key = -int(row["severity_id"]), control, "" if status == "open" else f", {status}"
        found[key] = found.get(key, 0) + 1
    return (
        "; ".join(
            f"{SEVERITIES[-loud - 1]} `{control}`{status}" + (f" ({count})" if count > 1 else "")
            for (loud, control, status), count in sorted(found.items())
        )
        or "nothing"
    )


def section() -> str:
    """The part of the page, from its heading on."""
    return "\n".join((HEADING, "", ABOUT, "| what | said |", "|---|---|", *table())) + "\n"


def table() -> Iterator[str]:
    home = Path.cwd()
    for case in every():
        with tempfile.TemporaryDirectory(prefix="gapwatch-case-") as folder:
            shutil.copytree(case, folder, dirs_exist_ok=True)
            os.chdir(folder)
            try:
                extra = json.loads((case / "expect.json").read_text()).get("arguments", [[]])[0]
                yield row_of(case, replayed(case, Path(folder), extra))
            finally:
                os.chdir(home)


def renewed(page: str) -> str:
    """The page with this part written again; it is the last."""
    return f"{page.partition(HEADING)[0].rstrip()}\n\n{section()}"


YEAR = "## The small year, behaviour by behaviour"
ABOUT_YEAR = """What was said in the simulated year that `make score` plays, of ordinary behaviour
and (in bold) of what is real beside it. `make score ARGS=--docs` writes this part again.
"""


def with_year(page: str, many: Iterable[Behaviour]) -> str:
    """The page with the year's behaviours written again, before the ordinary life."""
    before = page.partition(YEAR if YEAR in page else HEADING)[0]
    rows = "\n".join(("| what | what happens | said |", "|---|---|---|", *map(_shown, many)))
    return f"{before.rstrip()}\n\n{YEAR}\n\n{ABOUT_YEAR}\n{rows}\n\n{page[page.index(HEADING) :]}"


def _shown(one: Behaviour) -> str:
    name, what, real, findings = one
    name = name.replace("_", " ")
    return f"| {f'**{name}**' if real else name} | {what} | {findings} |"
