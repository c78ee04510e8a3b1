"""Every recorded log is read, and what is rejected of it is what docs/rejects.md says, with its reason."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.recordings import PAGE, field_of, logs, replayed, tables, taken
from tests.support.replayed import DATA

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded logs are not here")

LOGS = logs()


@pytest.mark.parametrize("name", [name for name in LOGS if not field_of(Path(name))])
def test_a_recorded_log_is_read_whole(name: str, tmp_path: Path) -> None:
    summary, rejects = replayed(DATA / name, tmp_path / "rejects.jsonl")
    assert summary.activities and not summary.passed_over
    assert rejects == tables()[0].get(name, Counter())


@pytest.mark.parametrize("name", [name for name in LOGS if field_of(Path(name))])
def test_of_a_catalogue_of_events_those_are_rejected_that_are_broken(name: str) -> None:
    assert taken(DATA / name) == tables()[0].get(name, Counter())


def test_the_page_speaks_of_files_that_are_there() -> None:
    broken, others = tables()
    assert len(LOGS) > 100 and set(broken) <= set(LOGS)
    names = [str(path.relative_to(DATA)) for path in DATA.rglob("*")]
    assert [other for other in others if not any(fnmatch(name, other) for name in names)] == []


def test_every_reject_of_the_page_has_its_reason() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert rows and all(line.rsplit("|", 2)[1].strip() for line in rows)
