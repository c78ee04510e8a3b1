"""An agent that its record says is gone: its runs and its tool calls, over MCP too, are uses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Activity
from schemas.sources import Context, inventory
from schemas.verdict import Clock
from tests.support.otlp import SERVER, T0, activities, agent, span, tool, uid
from tests.support.scenario import every_way

DESK = "agent:desk/triage"
GONE = {
    "gapwatch": "inventory/v1",
    "recorded": "2026-01-01T00:00:00Z",
    "identities": [
        {"id": DESK, "status": [{"value": "decommissioned", "from": "2026-01-01T00:00:00Z"}]},
    ],
}


def declared() -> list[Activity]:
    return inventory.read(json.dumps(GONE).encode(), Context()).activities


MCP = {"mcp.method.name": "tools/call", "gen_ai.tool.name": "search"}


@pytest.mark.parametrize(
    ("spans", "used"),
    [
        ([agent(1)], {uid(1)}),
        ([agent(1), tool(2, 1)], {uid(1), uid(2)}),
        ([agent(1), span(2, 1, "tools/call search", kind=SERVER, attributes=MCP)], {uid(1), uid(2)}),
        ([tool(2, 9, attributes={"gen_ai.agent.name": "triage"})], {uid(2)}),
    ],
    ids=["a run", "a tool call", "a call over MCP", "a call before its run is over"],
)
def test_a_decommissioned_agent_that_works_is_active(spans: list[dict[str, Any]], used: set[str]) -> None:
    clock = Clock(T0 // 1000 + 3_600_000_000, {"otel": T0 // 1000 + 3_600_000_000})
    world = every_way([*declared(), *activities(*spans)], clock)
    (verdict,) = [
        r.verdict
        for r in world.last.values()
        if r.verdict and r.verdict.control == "inactive_identity_active"
    ]
    assert verdict.value == "violated"
    assert {e.uid for e in verdict.evidence} == used
