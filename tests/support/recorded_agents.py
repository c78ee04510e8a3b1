"""The recorded traces of agents, and what is true of them. They are read from beside the project, where they
are."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from schemas.activity import Activity, Spanned
from schemas.sources import Context, inventory, otel
from schemas.span import Span
from tests.support.agent_inventory import inventory_of

AGENTS = Path(__file__).parents[3] / "shared" / "data" / "agent" / "otlp_recorded"


class Called(NamedTuple):
    """One call as truth.json tells it, where the framework made a span for it."""

    uid: str
    tool: str
    agent: str
    verdict: str
    finding: bool
    mirrors: tuple[str, ...]


@cache
def truth() -> tuple[Called, ...]:
    runs = json.loads((AGENTS / "truth.json").read_bytes())["runs"]
    return tuple(
        Called(
            f"{call['trace_id']}:{call['span_id']}",
            call["tool"],
            call["agent_name"],
            call["verdict"],
            call["finding"],
            tuple(sorted(f"{call['trace_id']}:{m['span_id']}" for m in call.get("mirror_spans", []))),
        )
        for run in runs
        for call in run["calls"]
        if call["span_id"]
    )


@cache
def recorded() -> tuple[Activity, ...]:
    """Every span of every stream, stream by stream."""
    return tuple(
        activity
        for file in sorted(AGENTS.glob("*.otlp.jsonl"))
        for line in file.read_bytes().splitlines()
        for activity in otel.read(line, Context()).activities
    )


def recorded_spans() -> dict[str, Span]:
    return {a.uid: e.span for a in recorded() for e in a.effects if isinstance(e, Spanned)}


def catalogue() -> list[Activity]:
    """The declared catalogue, as the inventory's activities."""
    written = inventory_of(json.loads((AGENTS / "catalog.json").read_bytes()))
    reading = inventory.read(json.dumps(written).encode(), Context())
    assert not reading.rejects, reading.rejects
    return reading.activities
