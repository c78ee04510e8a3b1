"""Golden pairs of what agents leave behind: the record as it comes, and the activities and facts that must
come of it.

``python -m tests.schemas.sources.test_agents_golden`` writes the second halves anew: read the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.fact import facts_of
from schemas.sources import Context, detect, sources

GOLDEN = Path(__file__).parents[2] / "golden"
SOURCES = ("otel", "mcp", "provider_admin")
RECORDS = sorted(path for source in SOURCES for path in (GOLDEN / source).glob("*.in.json"))
CONTEXT = Context(instance="lab", key=b"golden")


def told(path: Path) -> Any:
    reading = sources()[path.parent.name].read(path.read_bytes(), CONTEXT)
    answer = {
        "activities": reading.activities,
        "facts": [facts_of(activity) for activity in reading.activities],
        "rejects": reading.rejects,
        "passed": reading.passed,
    }
    return msgspec.json.decode(msgspec.json.encode(answer))


def answer_of(path: Path) -> Path:
    return path.with_name(path.name.replace(".in.", ".out."))


@pytest.mark.parametrize(
    "path", RECORDS, ids=lambda path: f"{path.parent.name}-{path.name.partition('.')[0]}"
)
def test_a_record_gives_its_activities_and_facts(path: Path) -> None:
    assert detect(path.read_bytes()) == path.parent.name
    assert told(path) == msgspec.json.decode(answer_of(path).read_bytes())


def test_every_source_has_pairs() -> None:
    assert {path.parent.name for path in RECORDS} == set(SOURCES) and len(RECORDS) >= 15


if __name__ == "__main__":
    for record in RECORDS:
        written = msgspec.json.format(msgspec.json.encode(told(record)), indent=1)
        answer_of(record).write_bytes(written + b"\n")
