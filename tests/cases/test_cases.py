"""Small logs whose right answer is known, replayed as the command line does (README.md beside this file)."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.score import behaviours
from tests.support.expectations import Row, unmet

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/*/expect.json"))
PAGE = (HERE.parents[1] / "docs" / "score.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.name}-{case.name}" for case in CASES])
def test_a_case_is_answered_right(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GAPWATCH_")]:
        monkeypatch.delenv(name)
    shutil.copytree(case, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    want: Row = json.loads((case / "expect.json").read_text())
    answers = [behaviours.replayed(case, tmp_path, extra) for extra in want.get("arguments", [[]])]
    tried = [list(unmet(one, want)) for one in answers]
    assert not all(tried), "; ".join(tried[0])
    if case.parent.name in behaviours.FOLDERS:
        assert behaviours.row_of(case, answers[0]) in PAGE, (
            "python -m tests.score --ordinary --docs writes it"
        )
