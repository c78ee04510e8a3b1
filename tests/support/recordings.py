"""Every recorded log beside the project, and what docs/rejects.md says of it."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import orjson

from correlators.driver.normaliser import Batch, Normaliser, Record
from schemas.sources import detect
from streams.command.replay import Options, Summary, replay
from tests.support.replayed import DATA

PAGE = Path(__file__).parents[2] / "docs" / "rejects.md"

ARRIVED = 1_795_400_000_000_000
"""When the events of catalogues arrived, as the running pipeline would know it (µs)."""

CATALOGUES = {"tests.jsonl": "log", "doc_sample_events.jsonl": "event"}
"""Ends of the names of files whose lines tell about one event each, and the field that holds it."""

SOURCES = {
    "agent": "provider_admin", "azure": "azure", "entra-id": "azure", "gcp": "gcp", "GCP": "gcp",
    "kubernetes": "kubernetes", "EKS": "kubernetes",
}  # fmt: skip
"""The topic that an event goes to which no source knows, by the folder or the platform that it is from."""

Tally = Counter[tuple[str, str]]
"""How often a field was rejected for a reason (a parser's own words left out)."""


def field_of(path: Path) -> str:
    """The field of a catalogue's lines that holds the event; "" for a log."""
    return next((field for end, field in CATALOGUES.items() if path.name.endswith(end)), "")


def events(path: Path) -> Iterator[tuple[str, Record]]:
    """The events of a catalogue as records of the topic that they would go to, each with its name."""
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        row = orjson.loads(line)
        event = row[field_of(path)]
        body = event.encode() if isinstance(event, str) else orjson.dumps(event)
        folder = row.get("platform") or path.relative_to(DATA).parts[0]
        source = detect(body) or SOURCES[folder]
        yield row.get("test", ""), Record(body, source, line=number, arrived=ARRIVED)


def normalised(record: Record) -> Batch:
    """What one record gives."""
    normaliser = Normaliser(b"site")
    normaliser.take(record)
    return normaliser.drain()


def replayed(path: Path, side: Path) -> tuple[Summary, Tally]:
    """A log through `gapwatch replay`; ``side`` takes the rejects."""
    summary = replay(Options((str(path),), rejects=side), io.BytesIO())
    return summary, _counted((row["field"], row["reason"]) for row in map(orjson.loads, side.open("rb")))


def taken(path: Path) -> Tally:
    """The rejects of a catalogue's events."""
    return _counted((r.field, r.reason) for _, record in events(path) for r in normalised(record).rejects)


def _counted(rejects: Iterator[tuple[str, str]]) -> Tally:
    return Counter((field, reason.partition(":")[0]) for field, reason in rejects)


def tables() -> tuple[dict[str, Tally], list[str]]:
    """The page: per file its rejects, and the patterns of the names of what is no log."""
    broken: dict[str, Tally] = {}
    others: list[str] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 5 and cells[1].isdecimal():
            broken.setdefault(cells[0], Counter())[cells[2], cells[3]] += int(cells[1])
        elif len(cells) == 2 and line.startswith("| `"):
            others.append(cells[0])
    return broken, others


def logs() -> list[str]:
    """The names of all files beside the project that the page does not call something else than a log."""
    _, others = tables()
    names = sorted(str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file())
    return [name for name in names if not any(fnmatch(name, other) for other in others)]
