"""How much of others' recorded events is resolved, per source: `python -m tests.support.shares` prints the
table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from correlators.driver.normaliser import Normaliser, Record
from schemas.activity import Activity
from schemas.rejected import Rejected
from schemas.sources import Context, detect, sources
from streams.command.replay import RECORD_LIMIT
from streams.files.paths import Reader
from tests.support.recordings import ARRIVED, events, field_of, logs
from tests.support.replayed import DATA

PANTHER = {
    source: sorted(str(path.relative_to(DATA)) for path in DATA.glob(f"{folder}/panther-labs_*/*.jsonl"))
    for source, folder in (
        ("gcp", "gcp"), ("azure", "azure"), ("kubernetes", "kubernetes"), ("provider_admin", "agent"),
    )
}  # fmt: skip
"""Panther's test events: one a line, each the smallest that its rule needs."""
CONTEXT = Context(key=b"site", arrived=ARRIVED)
"""As the running pipeline reads: it knows when a record arrived."""
COLUMNS = "{:45} {:>5} {:>9} {:>9} {:>11} {:>6} {:>8}"


class Case(NamedTuple):
    """One recorded event: its name, the event itself, what it was taken for ("" nothing), and what was read
    of it."""

    name: str
    event: dict[str, Any]
    detected: str
    activities: list[Activity]
    rejects: list[Rejected]


def cases(path: Path) -> Iterator[Case]:
    """The test events of a file, each read by its source."""
    for name, record in events(path):
        reading = sources()[record.source].read(record.body, CONTEXT)
        found = detect(record.body) or ""
        yield Case(name, json.loads(record.body), found, reading.activities, reading.rejects)


def shares(activities: Iterable[Activity]) -> Counter[str]:
    """Of how many activities the identity, the credential, the place, the outcome and the operation are
    known."""
    counted: Counter[str] = Counter()
    for one in activities:
        counted["activities"] += 1
        counted["identity"] += bool(one.identity)
        counted["credential"] += bool(one.credential)
        counted["place"] += bool(one.place)
        counted["outcome"] += one.outcome != "unknown"
        counted["operation"] += bool(one.operation)
    return counted


def logged() -> dict[str, tuple[list[Activity], int]]:
    """By source and recording, what its logs give and how many events of them are rejected."""
    counted: dict[str, tuple[list[Activity], int]] = {}
    for name in logs():
        if field_of(Path(name)):
            continue
        for source, piece in Reader(detect, RECORD_LIMIT).read(DATA / name):
            recording = f"{source}: {name.split('/')[1]}"
            activities, rejected = counted.get(recording, ([], 0))
            normaliser = Normaliser(CONTEXT.key, watch=activities.append)
            normaliser.take(Record(piece.content, source, arrived=ARRIVED))
            counted[recording] = activities, rejected + len(normaliser.drain().rejects)
    return counted


def table() -> Iterator[str]:
    yield COLUMNS.format("events of", "read", "rejected", "identity", "credential", "place", "outcome")
    for source, paths in PANTHER.items():
        for path in paths:
            many = list(cases(DATA / path))
            rejected = sum(not case.activities for case in many)
            found = [activity for case in many for activity in case.activities]
            yield _row(f"{source}: {path.rpartition('/')[2]}", found, rejected)
    for name, (activities, rejected) in sorted(logged().items()):
        yield _row(name, activities, rejected)


def _row(name: str, activities: list[Activity], rejected: int) -> str:
    n = shares(activities)
    known = (
        f"{n[part] / max(len(activities), 1):.0%}" for part in ("identity", "credential", "place", "outcome")
    )
    return COLUMNS.format(name, len(activities), rejected, *known)


if __name__ == "__main__":
    print("\n".join(table()))
