"""Every source has its provider's page, golden pairs, seeds, a record for the bench, its row and its tests.
What is missing is said, with what to add."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import pytest

from schemas.providers import BY_SOURCE
from schemas.sources import sources
from schemas.summary import Summary
from streams.command.sources_page import PAGE
from tests.fuzz.corpus import seeds
from tests.support.golden import TYPICAL, answer_of, records

PAIRS_MIN = 3
"""What a log mostly holds, something that ends or begins, and something that is refused."""
DECLARES = {"inventory"}
"""Sources that issue nothing: they say what others' keys are meant to be."""
TESTS = Path(__file__).parents[1]


@cache
def seeded() -> set[str]:
    return set(seeds())


def missing(name: str) -> list[str]:
    """What a source lacks, each as what to add."""
    folder = f"tests/golden/{name}"
    pairs = records(name)
    answered = [answer_of(path) for path in pairs if answer_of(path).exists()]
    answers = [msgspec.json.decode(path.read_bytes()) for path in answered]
    tests = [*TESTS.glob(f"sources/test_{name}*.py"), *TESTS.glob(f"test_{name}*.py")]
    have = [
        (
            name in BY_SOURCE or name in DECLARES,
            f"schemas/providers/<provider>.py with {name!r} among its sources",
        ),
        (len(pairs) >= PAIRS_MIN, f"{PAIRS_MIN} or more records in {folder}/<name>.in.json"),
        (0 < len(pairs) == len(answers), f"the answers to the records: `make golden SOURCE={name}`"),
        (
            any(path.name.startswith(f"{TYPICAL}.in.") for path in pairs),
            f"{folder}/{TYPICAL}.in.json, the record of which the log holds most (the bench reads it)",
        ),
        (any(a["activities"] for a in answers), f"a record in {folder} that becomes an activity"),
        (any(a["rejects"] for a in answers), f"a record in {folder} of which something is refused"),
        (name in seeded(), f"a record in {folder} that is small enough for a seed of the fuzzer"),
        (
            isinstance(getattr(sources().get(name), "SUMMARY", None), Summary),
            f"SUMMARY in schemas/sources/{name}",
        ),
        (
            f"| `{name}` |" in PAGE.read_text(encoding="utf-8"),
            "its row in docs/sources.md: `python -m streams.command.sources_page`",
        ),
        (bool(tests), f"tests/schemas/sources/test_{name}.py"),
    ]
    return [what for is_there, what in have if not is_there]


@pytest.mark.parametrize("name", sorted(sources()))
def test_a_source_has_all_that_belongs_to_it(name: str) -> None:
    lacks = missing(name)
    assert not lacks, "\n".join([f"the source {name} is not complete; add", *lacks])


def test_of_a_source_with_nothing_beside_its_reader_all_is_missing() -> None:
    lacks = missing("nowhere")
    assert len(lacks) == 10 and any("make golden SOURCE=nowhere" in what for what in lacks)
