"""Golden pairs: a record as its vendor writes it, and the activities, facts and rejects that must come of it.

`python -m tests.schemas.sources.test_golden_pairs` writes the second halves anew: read the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.fact import facts_of
from schemas.sources import Context, detect, sources

GOLDEN = Path(__file__).parents[2] / "golden"
NAMES = ("azure", "caep", "gcp", "leaks", "ocsf")
RECORDS = [path for name in NAMES for path in sorted((GOLDEN / name).glob("*.in.*"))]

CONTEXT = Context(key=b"site", unsigned_allowed=True)
"""The events of the pairs are decoded ones: a signature would bind them to a key that somebody must keep."""


def told(path: Path) -> Any:
    read = sources()[path.parent.name].read(path.read_bytes(), CONTEXT)
    answer = {
        "activities": msgspec.to_builtins(read.activities),
        "facts": [msgspec.to_builtins(facts_of(activity)) for activity in read.activities],
        "rejects": msgspec.to_builtins(read.rejects),
        "passed": read.passed,
    }
    return msgspec.json.decode(msgspec.json.encode(answer))


def answer_of(path: Path) -> Path:
    return path.with_name(f"{path.name.partition('.in.')[0]}.out.json")


@pytest.mark.parametrize(
    "path", RECORDS, ids=lambda path: f"{path.parent.name} {path.name.partition('.')[0]}"
)
def test_a_record_gives_its_activities_and_facts(path: Path) -> None:
    assert detect(path.read_bytes()) == path.parent.name
    assert told(path) == msgspec.json.decode(answer_of(path).read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_every_source_has_pairs(name: str) -> None:
    records = [path for path in RECORDS if path.parent.name == name]
    assert len(records) >= 3
    assert {answer_of(path) for path in records} == set((GOLDEN / name).glob("*.out.json"))


if __name__ == "__main__":
    for record in RECORDS:
        answer_of(record).write_bytes(
            msgspec.json.format(msgspec.json.encode(told(record)), indent=1) + b"\n"
        )
