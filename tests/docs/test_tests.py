"""The tests keep to rules of their own."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_no_module_of_tests_imports_another() -> None:
    """What several need stands in ``tests/support``, so a test can be read, moved and run alone."""
    importing = re.compile(
        r"^\s*(?:from tests\.\S*\btest_|from tests\S* import .*\btest_|import tests\.)", re.MULTILINE
    )
    found = [
        str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py") if importing.search(path.read_text())
    ]
    assert found == []
