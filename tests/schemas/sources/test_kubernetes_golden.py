"""Golden pairs: recorded lines in, activities and facts out. ``GOLDEN=write`` writes them anew: read the
difference."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.fact import facts_of
from tests.support.kubernetes import reading

FOLDER = Path(__file__).parents[2] / "golden" / "kubernetes"


def told(raw: Any) -> dict[str, Any]:
    """The raw record and everything that becomes of it, as JSON. Shards only where they differ."""
    found = reading(raw)
    facts = sorted({(_bare(key), encoded(fact)) for a in found.activities for key, fact in facts_of(a)})
    out = {
        "raw": raw,
        "activities": [json.loads(encoded(a)) for a in found.activities],
        "facts": [[key, json.loads(fact)] for key, fact in facts],
        "rejects": [json.loads(encoded(r)) for r in found.rejects],
        "passed": found.passed,
    }
    return json.loads(json.dumps(out))  # type: ignore[no-any-return]


def _bare(key: str) -> str:
    key = key.partition("#")[0]
    return key.rpartition(":")[0] if key.startswith("glimpses:") else key


def encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def test_there_are_golden_pairs() -> None:
    assert len(list(FOLDER.glob("*.json"))) >= 30


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_recorded_line_becomes_what_it_became(path: Path) -> None:
    golden = json.loads(path.read_text())
    new = told(golden["raw"])
    if os.environ.get("GOLDEN") == "write":
        path.write_text(written(new))
        golden = new
    assert new == golden


def written(pair: dict[str, Any]) -> str:
    """One line per fact, so that a difference shows which."""
    facts = ",\n  ".join(json.dumps(fact) for fact in pair["facts"])
    rest = {key: value for key, value in pair.items() if key != "facts"}
    return json.dumps(rest, indent=1)[:-2] + f',\n "facts": [\n  {facts}\n ]\n}}\n'
