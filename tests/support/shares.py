"""How much of others' recorded events is resolved, per source: `python -m tests.support.shares` prints the
table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemas.activity import Activity
from schemas.rejected import Rejected
from schemas.sources import Context, detect, sources
from tests.support.recordings import ARRIVED, events
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
        told = sources()[record.source].read(record.body, CONTEXT)
        found = detect(record.body) or ""
        yield Case(name, json.loads(record.body), found, told.activities, told.rejects)


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


def table() -> Iterator[str]:
    yield COLUMNS.format("events of", "read", "rejected", "identity", "credential", "place", "outcome")
    for source, paths in PANTHER.items():
        for path in paths:
            many = list(cases(DATA / path))
            n = shares(activity for case in many for activity in case.activities)
            rejected = sum(not case.activities for case in many)
            share = {name: f"{n[name] / max(n['activities'], 1):.0%}" for name in n}
            name = f"{source}: {path.rpartition('/')[2]}"
            known = (share[part] for part in ("identity", "credential", "place", "outcome"))
            yield COLUMNS.format(name, n["activities"], rejected, *known)


if __name__ == "__main__":
    print("\n".join(table()))
