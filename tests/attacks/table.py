"""The table of docs/security.md: what was tried, how often, and what held.

`python -m tests.attacks.table` runs every test of this folder (minutes: it starts what is attacked) and
writes the table anew. A row is a file: its first sentence says what it attacks. A test that tries many things
says how many by `record_property("tried", number)`; any other counts as one.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "security.md"
BEGIN, END = "<!-- attacks: python -m tests.attacks.table -->\n", "<!-- end of attacks -->\n"


@dataclass
class Row:
    """`skipped`: what could not be tried on the machine that made the table."""

    tried: int = 0
    held: int = 0
    skipped: int = 0


class Counting:
    """A plugin of pytest that counts by file."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = self.rows.setdefault(Path(report.nodeid.partition("::")[0]).name, Row())
        if report.skipped:
            row.skipped += 1
        elif report.when == "call" or report.failed:
            number = next((int(str(n)) for name, n in report.user_properties if name == "tried"), 1)
            row.tried += number
            row.held += number if report.passed else 0


def first_sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def table(rows: dict[str, Row]) -> str:
    """The rows as Markdown, in order of their files."""
    lines = ["| what was attacked | tried | held | where |", "|---|---|---|---|"]
    for name, row in sorted(rows.items()):
        skipped = f" ({row.skipped} could not be tried here)" if row.skipped else ""
        counts = f"{row.tried:,}{skipped} | {row.held:,}"
        lines.append(f"| {first_sentence(HERE / name)} | {counts} | `tests/attacks/{name}` |")
    return "\n".join(lines) + "\n"


def written(page: str, rows: dict[str, Row]) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table(rows) + END + after


def main() -> int:
    counting = Counting()
    code = pytest.main(["-q", "-p", "no:cacheprovider", str(HERE), *sys.argv[1:]], plugins=[counting])
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), counting.rows), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
