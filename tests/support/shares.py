"""How much of others' recorded events is resolved, per source: `python -m tests.support.shares` prints the
table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.activity import Activity
from schemas.rejected import Rejected
from schemas.sources import Context, detect, sources

DATA = Path(__file__).parents[3] / "shared" / "data"
PANTHER = {
    "gcp": ("gcp/panther-labs_panther-analysis/gcp_audit_rules.tests.jsonl",),
    "azure": (
        "azure/panther-labs_panther-analysis/azure_activity_rules.tests.jsonl",
        "azure/panther-labs_panther-analysis/azure_signin_rules.tests.jsonl",
        "azure/panther-labs_panther-analysis/microsoft_rules.tests.jsonl",
    ),
}
CONTEXT = Context(key=b"site")
COLUMNS = "{:45} {:>5} {:>9} {:>9} {:>11} {:>6} {:>8}"


class Case(NamedTuple):
    """One recorded event: its name, what it was taken for ("" nothing), and what was read of it as
    ``source``."""

    name: str
    detected: str
    activities: list[Activity]
    rejects: list[Rejected]


def cases(source: str, path: Path) -> Iterator[Case]:
    """The test events of a file, each read by its source."""
    for line in path.read_text().splitlines():
        case = json.loads(line)
        record = json.dumps(case["log"]).encode()
        told = sources()[source].read(record, CONTEXT)
        yield Case(case["test"], detect(record) or "", told.activities, told.rejects)


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
            if not (DATA / path).is_file():
                continue
            many = list(cases(source, DATA / path))
            n = shares(activity for case in many for activity in case.activities)
            rejected = sum(not case.activities for case in many)
            share = {name: f"{n[name] / max(n['activities'], 1):.0%}" for name in n}
            name = f"{source}: {path.rpartition('/')[2]}"
            known = (share[part] for part in ("identity", "credential", "place", "outcome"))
            yield COLUMNS.format(name, n["activities"], rejected, *known)


if __name__ == "__main__":
    print("\n".join(table()))
