"""An agent whose plugin grants more than its catalogue: what is told when it is offered, when it is called,
when its definition is changed, and once the plugin is gone."""

from __future__ import annotations

from typing import Any

import orjson

from correlators.kernel.catalogue import controls
from correlators.kernel.views.tool_table import tool_table
from correlators.kernel.views.view import View
from schemas.dossier import EMPTY
from schemas.evidence import iso
from schemas.finding import render_finding
from schemas.sources.mcp.definitions import digest_of
from schemas.verdict import Clock, Report
from streams.command.explain import story_of
from tests.support.mcp import activities, record
from tests.support.scenario import World, every_way
from tests.support.tool_lists import (
    DESK,
    DROP,
    EVIL,
    GOOD,
    START,
    approves,
    at,
    calls,
    lists,
)

CATALOGUE = approves(
    {"name": "search", "server": "storage", "digest": digest_of(GOOD)},
    {"name": "post_comment", "server": "storage"},
)
POST = {"name": "post_comment", "inputSchema": {"type": "object"}}
PLUGIN: dict[str, Any] = {"server": "plugin", "session": "p1"}
DAY = 86_400

OFFERED = [*lists(0, GOOD, POST), *calls(2), *lists(10, DROP, **PLUGIN)]
CALLED = [*OFFERED, *calls(20, "drop", **PLUGIN)]
SWAPPED = [*CALLED, *lists(40, EVIL, POST), *calls(45)]


def findings(*messages: dict[str, Any], until: int = 3_600) -> tuple[dict[str, tuple[str, str]], World]:
    """Control and tool of each finding, its value and severity; the same in any order."""
    now = START + until * 1_000_000
    world = every_way([CATALOGUE, *activities(*messages)], Clock(now, {"mcp": now}))
    verdicts = (r.verdict for r in world.last.values())
    found: dict[str, tuple[str, str]] = {
        f"{v.control} {v.subject.removeprefix(DESK)}".strip(): (v.value, v.severity.name.lower())
        for v in verdicts
        if v and v.severity
    }
    return found, world


def test_what_a_plugin_adds_is_told_low_when_offered_and_high_when_called() -> None:
    assert findings(*lists(0, GOOD, POST), *calls(2))[0] == {}
    assert findings(*OFFERED)[0] == {"tools_beyond_approval": ("violated", "low")}
    found, world = findings(*CALLED)
    assert found == {"tool_outside_catalog  drop": ("violated", "high")}
    (report,) = [r for r in world.last.values() if r.verdict and r.verdict.severity]
    story = story_of(finding(report), lambda key: world.dossiers().get(key, EMPTY), START + 3_600 * 1_000_000)
    assert "executed drop, which its catalogue does not approve" in story.sentence
    assert [(iso(e.time), e.kind) for e in story.timeline][-1][0] == at(20)


def finding(report: Report) -> dict[str, Any]:
    assert report.verdict
    return dict(orjson.loads(render_finding(report, controls()[report.verdict.control].CONTROL)))


def test_a_definition_that_is_changed_under_the_agent_is_told_beside_it_with_who_changed_it() -> None:
    found, world = findings(*SWAPPED)
    assert found["tools_beyond_approval  storage search definition"] == ("violated", "high")
    rows = {row.tool: row for row in tool_table(View(DESK, world.dossiers()[DESK]))}
    assert (rows["search"].by, iso(rows["search"].changed)) == ("storage", at(41))
    assert rows["drop"].enforced == "carried out all the same" and rows["post_comment"].approved == "by name"


def test_once_the_plugin_is_gone_and_the_gateway_refuses_it_is_proven() -> None:
    later = 2 * DAY
    gone = [*OFFERED, *lists(later, GOOD, POST, session="s3"), *lists(later, {"name": "other"}, **PLUGIN)]
    denied = calls(later + 9, "drop", **PLUGIN)[0] | {"http": {"status": 403}}
    found, world = findings(*gone, denied, until=later + 3_600)
    values = {
        f"{v.control} {v.subject.removeprefix(DESK)}".strip(): v.value
        for r in world.last.values()
        if (v := r.verdict)
    }
    assert values["tool_outside_catalog  drop"] == "proven"
    assert values["tools_beyond_approval  storage search definition"] == "proven"
    assert found == {"tools_beyond_approval": ("violated", "low")}  # The plugin offers another tool by now.


def test_the_message_of_a_list_that_nobody_answered_offers_nothing() -> None:
    asked = record(
        {"jsonrpc": "2.0", "id": 9, "method": "tools/list"}, ts=at(0), gateway="edge", agent="desk"
    )
    assert findings(asked)[0] == {}
