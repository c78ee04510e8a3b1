"""Tools outside the approved catalogue: the cases of the rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.activity import Activity
from schemas.evidence import iso
from schemas.fact import facts_of
from schemas.naming import spoken
from schemas.sources import Context, inventory, otel
from schemas.verdict import Clock, Confidence, Report, Severity, Verdict
from tests.support.otlp import CLIENT, SERVER, T0, activities, agent, arriving, span, tool, uid
from tests.support.scenario import World, every_way

DESK = "agent:desk/triage"
NAME = "tool_outside_catalog"
BEFORE, AFTER = -3_600, 3_600
CLOCK = Clock(T0 // 1000 + 7_200_000_000, {"otel": T0 // 1000 + 7_200_000_000})


def record(at: float = BEFORE, identity: str = DESK, **fields: Any) -> Activity:
    """A record made ``at`` seconds after the start."""
    document = {
        "gapwatch": "inventory/v1",
        "recorded": iso(T0 // 1000 + int(at * 1_000_000)),
        "identities": [{"id": identity, "owner": "team-support"} | fields],
    }
    reading = inventory.read(json.dumps(document).encode(), Context())
    assert not reading.rejects, reading.rejects
    return reading.activities[0]


def approves(*names: str, at: float = BEFORE, **fields: Any) -> Activity:
    return record(at, tools=[{"name": name} for name in names], **fields)


def judged(*many: Activity, clock: Clock = CLOCK) -> dict[str, Verdict]:
    """The standing verdicts of this control by subject, the same whatever the order."""
    world = every_way(list(many), clock)
    found = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
    return {v.subject: v for v in found}


def about(name: str, *many: Activity) -> Verdict | None:
    return judged(*many).get(f"{DESK} {name}")


ERROR = {"status": {"code": 2}}
OFFERS = {"gen_ai.agent.tools": '["search"]'}


def test_an_executed_tool_that_is_not_approved_violates() -> None:
    verdict = about("drop", approves("search"), *activities(agent(1), tool(2, 1), tool(3, 1, "drop")))
    assert verdict is not None
    assert (verdict.value, verdict.severity, verdict.confidence) == (
        "violated",
        Severity.HIGH,
        Confidence.HIGH,
    )
    assert verdict.title == f"{spoken(DESK)} executed drop, which its catalogue does not approve"
    assert (verdict.identity, verdict.owner) == (DESK, "team-support")
    (call,) = verdict.evidence
    assert (call.uid, call.actor, call.operation) == (uid(3), DESK, "execute_tool drop")
    assert [c.source for c in verdict.claim] == ["inventory"]


def test_an_approved_tool_gives_no_row_of_its_own() -> None:
    verdicts = judged(approves("search"), *activities(agent(1), tool(2, 1)))
    assert {v.value for v in verdicts.values()} == {"assumed"} and list(verdicts) == [DESK]


def test_an_agent_without_a_declared_catalogue_is_not_judged() -> None:
    calls = activities(agent(1), tool(2, 1, "drop"))
    assert judged(*calls) == {}
    assert judged(record(), *calls) == {}


def test_a_catalogue_of_no_tools_approves_none() -> None:
    assert about("search", record(tools=[]), *activities(agent(1), tool(2, 1))) is not None


def test_a_refused_tool_is_proof() -> None:
    refused = activities(agent(1, attributes=OFFERS), tool(2, 1, "drop", **ERROR))
    verdict = about("drop", approves("search"), *refused)
    assert verdict and (verdict.value, verdict.severity) == ("proven", None)


def test_an_error_is_undecided_where_no_list_of_offered_tools_is_known() -> None:
    verdict = about("drop", approves("search"), *activities(agent(1), tool(2, 1, "drop", **ERROR)))
    assert verdict and (verdict.value, verdict.severity) == ("indeterminate", None)


def test_an_error_of_a_tool_that_was_offered_is_an_execution() -> None:
    offers = {"gen_ai.agent.tools": '["drop"]'}
    verdict = about(
        "drop", approves("search"), *activities(agent(1, attributes=offers), tool(2, 1, "drop", **ERROR))
    )
    assert verdict and verdict.value == "violated"


def test_a_later_refusal_does_not_end_what_was_executed() -> None:
    verdict = about(
        "drop",
        approves("search"),
        *activities(agent(1, attributes=OFFERS), tool(2, 1, "drop"), tool(3, 1, "drop", at=60, **ERROR)),
    )
    assert verdict and verdict.value == "violated" and [e.uid for e in verdict.evidence] == [uid(2)]


def test_one_call_of_four_spans_is_one_finding_that_names_them_all() -> None:
    call = [
        tool(2, 1, "github_merge"),
        span(
            3,
            2,
            "tools/call merge",
            kind=CLIENT,
            attributes={"mcp.method.name": "tools/call", "gen_ai.tool.name": "merge"},
        ),
        span(4, 3, "MCP send tools/call merge", kind=CLIENT),
        span(
            5,
            4,
            "tools/call merge",
            kind=SERVER,
            attributes={"mcp.method.name": "tools/call", "gen_ai.tool.name": "merge"},
        ),
    ]
    verdicts = judged(approves("search"), *activities(agent(1), *call))
    assert [s for s, v in verdicts.items() if v.severity] == [f"{DESK} github_merge"]
    (evidence,) = verdicts[f"{DESK} github_merge"].evidence
    assert (evidence.uid, evidence.mirrors) == (uid(2), (uid(3), uid(4), uid(5)))
    assert verdicts[f"{DESK} github_merge"].reason.endswith("; also seen as merge")
    assert judged(approves("merge"), *activities(agent(1), *call)).keys() == {DESK}


def test_a_tool_is_approved_under_its_other_names() -> None:
    also = record(tools=[{"name": "search", "also": ["helpdesk_search"]}])
    assert about("helpdesk_search", also, *activities(agent(1), tool(2, 1, "helpdesk_search"))) is None


def test_one_approved_name_further_down_does_not_cover_another() -> None:
    wrapper = [tool(2, 1, "run"), tool(3, 2, "search"), tool(4, 2, "drop")]
    assert about("run", approves("search"), *activities(agent(1), *wrapper)) is not None
    assert about("run", approves("search", "drop"), *activities(agent(1), *wrapper)) is None


def served(server: str = "") -> list[Activity]:
    attributes = {"mcp.method.name": "tools/call", "gen_ai.tool.name": "search"}
    if server:
        attributes["fastmcp.server.name"] = server
    return activities(agent(1), span(2, 1, "tools/call search", kind=SERVER, attributes=attributes))


def test_the_same_name_at_another_server_is_another_tool() -> None:
    helpdesk = record(tools=[{"name": "search", "server": "helpdesk"}])
    verdict = about("search", helpdesk, *served("evil"))
    assert verdict and (verdict.value, verdict.confidence) == ("violated", Confidence.MEDIUM)
    assert "approved for another server than evil" in verdict.title
    assert about("search", helpdesk, *served("helpdesk")) is None
    assert about("search", approves("search"), *served("any")) is None


def test_a_call_seen_only_on_the_callers_side_is_told_with_less_confidence() -> None:
    sent = activities(agent(1), span(2, 1, "MCP send tools/call drop", kind=CLIENT))
    verdict = about("drop", approves("search"), *sent)
    assert verdict and (verdict.value, verdict.confidence) == ("violated", Confidence.MEDIUM)


def test_the_record_in_force_at_the_time_of_the_call_decides() -> None:
    calls = activities(agent(1), tool(2, 1, "drop"))
    removed = [approves("search", "drop", at=BEFORE), approves("search", at=AFTER)]
    assert about("drop", *removed, *calls) is None
    taken = [approves("search", "drop", at=2 * BEFORE), approves("search", at=BEFORE)]
    verdict = about("drop", *taken, *calls)
    assert verdict and verdict.value == "violated"


def test_a_record_that_approves_later_ends_the_finding() -> None:
    verdict = about(
        "drop",
        approves("search"),
        approves("search", "drop", at=AFTER),
        *activities(agent(1), tool(2, 1, "drop")),
    )
    assert verdict and (verdict.value, verdict.severity) == ("assumed", Severity.HIGH)
    assert verdict.reason.endswith("; approved since")
    (episode,) = verdict.episodes
    assert episode.end == T0 // 1000 + AFTER * 1_000_000


def test_a_record_that_takes_the_catalogue_back_ends_the_finding_one_without_it_does_not() -> None:
    partial = about("drop", approves("search"), record(at=AFTER), *activities(agent(1), tool(2, 1, "drop")))
    assert partial and partial.value == "violated"
    over = record(at=AFTER, tools=None)
    verdict = about("drop", approves("search"), over, *activities(agent(1), tool(2, 1, "drop")))
    assert (
        verdict
        and verdict.value == "assumed"
        and verdict.reason.endswith("the catalogue was taken back since")
    )


def test_an_approval_that_arrives_late_withdraws_the_finding() -> None:
    world = World(1, CLOCK)

    def report_after(*many: Activity) -> Report:
        for activity in many:
            world.take(facts_of(activity))
        world.settle()
        (report,) = [r for r in world.last.values() if r.reported.subject == f"{DESK} drop"]
        return report

    first = report_after(approves("search", at=2 * BEFORE), *activities(agent(1), tool(2, 1, "drop")))
    assert first.verdict and first.verdict.value == "violated"
    then = report_after(approves("search", "drop", at=BEFORE))
    assert (then.verdict, then.detail, then.finding) == (None, "withdrawn", True)


def test_calls_before_the_first_record_are_judged_by_it() -> None:
    verdict = about("drop", approves("search", at=AFTER), *activities(agent(1), tool(2, 1, "drop")))
    assert verdict and verdict.value == "violated"


def test_the_nearest_agent_is_judged_and_not_the_root() -> None:
    many = activities(agent(1), agent(2, 1, "refunds"), tool(3, 2, "refund"))
    verdicts = judged(
        approves("search"), record(identity="agent:desk/refunds", tools=[{"name": "refund"}]), *many
    )
    assert not [v for v in verdicts.values() if v.severity]


HANDOFF = span(2, 1, "handoff to refunds", attributes={"openinference.span.kind": "TOOL"})
UNNAMED = span(2, 1, "x.handoff", attributes={"traceloop.span.kind": "handoff"})


@pytest.mark.parametrize(
    ("delegates", "handoff", "violates"),
    [
        (None, HANDOFF, False),
        ([], HANDOFF, True),
        (["agent:desk/refunds"], HANDOFF, False),
        (["agent:desk/billing"], HANDOFF, True),
        (["agent:desk/billing"], UNNAMED, False),
        ([], UNNAMED, True),
        (["agent:desk/refunds"], agent(2, 1, "refunds"), False),
        (["agent:elsewhere/refunds"], agent(2, 1, "refunds"), True),
    ],
    ids=[
        "none declared",
        "no delegates",
        "approved",
        "another",
        "nobody named",
        "nobody named, none allowed",
        "its span",
        "its span elsewhere",
    ],
)
def test_hand_offs_are_judged_against_declared_delegates_only(
    delegates: list[str] | None, handoff: dict[str, Any], violates: bool
) -> None:
    fields: dict[str, Any] = {} if delegates is None else {"delegates": delegates}
    verdicts = judged(approves("search", **fields), *activities(agent(1), handoff))
    found = [v for s, v in verdicts.items() if s != DESK]
    assert [(v.value, v.severity) for v in found] == ([("violated", Severity.MEDIUM)] if violates else [])


def test_an_agent_without_tool_spans_and_one_never_seen_are_blind_spots() -> None:
    seen = judged(approves("search"), *activities(agent(1)))[DESK]
    assert seen.value == "unverifiable" and "its framework may write none" in seen.reason
    never = judged(approves("search"))[DESK]
    assert never.value == "unverifiable" and "no span of this agent was seen" in never.reason
    uncollected = judged(approves("search"), clock=Clock(CLOCK.now, {}))[DESK]
    assert (
        uncollected.value == "unverifiable" and "no otel or mcp records are collected" in uncollected.reason
    )
    gateway = judged(approves("search"), clock=Clock(CLOCK.now, {"mcp": CLOCK.now}))[DESK]
    assert gateway.value == "unverifiable" and "collected" not in gateway.reason


def test_an_agent_that_is_an_alias_of_a_role_is_judged_by_the_roles_record() -> None:
    role = "aws:111122223333:role/triage"
    verdicts = judged(
        approves("search", identity=role, aliases=[DESK]), *activities(agent(1), tool(2, 1, "drop"))
    )
    verdict = verdicts[f"{DESK} drop"]
    assert (verdict.identity, verdict.value) == (role, "violated")
    assert (
        verdict.title
        == f"{spoken(DESK)} of {spoken(role)} executed drop, which its catalogue does not approve"
    )


def test_a_call_at_an_unknown_server_is_matched_by_its_name_and_the_agent_is_told_less_surely() -> None:
    helpdesk = record(tools=[{"name": "search", "server": "helpdesk"}, {"name": "read"}])
    verdicts = judged(helpdesk, *served())
    assert list(verdicts) == [DESK]
    assert (verdicts[DESK].value, verdicts[DESK].confidence) == ("assumed", Confidence.MEDIUM)
    assert verdicts[DESK].reason.endswith("by name alone, for their server is not known: search")
    for many in (served("helpdesk"), activities(agent(1), tool(2, 1, "read"))):
        sure = judged(helpdesk, *many)[DESK]
        assert sure.confidence == Confidence.HIGH and "by name alone" not in sure.reason
    outside = activities(agent(1), tool(2, 1, "drop"))
    assert judged(helpdesk, *outside)[f"{DESK} drop"].value == "violated"


def test_a_refused_call_at_an_unknown_server_of_an_approved_name_gives_no_row() -> None:
    helpdesk = record(tools=[{"name": "search", "server": "helpdesk"}])
    refused = activities(
        agent(1, attributes={"gen_ai.agent.tools": '["read"]'}), tool(2, 1, "search", **ERROR)
    )
    assert list(judged(helpdesk, *refused)) == [DESK]


def test_a_tool_that_a_later_record_approves_by_name_ends_the_finding_too() -> None:
    later = record(AFTER, tools=[{"name": "search", "server": "helpdesk"}])
    verdict = about("search", approves("read"), later, *served())
    assert verdict and verdict.value == "assumed" and verdict.reason.endswith("; approved since")


def test_a_refused_call_of_what_is_approved_by_now_gives_no_row() -> None:
    refused = activities(agent(1, attributes=OFFERS), tool(2, 1, "drop", **ERROR))
    since = [approves("search"), approves("search", "drop", at=AFTER)]
    assert about("drop", *since, *refused) is None


def test_a_record_of_delegates_alone_claims_nothing_of_tools() -> None:
    alone = record(delegates=[])
    verdicts = judged(alone, *activities(agent(1), tool(2, 1, "drop"), HANDOFF | {"spanId": f"{3:016x}"}))
    (verdict,) = verdicts.values()
    assert verdict.title.endswith("handed over to refunds, which its record does not name as a delegate")
    assert [c.operation for c in verdict.claim] == ["approved delegates"]
    assert "also seen as" not in verdict.reason and verdict.episodes[0].end == 0


def test_of_two_records_the_one_that_speaks_of_tools_is_claimed() -> None:
    role = "aws:111122223333:role/triage"
    silent = record(identity=role, aliases=[DESK])
    verdict = judged(silent, approves("search"), *activities(agent(1), tool(2, 1, "drop")))[f"{DESK} drop"]
    assert len(verdict.claim) == 1


@pytest.mark.parametrize("late", [False, True])
def test_a_call_that_comes_much_later_than_it_says_must_be_approved_at_its_arrival_as_well(
    late: bool,
) -> None:
    """The tool is taken from the catalogue after the time that the span claims."""
    came = T0 // 1000 + (30 if late else 2) * 3_600_000_000
    taken_away = approves("search", at=AFTER)
    calls = arriving(activities(agent(1), tool(2, 1, "rm")), came)
    clock = Clock(came + 3_600_000_000, {"otel": came})
    found = judged(approves("rm"), taken_away, *calls, clock=clock).get(f"{DESK} rm")
    assert (found is not None and found.severity is not None) == late
    if late:
        assert found and "came more than a day later than said" in found.reason


CODER = "agent:coder/coder"


def reported(name: str, event: str = "claude_code.tool_result", **more: str) -> list[Activity]:
    """A tool that a coding agent says it ran."""
    said = {"tool_name": name, "function_name": name, "success": "true", "session.id": "s1"} | more
    log = {
        "timeUnixNano": str(T0), "eventName": event,
        "attributes": [{"key": key, "value": {"stringValue": text}} for key, text in said.items()],
    }  # fmt: skip
    service = {"key": "service.name", "value": {"stringValue": "coder"}}
    logs = [{"resource": {"attributes": [service]}, "scopeLogs": [{"logRecords": [log]}]}]
    return otel.read(json.dumps({"resourceLogs": logs}).encode(), Context()).activities


@pytest.mark.parametrize(
    ("approved", "called", "event", "alarms"),
    [
        ("Task", "Agent", "claude_code.tool_result", False),
        ("Agent", "Task", "claude_code.tool_result", False),
        ("search_file_content", "grep_search", "gemini_cli.tool_call", False),
        ("Task", "Agent", "gemini_cli.tool_call", True),
        ("Task", "Bash", "claude_code.tool_result", True),
        ("Read", "Agent", "claude_code.tool_result", True),
    ],
)
def test_a_tool_that_its_product_renamed_is_approved_by_either_name_and_another_products_is_not(
    approved: str, called: str, event: str, alarms: bool
) -> None:
    found = judged(approves(approved, identity=CODER), *reported(called, event))
    assert [v.subject for v in found.values() if v.severity] == ([f"{CODER} {called}"] if alarms else [])


def test_a_servers_tool_of_a_renamed_name_is_the_servers() -> None:
    found = judged(approves("Task", identity=CODER), *reported("Agent", mcp_server_name="helpdesk"))
    assert [v.severity for v in found.values() if v.severity] == [Severity.HIGH]
