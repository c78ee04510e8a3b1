"""What is remembered of others' texts has a bound."""

from __future__ import annotations

import re
from pathlib import Path

from schemas.remembering import LETTERS_MAX, remembered, remembered_together

ROOT = Path(__file__).parents[2]

BOUNDED_WHERE_THEY_ARE_ASKED = {
    "schemas/sources/cloudtrail/event.py": {"_read_usual", "_time"},
    "schemas/sources/cloudtrail/identity.py": {"_read_who"},
    "schemas/sources/cloudtrail/naming.py": {"_read_resource"},
    "schemas/sources/cloudtrail/rotations.py": {"_secret"},
    "schemas/sources/caep/token.py": {"_key_set", "_key"},
    "schemas/remembering.py": {"known"},
}
"""Functions whose callers look at the length first; and keys of a site's own setting."""


def test_an_answer_is_worked_out_once_but_for_a_long_text() -> None:
    asked: list[str] = []

    @remembered(2)
    def shout(text: str) -> str:
        asked.append(text)
        return text.upper()

    long = "x" * (LETTERS_MAX + 1)
    for text in ("a", "a", long, long, "b", "c", "c"):
        assert shout(text) == text.upper()
    assert asked == ["a", long, long, "b", "c"]


def test_several_texts_count_together() -> None:
    asked: list[tuple[str, str]] = []

    @remembered_together(10)
    def both(one: str, other: str) -> str:
        asked.append((one, other))
        return one + other

    half = "x" * (LETTERS_MAX // 2 + 1)
    for one, other in (("a", "b"), ("a", "b"), (half, half), (half, half)):
        assert both(one, other) == one + other
    assert len(asked) == 3


def test_nothing_else_remembers_texts_of_any_length() -> None:
    found: dict[str, set[str]] = {}
    for room in ("schemas", "correlators"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text()
            names = set(re.findall(r"@lru_cache\([^)]*\)\ndef (\w+)", text))
            names |= set(re.findall(r"^\s*(\w+)(?:: [^=\n]+)? = lru_cache\(", text, re.MULTILINE))
            if names:
                found[str(path.relative_to(ROOT))] = names
    assert found == BOUNDED_WHERE_THEY_ARE_ASKED
