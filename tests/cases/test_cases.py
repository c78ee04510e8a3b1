"""Small logs whose right answer is known, replayed as the command line does (README.md beside this file)."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from streams.command.cli import app
from tests.support.expectations import Row, Told, unmet

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/*/expect.json"))
SIDE_FILES = ("assurance", "activities", "rejects")


@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.name}-{case.name}" for case in CASES])
def test_a_case_is_answered_right(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GAPWATCH_")]:
        monkeypatch.delenv(name)
    shutil.copytree(case, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    want: Row = json.loads((case / "expect.json").read_text())
    tried = [list(unmet(told(tmp_path, extra), want)) for extra in want.get("arguments", [[]])]
    assert not all(tried), "; ".join(tried[0])


def told(folder: Path, extra: list[str]) -> Told:
    config = folder / "config.toml"
    words = ["replay", next(path.name for path in folder.iterdir() if path.stem == "input")]
    if (folder / "inventory.yaml").exists():
        words += ["--inventory", "inventory.yaml"]
    if config.exists():
        config.write_text(config.read_text().replace("CASE_FOLDER", str(folder)))
        words += ["--config", "config.toml"]
    for name in SIDE_FILES:
        words += [f"--{name}", f"{name}.jsonl"]
    result = CliRunner().invoke(app, [*words, *extra])
    assert result.exception is None, result.stderr
    side = {name: rows((folder / f"{name}.jsonl").read_bytes()) for name in SIDE_FILES}
    side["activities"] = [row for row in side["activities"] if row.get("source") != "inventory"]
    return Told(rows(result.stdout_bytes), **side)


def rows(lines: bytes) -> list[Row]:
    return [orjson.loads(line) for line in lines.splitlines() if line.strip()]
