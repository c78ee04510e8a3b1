"""Golden pairs of CloudTrail: the record as AWS writes it, and the activities and facts that must come of it.

`python -m tests.schemas.sources.test_cloudtrail_golden` writes the second halves anew: read the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.fact import facts_of
from schemas.sources import detect
from tests.support.cloudtrail import reading

PAIRS = Path(__file__).parents[2] / "golden" / "cloudtrail"
RECORDS = sorted(PAIRS.glob("*.in.json"))


def told(path: Path) -> Any:
    read = reading(path.read_bytes())
    answer = {
        "activities": msgspec.to_builtins(read.activities),
        "facts": [msgspec.to_builtins(facts_of(activity)) for activity in read.activities],
        "rejects": msgspec.to_builtins(read.rejects),
    }
    return msgspec.json.decode(msgspec.json.encode(answer))


def answer_of(path: Path) -> Path:
    return path.with_name(path.name.replace(".in.", ".out."))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name.partition(".")[0])
def test_a_record_gives_its_activities_and_facts(path: Path) -> None:
    assert detect(path.read_bytes()) == "cloudtrail"
    assert told(path) == msgspec.json.decode(answer_of(path).read_bytes())


def test_there_are_pairs() -> None:
    assert len(RECORDS) >= 6 and {answer_of(path) for path in RECORDS} == set(PAIRS.glob("*.out.json"))


if __name__ == "__main__":
    for record in RECORDS:
        answer_of(record).write_bytes(
            msgspec.json.format(msgspec.json.encode(told(record)), indent=1) + b"\n"
        )
