"""The recorded agents once more, with what crossed the wire between some of them and their tools."""

from __future__ import annotations

import pytest

from schemas.activity import Activity
from schemas.verdict import Verdict
from tests.support.mcp import read
from tests.support.recorded_agents import AGENTS, catalogue, recorded, truth
from tests.support.scenario import every_way, run

pytestmark = pytest.mark.skipif(not AGENTS.is_dir(), reason=f"no recorded traces at {AGENTS}")
OURS = {"tool_outside_catalog", "tool_gained_from_server_change"}


def wire() -> list[Activity]:
    return read(*(AGENTS / "mcp_wire.jsonl").read_bytes().splitlines()).activities


def judged(many: list[Activity]) -> dict[str, Verdict]:
    verdicts = [r.verdict for r in run(many).last.values() if r.verdict]
    return {v.subject: v for v in verdicts if v.control == "tool_outside_catalog"}


def test_the_wire_beside_the_spans_adds_no_call_and_hides_none() -> None:
    verdicts = judged([*recorded(), *catalogue(), *wire()])
    found = {e.uid: e for v in verdicts.values() if v.severity for e in v.evidence}
    wanted = {call.uid: call for call in truth() if call.finding and call.verdict in OURS}
    assert set(found) == set(wanted)
    for call in wanted.values():
        assert set(call.mirrors) <= set(found[call.uid].mirrors)


def test_the_wire_says_that_a_call_was_refused_where_spans_leave_it_open() -> None:
    refused = "agent:mcp-sdk-host/ops-client drop_everything"
    assert judged([*recorded(), *catalogue()])[refused].value == "indeterminate"
    assert judged([*recorded(), *catalogue(), *wire()])[refused].value == "proven"


def test_no_order_of_spans_and_messages_changes_what_is_said() -> None:
    trace = {a.uid[:32] for a in recorded() if a.service.startswith("mcp-sdk-host")}
    some = [a for a in recorded() if a.uid[:32] in trace]
    every_way([*some, *wire(), *catalogue()])
