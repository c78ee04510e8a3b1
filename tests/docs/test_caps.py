"""docs/caps.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from correlators.kernel.caps import DOSSIER_BYTES_MAX
from infra.caps_table import AT_IT, page, remembered

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_caps_is_current() -> None:
    assert (DOCS / "caps.md").read_text() == page(), "run python -m infra.caps_table > docs/caps.md"


def test_every_cap_of_the_correlators_has_a_reason_and_what_happens_at_it() -> None:
    bare = [cap.name for cap in remembered() if not cap.reason or not AT_IT.get(cap.place, {}).get(cap.name)]
    assert bare == []


def test_no_row_tells_of_a_cap_that_is_gone() -> None:
    there = {(cap.place, cap.name) for cap in remembered()}
    assert [
        (place, name) for place, names in AT_IT.items() for name in names if (place, name) not in there
    ] == []


def test_every_mark_that_is_named_is_one_that_the_code_sets() -> None:
    kernel = Path(__file__).parents[2] / "correlators" / "kernel"
    marks = {m for f in kernel.rglob("*.py") for m in re.findall(r'_MARK = "(.+)"', f.read_text())}
    named = {
        m for names in AT_IT.values() for text in names.values() for m in re.findall(r"mark `(.+?)`", text)
    }
    assert named and named <= marks


def test_numbers_are_read_from_the_modules() -> None:
    (cap,) = [cap for cap in remembered() if cap.name == "DOSSIER_BYTES_MAX"]
    assert cap.value == f"{DOSSIER_BYTES_MAX // 1000} kB"
    assert "| `caps` `DOSSIER_BYTES_MAX` | 600 kB |" in page()


def test_no_row_is_a_count_of_microseconds_or_longer_than_a_person_reads() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert [row for row in rows if re.search(r"\| [\d,]{13,} \|", row)] == []
    assert [row for row in rows if len(row.split("|")) != 5 or len(row) > 800] == []
