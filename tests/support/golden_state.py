"""``python -m tests.support.golden_state 2 > tests/state/version-2.jsonl``: dossiers as this version stores
them, kept with a release so that every later version is tried on them.

They are what some of the cases teach: of each field of a dossier the smallest dossier that has it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from correlators.driver.normaliser import Normaliser, Record
from schemas.dossier import Dossier
from schemas.fact import WATCH, Tick
from schemas.sources import Context, detect
from schemas.stored import VERSION, decode
from schemas.verdict import Clock
from streams.command.replay import RECORD_LIMIT
from streams.files.paths import Reader
from tests.support.scenario import World

CASES = Path(__file__).parents[1] / "cases"
READS = Context(key=b"site")
BODY_MAX = 20_000


def stored_by(folder: Path) -> dict[str, bytes]:
    """What the pipeline stores after one case, by key."""
    normaliser = Normaliser(READS.key, trust=READS)
    for path in sorted([*folder.glob("input.json*"), *folder.glob("inventory.yaml")]):
        for source, piece in Reader(detect, RECORD_LIMIT).read(path):
            normaliser.take(Record(piece.content, "inventory" if path.suffix == ".yaml" else source))
    batch = normaliser.drain()
    now = max(batch.newest.values(), default=0)
    world = World(1, Clock(now, {source: now for source, _, _ in batch.newest}))
    world.take(batch.facts)
    world.tick(Tick(now))
    world.settle_now()
    return {key: body for key, body in world.stores[0].items() if not key.startswith(WATCH)}


def chosen() -> dict[str, tuple[str, bytes]]:
    """The smallest dossier by each field that a dossier may have."""
    best: dict[str, tuple[str, bytes]] = {}
    for folder in sorted(path.parent for path in CASES.glob("*/*/expected.md")):
        for key, body in stored_by(folder).items():
            known = decode(body)
            for field in Dossier.__struct_fields__:
                if getattr(known, field) and len(body) < min(
                    BODY_MAX, len(best.get(field, ("", b" " * BODY_MAX))[1])
                ):
                    best[field] = (key, body)
    return best


def main() -> None:
    """Prints one dossier a line."""
    assert int(sys.argv[1]) == VERSION, f"this version stores version {VERSION}"
    for key, body in sorted(set(chosen().values())):
        print(orjson.dumps({"key": key, "body": body.decode()}).decode())


if __name__ == "__main__":
    main()
