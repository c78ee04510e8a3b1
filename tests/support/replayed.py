"""What a replay says, as data."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.command.replay import Options, replay
from tests.support import ocsf

DATA = Path(__file__).parents[3] / "shared" / "data"
"""Recorded logs beside the project. Tests that need them skip where they are missing."""


def data(name: str) -> Path:
    """A file or folder of the recorded logs, or a skip with its reason."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recorded logs are not here: {name}")
    return path


@dataclass
class Said:
    """Final findings, assurance rows and lifelines of a replay; ``lines`` are the findings as they were
    written.
    """

    lines: list[bytes]
    findings: list[dict[str, Any]]
    assurance: list[dict[str, Any]]
    credentials: list[dict[str, Any]]
    rejects: list[dict[str, Any]]


def replayed(
    folder: Path, *paths: Path | str, progress: Callable[[int], None] = lambda records: None, **options: Any
) -> Said:
    """Replays; ``folder`` takes the side files; ``progress`` is told how many records were read."""
    out = io.BytesIO()
    files = {name: folder / f"{name}.jsonl" for name in ("assurance", "credentials", "rejects")}
    replay(Options(tuple(map(str, paths)), **{**files, **options}), out, progress)
    lines = out.getvalue().splitlines()
    ocsf.rendered.update((*out.getvalue().splitlines(), *files["assurance"].read_bytes().splitlines()))
    side = {
        name: [orjson.loads(line) for line in path.read_bytes().splitlines()] for name, path in files.items()
    }
    return Said(
        lines, [orjson.loads(line) for line in lines], side["assurance"], side["credentials"], side["rejects"]
    )


def uids(row: dict[str, Any]) -> set[str]:
    """The vendor's event ids that a finding or an assurance row names."""
    return {event["uid"] for event in row["finding_info"].get("related_events", ())}


def control(row: dict[str, Any]) -> str:
    return str(row["finding_info"]["analytic"]["uid"])
