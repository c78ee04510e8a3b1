"""Every source has its provider's page, golden pairs, seeds, a record for the bench, its row and its tests.
What is missing is said, with what to add."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest

from schemas.gate import is_known_id
from schemas.providers import BY_SOURCE, BY_WORD, is_credential, name_of, source_of, word_of
from schemas.sources import sources
from schemas.summary import Summary
from streams.command.sources_page import PAGE
from tests.fuzz.corpus import seeds
from tests.support.golden import CONTEXT, TYPICAL, answer_of, records

PAIRS_MIN = 3
"""What a log mostly holds, something that ends or begins, and something that cannot be read."""
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
        (
            any(a["rejects"] for a in answers),
            f"a record in {folder} that cannot be read: it becomes a reject",
        ),
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
    return [what for is_there, what in have if not is_there] + list(unsaid(name))


def unsaid(name: str) -> Iterator[str]:
    """What the pages do not say of the keys that the golden pairs give, each as what to write there."""
    for key, used in sorted(keys_of(name).items()):
        page = f"a page in schemas/providers/ (the key is {key!r}): "
        if word_of(key) not in BY_WORD:
            yield f"{page}{word_of(key)!r} in `words`"
        elif not is_credential(key):
            yield f"{page}how {name_of(key)!r} begins, in `credentials`"
        elif not is_known_id(key):
            yield f"{page}how what follows the beginning of {name_of(key)!r} looks, in `ids`"
        elif used and not source_of(key):
            yield f"{page}the source that shows its use, in `uses`"


def keys_of(name: str) -> dict[str, bool]:
    """The keys of credentials in a source's golden pairs, and whether one was used."""
    keys: dict[str, bool] = {}
    for path in records(name):
        for activity in sources()[name].read(path.read_bytes(), CONTEXT).activities:
            named = (*activity.names, *(getattr(e, "credential", "") for e in activity.effects))
            keys |= {key: keys.get(key, False) for key in named if key}
            if activity.credential:
                keys[activity.credential] = True
    return keys


@pytest.mark.parametrize("name", sorted(sources()))
def test_a_source_has_all_that_belongs_to_it(name: str) -> None:
    lacks = missing(name)
    assert not lacks, "\n".join([f"the source {name} is not complete; add", *lacks])


def test_of_a_source_with_nothing_beside_its_reader_all_is_missing() -> None:
    lacks = missing("nowhere")
    assert len(lacks) == 10 and any("make golden SOURCE=nowhere" in what for what in lacks)
