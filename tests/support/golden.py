"""Golden pairs: a record as its vendor writes it (``tests/golden/<source>/<name>.in.<ending>``), and what its
source must make of it (``<name>.out.json``).

An answer holds the activities, the rejects, how many events were passed, and the keys that learn of it. It
does not hold what a fact looks like inside: that is the same function of an activity for every source.
``make golden SOURCE=…`` writes the answers of one source anew, without ``SOURCE`` those of all: read the
difference.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas.activity import Activity
from schemas.fact import facts_of
from schemas.sources import Context, sources

FOLDER = Path(__file__).parents[1] / "golden"
TYPICAL = "typical"
"""The name of the pair with the record of which a log holds most: ``make bench ARGS=--readers`` reads it."""

CONTEXT = Context(instance="lab", key=b"golden", unsigned_allowed=True)
"""The events of the pairs are decoded ones: a signature would bind them to a key that somebody must keep."""


def folders() -> set[str]:
    """The sources that have pairs."""
    return {path.name for path in FOLDER.iterdir() if path.is_dir()}


def records(source: str = "*") -> list[Path]:
    """The records of a source's pairs, or those of all."""
    return sorted(FOLDER.glob(f"{source}/*.in.*"))


def record(source: str, name: str) -> bytes:
    """One record by its name."""
    (path,) = FOLDER.glob(f"{source}/{name}.in.*")
    return path.read_bytes()


def answer_of(path: Path) -> Path:
    """Where the answer to a record stands."""
    return path.with_name(f"{path.name.partition('.in.')[0]}.out.json")


def read(path: Path) -> Any:
    """What the source makes of a record now, as JSON."""
    reading = sources()[path.parent.name].read(path.read_bytes(), CONTEXT)
    answer = {
        "activities": reading.activities,
        "learn": sorted({key for activity in reading.activities for key in _learn(activity)}),
        "rejects": reading.rejects,
        "passed": reading.passed,
    }
    return msgspec.json.decode(msgspec.json.encode(answer))


def _learn(activity: Activity) -> set[str]:
    """The keys that an activity teaches something; of the shards of a group and of the moments of a room, the
    key that they share."""
    bare = {key.partition("#")[0] for key, _ in facts_of(activity)}
    return {key.rpartition(":")[0] if key.startswith("glimpses:") else key for key in bare}


def write(source: str = "*") -> int:
    """Writes the answers anew and says how many there are."""
    many = records(source)
    for path in many:
        answer_of(path).write_bytes(msgspec.json.format(msgspec.json.encode(read(path)), indent=1) + b"\n")
    return len(many)


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else "*"
    written = write(wanted)
    print(f"{written} answers in tests/golden: read the new ones, and of the others what git diff says")
    sys.exit(0 if written else f"tests/golden/{wanted} holds no <name>.in.json")
