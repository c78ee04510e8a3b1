"""Agents outside the time for which they are approved: the cases of the rule."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.activity import Activity
from schemas.evidence import iso
from schemas.naming import spoken
from schemas.sources import Context, inventory, mcp, otel
from schemas.verdict import Clock, Severity, Verdict
from tests.support.otlp import CLIENT, T0, activities, agent, arriving, span, tool, uid
from tests.support.scenario import every_way

DESK = "agent:desk/triage"
ROLE = "aws:111122223333:role/triage"
CLIENT_ID = "oauth:client/triage-app"
START = T0 // 1000
CLOCK = Clock(START + 7_200_000_000, {"otel": START + 7_200_000_000})


def at(second: float) -> str:
    return iso(START + int(second * 1_000_000))


def record(second: float = -3_600, identity: str = DESK, **fields: Any) -> list[Activity]:
    """A record made so many seconds after the start."""
    document = {
        "gapwatch": "inventory/v1",
        "recorded": at(second),
        "identities": [{"id": identity, "owner": "team-support"} | fields],
    }
    reading = inventory.read(json.dumps(document).encode(), Context())
    assert not reading.rejects, reading.rejects
    return reading.activities


def until(second: float, recorded: float = -3_600, **fields: Any) -> list[Activity]:
    return record(recorded, windows=[{"from": at(-86_400), "until": at(second)}], **fields)


def judged(*many: Activity) -> dict[str, Verdict]:
    world = every_way(list(many), CLOCK)
    found = [
        r.verdict for r in world.last.values() if r.verdict and r.verdict.control == "agent_outside_window"
    ]
    return {v.subject: v for v in found}


def by(second: int, identity: str, credential: str, source: str) -> Activity:
    return Activity(
        "u1",
        START + second * 1_000_000,
        source,
        identity=identity,
        credential=credential,
        outcome="succeeded",
    )


CALLED = activities(agent(1), tool(2, 1, at=60))


def test_a_call_after_the_end_of_the_window_is_told_and_one_inside_it_is_not() -> None:
    verdict = judged(*until(30), *CALLED)[DESK]
    assert (verdict.value, verdict.severity, [e.uid for e in verdict.evidence]) == (
        "violated",
        Severity.HIGH,
        [uid(2)],
    )
    assert verdict.title == f"{spoken(DESK)} acted outside its approved window" and at(30) in verdict.reason
    silent = judged(*until(90), *CALLED)[DESK]
    assert (silent.value, silent.severity) == ("assumed", None)


def test_an_act_before_the_window_opens_and_a_record_without_any_window_are_told() -> None:
    early = record(windows=[{"from": at(600)}])
    assert judged(*early, *CALLED)[DESK].severity == Severity.HIGH
    assert judged(*record(windows=[]), *CALLED)[DESK].severity == Severity.HIGH
    assert judged(*record(), *CALLED) == {}


def test_so_near_to_the_end_that_two_clocks_may_differ_it_is_low() -> None:
    assert judged(*until(59.5), *CALLED)[DESK].severity == Severity.LOW


@pytest.mark.parametrize("zone", ["+00:00", "+05:30", "-08:00"])
def test_a_window_means_the_same_in_any_zone(zone: str) -> None:
    sign, hours, minutes = int(zone[0] + "1"), int(zone[1:3]), int(zone[4:])
    shift = sign * (hours * 3_600 + minutes * 60)
    end = at(30 + shift).removesuffix("Z") + zone
    assert judged(*record(windows=[{"until": end}]), *CALLED)[DESK].severity == Severity.HIGH
    end = at(90 + shift).removesuffix("Z") + zone
    assert judged(*record(windows=[{"until": end}]), *CALLED)[DESK].severity is None


def test_a_record_made_later_that_extends_the_window_ends_it_and_one_made_before_is_none() -> None:
    ended = judged(*until(30), *until(90, recorded=100), *CALLED)[DESK]
    assert (ended.value, ended.severity) == ("assumed", Severity.HIGH) and "approved since" in ended.reason
    assert judged(*until(30), *until(90, recorded=40), *CALLED)[DESK].severity is None
    shortened = judged(*until(90), *until(30, recorded=100), *CALLED)[DESK]
    assert shortened.severity is None


def test_a_delegate_holds_its_own_window() -> None:
    below = activities(agent(1), agent(2, 1, name="refunds"), tool(3, 2, at=60))
    delegate = record(identity="agent:desk/refunds", windows=[{"until": at(90)}])
    found = judged(*until(30, delegates=["agent:desk/refunds"]), *delegate, *below)
    assert found["agent:desk/refunds"].severity is None and found[DESK].severity is None
    late = record(identity="agent:desk/refunds", windows=[{"until": at(30)}])
    found = judged(*until(90), *late, *below)
    assert found["agent:desk/refunds"].severity == Severity.HIGH and found[DESK].severity is None


def test_a_refused_call_outside_the_window_is_proof() -> None:
    denied = span(
        2, 1, "tools/call search", at=60, kind=CLIENT, status={"code": 2},
        attributes={"mcp.method.name": "tools/call", "gen_ai.tool.name": "search", "error.type": "403"},
    )  # fmt: skip
    verdict = judged(*until(30), *activities(agent(1), denied))[DESK]
    assert (verdict.value, verdict.severity) == ("proven", None)


def test_a_run_without_tools_and_a_use_of_its_cloud_role_are_acts() -> None:
    assert judged(*until(-60), *activities(agent(1)))[DESK].severity == Severity.HIGH
    by_role = by(60, ROLE, "aws:key/ASIAEXAMPLE", "cloudtrail")
    assert judged(*until(30, aliases=[ROLE]), by_role)[DESK].severity == Severity.HIGH
    assert judged(*until(30), by_role)[DESK].severity is None


def test_a_coding_agents_request_to_its_model_past_its_window_is_an_act() -> None:
    def requested(second: float) -> list[Activity]:
        record = {
            "timeUnixNano": str(T0 + int(second * 1e9)), "eventName": "claude_code.api_request",
            "attributes": [{"key": "request_id", "value": {"stringValue": "r1"}}],
        }  # fmt: skip
        service = {"key": "service.name", "value": {"stringValue": "coder"}}
        logs = [{"resource": {"attributes": [service]}, "scopeLogs": [{"logRecords": [record]}]}]
        return otel.read(json.dumps({"resourceLogs": logs}).encode(), Context()).activities

    window = until(30, identity="agent:coder/coder")
    assert judged(*window, *requested(10))["agent:coder/coder"].severity is None
    assert judged(*window, *requested(60))["agent:coder/coder"].severity == Severity.HIGH


def test_an_emergency_that_is_approved_is_inside() -> None:
    document = {
        "gapwatch": "inventory/v1",
        "recorded": at(50),
        "approvals": [{"identity": DESK, "grant": "break-glass", "from": at(40), "until": at(90)}],
    }
    approved = inventory.read(json.dumps(document).encode(), Context()).activities
    assert judged(*until(30), *approved, *CALLED)[DESK].severity is None


def test_what_an_inactive_agent_does_is_told_once() -> None:
    off = [{"value": "decommissioned", "from": at(20)}]
    world = every_way([*until(30, status=off), *CALLED], CLOCK)
    alarming = {r.verdict.control for r in world.last.values() if r.verdict and r.verdict.severity}
    assert alarming == {"inactive_identity_active"}


def test_calls_after_the_end_of_all_its_credentials_are_told_low_unless_one_lives_or_tells_of_itself() -> (
    None
):
    revoked = {"id": CLIENT_ID, "revoked": at(30)}
    subject = f"{DESK} credentials"
    verdict = judged(*record(credentials=[revoked]), *CALLED)[subject]
    assert (verdict.value, verdict.severity) == ("violated", Severity.LOW) and CLIENT_ID in verdict.reason
    assert judged(*record(credentials=[revoked, {"id": "oauth:client/other"}]), *CALLED) == {}
    assert judged(*record(credentials=[revoked | {"revoked": at(90)}]), *CALLED) == {}
    assert subject not in judged(*record(credentials=[revoked]), *CALLED, by(61, DESK, CLIENT_ID, "mcp"))


# --- ordinary life


LATER = activities(agent(1, at=100), tool(2, 1, at=120))
ORDINARY: dict[str, list[Activity]] = {
    "spans that a collector delivers long after, of a run in time": [
        replace(a, arrived=START + 7_000_000_000) for a in activities(agent(1), tool(2, 1, at=20))
    ],
    "a window that was extended before its end": [*until(200, recorded=20), *LATER],
    "a record that is made anew each night with the same window": [
        *until(30, recorded=-60), *until(30, recorded=25),
    ],
    "a holiday: nobody runs it": [],
    "a record that takes its windows back": [*record(50, windows=None), *LATER],
    "another agent of the same service, which has no window": activities(
        agent(1, name="other", at=100), tool(2, 1, at=120)
    ),
    "a call that is refused by its gateway": activities(
        span(
            2, 0, "tools/call search", at=60, kind=CLIENT, status={"code": 2},
            attributes={
                "mcp.method.name": "tools/call", "gen_ai.tool.name": "search", "error.type": "403",
                "gen_ai.agent.name": "triage",
            },
        )
    ),
    "the server's side of somebody else's call": activities(
        span(2, 0, "tools/call search", at=60, kind=2, attributes={"mcp.method.name": "tools/call"})
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_the_ordinary_day_of_an_agent_with_a_window_is_told_of_nobody_and_a_run_past_it_is(name: str) -> None:
    base = [*until(30), *ORDINARY[name]]
    assert judged(*base)[DESK].severity is None
    shut = until(30, recorded=3_000)
    late = activities(agent(8, at=3_100), tool(9, 8, at=3_200))
    assert judged(*base, *shut, *late)[DESK].severity == Severity.HIGH


@pytest.mark.parametrize("hours", [2, 30])
def test_a_call_that_comes_much_later_than_it_says_must_be_inside_a_window_at_its_arrival_as_well(
    hours: int,
) -> None:
    came = START + hours * 3_600_000_000
    window = until(90)
    calls = arriving(CALLED, came)
    world = every_way([*window, *calls], Clock(came + 3_600_000_000, {"otel": came}))
    judged = {r.verdict.control: r.verdict for r in world.last.values() if r.verdict}["agent_outside_window"]
    assert (judged.severity is not None) == (hours == 30)
    if judged.severity:
        assert judged.severity == Severity.INFORMATIONAL and "acted outside" not in judged.title
        assert "came more than a day later than said" in judged.reason


def test_an_inactive_agents_call_that_came_much_later_than_it_says_is_told_low() -> None:
    came = START + 30 * 3_600_000_000
    status = [{"value": "active", "from": at(-3_600)}, {"value": "inactive", "from": at(7_200)}]
    many = [*record(status=status), *arriving(CALLED, came)]
    world = every_way(many, Clock(came + 3_600_000_000, {"otel": came}))
    judged = {r.verdict.control: r.verdict for r in world.last.values() if r.verdict}[
        "inactive_identity_active"
    ]
    assert judged.severity == Severity.LOW and "came more than a day later than said" in judged.reason


def over_mcp(second: float, direction: str, **message: Any) -> list[Activity]:
    record = {
        "ts": at(second), "server": "crm", "session": "s1", "agent": DESK, "direction": direction,
        "message": {"jsonrpc": "2.0", "id": 9, **message},
    }  # fmt: skip
    reading = mcp.read(json.dumps(record).encode(), Context())
    assert not reading.rejects
    return reading.activities


def test_a_call_is_made_when_it_is_asked_for_however_late_its_answer_comes() -> None:
    params: dict[str, Any] = {"name": "search", "arguments": {}}

    def called(asked: float, answered: float) -> Verdict:
        request = over_mcp(asked, "client_to_server", method="tools/call", params=params)
        answer = over_mcp(answered, "server_to_client", result={"content": []})
        return judged(*until(30), *request, *answer)[DESK]

    assert called(29, 200).severity is None
    assert called(60, 200).severity == Severity.HIGH
