"""The recorded agents, scored: every call that truth.json calls a finding, and no other."""

from __future__ import annotations

import random

import pytest

from schemas.verdict import Verdict
from tests.support.recorded_agents import AGENTS, catalogue, recorded, truth
from tests.support.scenario import run

pytestmark = pytest.mark.skipif(not AGENTS.is_dir(), reason=f"no recorded traces at {AGENTS}")
OURS = {"tool_outside_catalog", "tool_gained_from_server_change"}


def judged() -> dict[str, Verdict]:
    world = run([*recorded(), *catalogue()])
    verdicts = [r.verdict for r in world.last.values() if r.verdict]
    return {v.subject: v for v in verdicts if v.control == "tool_outside_catalog"}


def test_every_recorded_finding_is_found_and_nothing_else() -> None:
    found = {e.uid: e for v in judged().values() if v.severity for e in v.evidence}
    wanted = {call.uid: call for call in truth() if call.finding and call.verdict in OURS}
    assert len(wanted) == 17
    assert not set(wanted) - set(found), "missed"
    assert not set(found) - set(wanted), "false"
    for call in wanted.values():
        assert found[call.uid].mirrors == call.mirrors


def test_calls_that_were_refused_prove_or_are_undecided() -> None:
    verdicts = judged()
    assert verdicts["agent:strands-host/files-agent delete_file"].value == "proven"
    assert verdicts["agent:mcp-sdk-host/ops-client drop_everything"].value == "indeterminate"


def test_a_framework_that_writes_no_tool_spans_is_a_blind_spot() -> None:
    assert judged()["agent:crewai-openllmetry-host/Report Writer"].value == "unverifiable"


def test_the_order_of_arrival_changes_nothing() -> None:
    many = [*recorded(), *catalogue()]
    first = run(many).verdicts()
    for seed in range(3):
        shuffled = many + many[:200]
        random.Random(seed).shuffle(shuffled)
        assert run(shuffled, partitions=4).verdicts() == first
