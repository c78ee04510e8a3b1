"""Log records of OpenTelemetry: what they say of tools, and nothing of what was said."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from schemas.sources import Context, Reading, detect, otel
from schemas.sources.otel.logs import spans_of
from schemas.sources.otel.raw import RawLog
from schemas.span import Span
from tests.support.agent_calls import ended
from tests.support.otlp import T0, TRACE, activities, agent, span, span_id, value

SECRET = "hunter2-token"
TRIAGE = "agent:desk/triage"


def log(
    event: str, body: Any = None, trace: str = TRACE, parent: int = 2, **attributes: Any
) -> dict[str, Any]:
    dotted = {key.replace("__", "."): v for key, v in attributes.items()}
    return {
        "timeUnixNano": str(T0), "observedTimeUnixNano": str(T0 + 1), "severityNumber": 9, "eventName": event,
        "traceId": trace, "spanId": span_id(parent) if trace else "",
        "body": value(body) if body is not None else {},
        "attributes": [{"key": k, "value": value(v)} for k, v in dotted.items()],
    }  # fmt: skip


def export(*records: object, service: str = "desk", scope: str = "s") -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {
        "resourceLogs": [
            {"resource": resource, "scopeLogs": [{"scope": {"name": scope}, "logRecords": list(records)}]}
        ]
    }


def read(*records: object, service: str = "desk", scope: str = "s") -> Reading:
    return otel.read(orjson.dumps(export(*records, service=service, scope=scope)), Context())


def call(name: str, number: str) -> dict[str, Any]:
    return {
        "id": number,
        "type": "function",
        "function": {"name": name, "arguments": f'{{"token": "{SECRET}"}}'},
    }


def choice(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return log(
        "gen_ai.choice", {"index": 0, "message": {"role": "assistant", "tool_calls": list(calls)}}, **more
    )


def answer(number: str, text: str = SECRET, **more: Any) -> dict[str, Any]:
    return log("gen_ai.tool.message", {"id": number, "content": text}, **more)


def details(**more: Any) -> dict[str, Any]:
    return log("gen_ai.client.inference.operation.details", **more)


CHAIN = [*activities(agent(1), span(2, 1, "chat m"))]


def test_a_call_that_was_asked_for_and_answered_belongs_to_the_agent_of_its_trace() -> None:
    found = read(choice(call("search", "c1")), answer("c1"))
    assert ended(CHAIN + found.activities) == {("agent:desk/triage", "search"): ["undecided"]}


def test_a_call_that_was_only_asked_for_is_none() -> None:
    found = read(choice(call("search", "c1")))
    assert [a.operation for a in found.activities] == ["ask for search"]
    assert ended(CHAIN + found.activities) == {(TRIAGE, "search"): []}


def test_an_answered_call_of_an_offered_tool_was_executed_and_of_another_refused() -> None:
    offered = details(gen_ai__tool__definitions='[{"type": "function", "name": "search"}]')
    found = read(offered, choice(call("search", "c1"), call("rm", "c2")), answer("c1"), answer("c2"))
    assert ended(CHAIN + found.activities) == {(TRIAGE, "search"): ["executed"], (TRIAGE, "rm"): ["refused"]}


def test_an_answer_that_there_is_no_such_tool_refuses() -> None:
    found = read(choice(call("rm", "c1")), answer("c1", "Unknown tool: rm"))
    assert ended(CHAIN + found.activities) == {(TRIAGE, "rm"): ["refused"]}


def test_messages_of_the_current_conventions_are_read_alike() -> None:
    asked = [
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c1", "name": "search", "arguments": {"token": SECRET}}],
        }
    ]
    messages = [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": SECRET}]}]
    for written in (lambda x: x, lambda x: orjson.dumps(x).decode()):
        found = read(
            details(gen_ai__output__messages=written(asked), gen_ai__tool__definitions=["search"]),
            details(parent=3, gen_ai__input__messages=written(messages)),
        )
        assert ended(CHAIN + found.activities) == {(TRIAGE, "search"): ["executed"]}
        assert SECRET not in repr(found)


FORMS = {
    "pydantic-ai": "final_result",
    "openinference.instrumentation.openai_agents": "transfer_to_refunds",
    "agent_framework": "handoff_to_refunds",
}


@pytest.mark.parametrize("scope", FORMS)
def test_hand_offs_and_forms_of_answers_are_no_tools_where_the_framework_makes_them(scope: str) -> None:
    found = read(choice(*(call(name, f"c{n}") for n, name in enumerate(FORMS.values()))), scope=scope)
    asked = {a.operation.removeprefix("ask for ") for a in found.activities}
    assert asked == {name for of, name in FORMS.items() if of != scope}


def test_a_tool_that_bears_such_a_name_elsewhere_is_a_tool() -> None:
    found = read(choice(call("transfer_to_account", "c1")), answer("c1"))
    assert ended(CHAIN + found.activities) == {(TRIAGE, "transfer_to_account"): ["undecided"]}


@pytest.mark.parametrize("event", ["claude_code.tool_result", "gemini_cli.tool_call", "codex.tool_result"])
def test_an_agent_that_writes_events_is_known_by_its_service(event: str) -> None:
    name: dict[str, Any] = {"function_name": "Bash"} if "gemini" in event else {"tool_name": "Bash"}
    found = read(log(event, trace="", success="true", session__id="s1", **name), service="claude-code")
    (activity,) = found.activities
    assert activity.identity == "agent:claude-code/claude-code"
    assert activity.operation == "execute_tool Bash"
    assert ended(found.activities) == {("agent:claude-code/claude-code", "Bash"): ["executed"]}


def test_the_name_of_an_event_may_be_its_body_or_an_attribute() -> None:
    by_body = log("", "claude_code.tool_result", trace="", tool_name="Bash", session__id="s1")
    by_attribute = log("", "done", trace="", event__name="tool_result", tool_name="Bash", session__id="s1")
    assert (
        len(read(by_body).activities)
        == len(read(by_attribute | {"eventName": "x.tool_result"}).activities)
        == 1
    )


def test_a_denied_tool_was_refused_and_an_accepted_one_says_nothing_yet() -> None:
    denied = log("claude_code.tool_decision", trace="", tool_name="Bash", decision="reject", session__id="s1")
    accepted = log(
        "claude_code.tool_decision", trace="", tool_name="Bash", decision="accept", session__id="s1"
    )
    found = read(denied, accepted)
    assert found.passed == 1
    assert ended(found.activities) == {("agent:desk/desk", "Bash"): ["refused"]}


def test_a_failure_of_a_tool_leaves_open_whether_it_ran() -> None:
    found = read(
        log("claude_code.tool_result", trace="", tool_name="Bash", success="false", session__id="s1")
    )
    assert ended(found.activities) == {("agent:desk/desk", "Bash"): ["undecided"]}


def test_other_log_records_are_passed() -> None:
    found = read(
        log("", "GET /tickets"),
        log("gen_ai.user.message", {"content": SECRET}),
        log("claude_code.user_prompt", prompt=SECRET),
    )
    assert not found.activities and found.passed == 3 and not found.rejects


def test_nothing_of_arguments_and_answers_is_kept() -> None:
    found = read(
        choice(call("search", "c1")),
        answer("c1"),
        log("x.tool_result", tool_name="a", tool_parameters=SECRET, error=SECRET),
    )
    assert len(found.activities) == 3 and SECRET not in repr(found)


def test_the_same_record_twice_is_the_same_activity() -> None:
    found = read(choice(call("search", "c1")), choice(call("search", "c1")))
    assert found.activities[0] == found.activities[1]


def test_protobuf_and_json_are_read_alike() -> None:
    document = export(
        choice(call("search", "c1")),
        answer("c1"),
        log("claude_code.tool_result", tool_name="Bash"),
        log("", "x"),
    )
    hexed = orjson.loads(orjson.dumps(document))
    for record in hexed["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        for name in ("traceId", "spanId"):
            record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
    body = ParseDict(hexed, ExportLogsServiceRequest()).SerializeToString()
    assert detect(body) == "otel" == detect(orjson.dumps(document))
    assert otel.read(body, Context()) == otel.read(orjson.dumps(document), Context())


def test_bad_log_records_are_rejects_with_their_place() -> None:
    bad = [log("x", trace="zz"), log("x") | {"timeUnixNano": "yesterday"}, 7]
    found = read(log("x.tool_result", tool_name="a"), *bad)
    assert len(found.activities) == 1
    place = "resourceLogs[0].scopeLogs[0].logRecords"
    assert [(r.place, r.field) for r in found.rejects] == [
        (f"{place}[1]", "traceId"),
        (f"{place}[2]", "timeUnixNano"),
        (f"{place}[3]", ""),
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"resourceLogs": [1]},
        {"resourceLogs": [{"scopeLogs": 1}]},
        {"resourceLogs": [{"scopeLogs": [{"logRecords": 1}]}]},
    ],
)
def test_wrong_shapes_are_rejects(document: dict[str, Any]) -> None:
    reading = otel.read(orjson.dumps(document), Context())
    assert not reading.activities and reading.rejects[0].place.startswith("resourceLogs[0]")


def result(event: str, **attributes: Any) -> list[Span]:
    """What one event says in spans."""
    scope = "com.anthropic.claude_code.events"
    raw = RawLog(
        "", "", 1, event, "cc", {k.replace("__", "."): v for k, v in attributes.items()}, None, scope
    )
    return [effect.span for effect in spans_of(raw)[1]]


CLAUDE = "claude_code.tool_result"
GEMINI = "gemini_cli.tool_call"


@pytest.mark.parametrize(
    ("event", "attributes", "status"),
    [
        (CLAUDE, ("false", "accept", "ShellError"), "ok"),
        (CLAUDE, ("false", "", "ShellError"), "error"),
        (CLAUDE, ("false", "accept", ""), "error"),
        (CLAUDE, ("false", "accept", "InputValidationError"), "error"),
        (GEMINI, (False, "auto_accept", "mcp_tool_error"), "ok"),
        (GEMINI, (False, "accept", "shell_execute_error"), "error"),
        (GEMINI, (False, "accept", "web_fetch_fallback_failed"), "error"),
        ("copilot_chat.tool.call", (True, "", ""), "ok"),
    ],
)  # fmt: skip
def test_what_ran_and_failed_is_told_from_what_may_not_have_run(
    event: str, attributes: tuple[Any, str, str], status: str
) -> None:
    success, decision, error = attributes
    (one,) = result(event, tool_name="Bash", success=success, decision=decision, error_type=error)
    assert (one.tool, one.status, one.denied) == ("Bash", status, False)


def test_a_result_that_says_that_its_user_rejected_the_call_is_a_refusal() -> None:
    (one,) = result(CLAUDE, tool_name="Bash", success="false", decision_type="reject")
    assert (one.status, one.denied) == ("error", True)


def test_a_servers_tool_is_known_by_both_of_its_names() -> None:
    outer, inner = result(CLAUDE, tool_name="mcp__github__delete_repo", success="true")
    assert (outer.tool, outer.server) == ("mcp__github__delete_repo", "github")
    assert (inner.tool, inner.server) == ("delete_repo", "github")
    parameters = '{"mcp_server_name": "g", "mcp_tool_name": "rm"}'
    _, inner = result(CLAUDE, tool_name="mcp_tool", tool_parameters=parameters)
    assert (inner.tool, inner.server) == ("rm", "g")


def test_gemini_joins_the_name_of_a_servers_tool_to_its_servers_and_another_product_does_not() -> None:
    def names(event: str, server: str) -> list[tuple[str, str]]:
        many = result(event, function_name="mcp_help_desk_search", mcp_server_name=server, success=True)
        return [(one.server, one.tool) for one in many]

    whole = ("help_desk", "mcp_help_desk_search")
    assert names(GEMINI, "help_desk") == [whole, ("help_desk", "search")]
    assert names(GEMINI, "crm") == [("crm", whole[1])]
    assert names("codex.tool_result", "help_desk") == [whole]


def test_a_product_that_hides_the_names_of_tools_says_so() -> None:
    (one,) = result(CLAUDE, tool_name="mcp_tool", success="true")
    assert one.hidden
    (other,) = result("other.tool_result", tool_name="mcp_tool", success="true")
    assert not other.hidden


def test_plan_mode_and_lists_of_what_is_to_be_done_are_steps_of_claude_code_alone() -> None:
    assert [one.step for one in result(CLAUDE, tool_name="TodoWrite")] == [True]
    assert [one.step for one in result(CLAUDE, tool_name="Bash")] == [False]
    raw = RawLog("", "", 1, CLAUDE, "cc", {"tool_name": "TodoWrite"}, None, "another")
    assert [effect.span.step for effect in spans_of(raw)[1]] == [False]


@pytest.mark.parametrize(
    ("scope", "event", "step"),
    [
        ("codex_otel", "codex.tool_result", "update_plan"),
        ("gemini-cli", GEMINI, "write_todos"),
        ("copilot-chat", "copilot_chat.tool.call", "manage_todo_list"),
    ],
)
def test_a_coding_agents_own_list_of_what_is_to_be_done_is_a_step_and_a_servers_tool_of_that_name_is_none(
    scope: str, event: str, step: str
) -> None:
    def is_step(scope: str, **more: str) -> bool:
        raw = RawLog("", "", 1, event, "x", {"tool_name": step, "success": "true"} | more, None, scope)
        return spans_of(raw)[1][0].span.step

    assert is_step(scope)
    assert not is_step("another") and not is_step(scope, mcp_server_name="evil")
    assert not is_step(scope, tool_name="shell")


def test_for_whom_a_coding_agent_works_stands_in_the_activity_and_no_address_of_mail() -> None:
    ids: dict[str, Any] = {
        "session__id": "s1",
        "user__account_uuid": "u1",
        "organization__id": "o1",
        "user__email": SECRET,
    }
    (activity,) = read(log(CLAUDE, trace="", tool_name="Bash", success="true", **ids)).activities
    assert activity.client == "session s1, user u1, organization o1"
    assert SECRET not in repr(activity)
    (codex,) = read(log("codex.tool_result", trace="", tool_name="shell", conversation__id="c1")).activities
    assert codex.client == "session c1"


def test_an_export_of_metrics_is_passed_for_it_names_no_call() -> None:
    metric = {"name": "gemini_cli.tool.call.count", "sum": {"dataPoints": [{"asInt": "3"}]}}
    body = orjson.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})
    found = otel.read(body, Context())
    assert detect(body) == "otel"
    assert (found.activities, found.rejects, found.passed) == ([], [], 1)


def claude_tool(name: str, *more: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    spans = [
        span(1, 0, "claude_code.interaction"),
        span(2, 1, "claude_code.tool", attributes={"tool_name": name}),
    ]
    return ended(activities(*spans, *more, service="claude-code"))


def test_a_call_that_its_user_rejected_was_not_carried_out_and_one_that_was_let_run_was() -> None:
    def waited(decision: str) -> dict[str, Any]:
        return span(3, 2, "claude_code.tool.blocked_on_user", attributes={"decision": decision})

    key = ("agent:claude-code/claude-code", "Bash")
    assert claude_tool("Bash") == {key: ["executed"]}
    assert claude_tool("Bash", waited("accept")) == {key: ["executed"]}
    assert claude_tool("Bash", waited("reject")) == {key: ["refused"]}
    assert claude_tool("mcp_tool")[("agent:claude-code/claude-code", "mcp_tool")] == ["hidden"]


def test_a_request_to_its_model_shows_a_coding_agent_at_work_and_one_that_failed_does_not() -> None:
    def acts(event: str, **more: Any) -> list[tuple[str, str, str]]:
        found = read(log(event, trace="", session__id="s1", **more), service="coder")
        assert len(found.activities) + found.passed == 1
        return [(a.identity, a.operation, a.outcome) for a in found.activities]

    who = "agent:coder/coder"
    assert acts("claude_code.api_request", model="m", request_id="r") == [(who, "api_request m", "succeeded")]
    assert acts("codex.api_request", http__response__status_code=200) == [(who, "api_request", "succeeded")]
    assert acts("codex.api_request", http__response__status_code=401) == [(who, "api_request", "unknown")]
    assert acts("gemini_cli.api_response", status_code=200) == [(who, "api_request", "succeeded")]
    assert acts("claude_code.api_error", status_code=401) == []
    assert acts("other.api_request", model="m") == []


def test_a_connection_to_a_server_is_kept_with_its_name_where_that_is_told() -> None:
    def act(**more: Any) -> Any:
        (one,) = read(log("claude_code.mcp_server_connection", trace="", **more), service="coder").activities
        return one

    one = act(status="connected", server_name="tickets", session__id="s1")
    assert (one.operation, one.outcome, one.resource) == (
        "mcp_server_connection connected", "succeeded", "tickets",
    )  # fmt: skip
    assert (act(status="failed").outcome, act(status="failed").resource) == ("unknown", "")


def test_two_requests_of_one_moment_are_two_and_one_that_is_delivered_twice_is_one() -> None:
    def uid(number: str) -> str:
        (one,) = read(log("claude_code.api_request", trace="", request_id=number)).activities
        return one.uid

    assert uid("r1") == uid("r1") != uid("r2")
