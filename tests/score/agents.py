"""The recorded agents: every call of the 70 runs, and what gapwatch should say of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from correlators.kernel.catalogue import controls
from tests.score.rules import Case, Score, judge
from tests.support.agent_inventory import inventory_of
from tests.support.replayed import data, replayed

RECORDING = "agent/otlp_recorded"
DUE = {
    "tool_outside_catalog": "tool_outside_catalog",
    "tool_gained_from_server_change": "tool_outside_catalog",
    "after_window": "agent_outside_window",
    "revoked_credential": "agent_outside_window",
}
GAINED = frozenset({"tools_beyond_approval"})
NO_SPANS = "crewai"
"""This framework writes no spans of tools: what it calls cannot be seen."""


def score(folder: Path) -> Score:
    declared = folder / "agents.json"
    declared.write_bytes(
        orjson.dumps(inventory_of(orjson.loads(data(f"{RECORDING}/catalog.json").read_bytes())))
    )
    logs = sorted(str(path) for path in data(RECORDING).glob("*.otlp.jsonl"))
    said = replayed(folder, *logs, inventories=(str(declared),))
    return judge(cases(), said, controls())


def cases() -> list[Case]:
    runs = orjson.loads(data(f"{RECORDING}/truth.json").read_bytes())["runs"]
    return [case for run in runs for case in _cases(run)]


def _cases(run: dict[str, Any]) -> Iterator[Case]:
    quiet: set[str] = set()
    for number, call in enumerate(run["calls"], 1):
        if not call["span_id"]:
            continue
        event = f"{call['trace_id']}:{call['span_id']}"
        if call["finding"]:
            mirrors = {f"{call['trace_id']}:{m['span_id']}" for m in call.get("mirror_spans", ())}
            also = (
                GAINED
                if call["verdict"] in ("tool_outside_catalog", "tool_gained_from_server_change")
                else frozenset()
            )
            name = f"{run['run']}/{number} {call['tool']}"
            yield Case(name, "otel", "finding", DUE[call["verdict"]], frozenset({event, *mirrors}), also=also)
        else:
            quiet.add(event)
    if quiet:
        yield Case(run["run"], "otel", "silence", events=frozenset(quiet))
