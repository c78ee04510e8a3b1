"""Traps of OpenTelemetry records."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from schemas.activity import Spanned
from schemas.sources import Context, detect, otel
from schemas.span import NAME_MAX, Span
from tests.support.otlp import CLIENT, SERVER, T0, TRACE, activities, agent, export, span, tool, uid

ADK = "gcp.vertex.agent"


def said(scope: str = "s", **more: Any) -> Span:
    """What is said by one span with these parts."""
    (activity,) = otel.read(export(span(1, 2, **more), scope=scope), Context()).activities
    (effect,) = activity.effects
    assert isinstance(effect, Spanned)
    return effect.span


def named(name: str = "x", kind: int = 1, status: dict[str, Any] | None = None, **attributes: Any) -> Span:
    dotted = {key.replace("__", "."): v for key, v in attributes.items()}
    return said(name=name, kind=kind, status=status or {}, attributes=dotted)


def test_one_export_request_gives_one_activity_for_each_span() -> None:
    read = activities(agent(1), tool(2, 1), span(3, 2, "GET /tickets"))
    assert [a.uid for a in read] == [uid(1), uid(2), uid(3)]
    assert [a.operation for a in read] == ["invoke_agent triage", "execute_tool search", "span"]
    assert [a.identity for a in read] == ["agent:desk/triage", "", ""]
    assert [a.time for a in read] == [T0 // 1000] * 3


def test_only_the_span_of_an_agent_is_a_use_by_an_identity() -> None:
    read = activities(agent(1, status={"code": 2}), tool(2, 1, attributes={"gen_ai.agent.name": "triage"}))
    assert [(a.identity, a.outcome) for a in read] == [
        ("agent:desk/triage", "failed"),
        ("agent:desk/triage", "unknown"),
    ]


def test_ids_are_read_in_hex_of_either_case_and_in_base64() -> None:
    for ids in (
        {"traceId": TRACE.upper(), "spanId": "00000000000000AB", "parentSpanId": "00000000000000CD"},
        {
            "traceId": base64.b64encode(bytes.fromhex(TRACE)).decode(),
            "spanId": base64.b64encode(bytes.fromhex("00000000000000ab")).decode(),
            "parentSpanId": base64.urlsafe_b64encode(bytes.fromhex("00000000000000cd")).decode(),
        },
    ):
        (activity,) = activities(span(1, 2) | ids)
        (effect,) = activity.effects
        assert activity.uid == f"{TRACE}:00000000000000ab"
        assert isinstance(effect, Spanned) and effect.span.parent == "00000000000000cd"


NAMED = {"gen_ai.tool.name": "wipe"}


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("Execute_Tool wipe", {}),
        ("  execute_tool   wipe", {}),
        ("Tools/Call wipe", {}),
        ("x", NAMED | {"gen_ai.operation.name": " EXECUTE_TOOL"}),
        ("x", NAMED | {"gen_ai.operation.name": "unheard_of"}),
        ("x", NAMED | {"gen_ai.operation.name": "chat"}),
        ("x", NAMED | {"gen_ai.operation.name": "retrieval"}),
        ("x", NAMED | {"mcp.method.name": "TOOLS/CALL"}),
    ],
)
def test_what_names_a_tool_is_a_call_however_it_is_written(name: str, attributes: dict[str, Any]) -> None:
    found = said(name=name, attributes=attributes)
    assert (found.kind, found.tool) == ("tool", "wipe")


@pytest.mark.parametrize(
    "proof",
    [
        {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"},
        {"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "d"},
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "triage"},
    ],
)
def test_what_shows_that_it_is_something_else_is_no_call(proof: dict[str, Any]) -> None:
    assert said(name="x", attributes=NAMED | proof).kind != "tool"


@pytest.mark.parametrize("time", [str(T0), T0, float(T0)])
def test_times_are_read_as_text_as_number_and_as_float(time: object) -> None:
    assert said(startTimeUnixNano=time).start == T0 // 1000


def test_enums_are_read_by_number_and_by_name() -> None:
    attributes = {"mcp.method.name": "tools/call", "gen_ai.tool.name": "x"}
    by_name = said(kind="SPAN_KIND_SERVER", status={"code": "STATUS_CODE_ERROR"}, attributes=attributes)
    assert by_name == said(kind=2, status={"code": 2}, attributes=attributes)
    assert (by_name.side, by_name.status) == ("server", "error")


def test_attributes_may_be_lists_and_maps_and_json_inside_text() -> None:
    tools = [{"type": "function", "name": "b"}, {"type": "function", "function": {"name": "a"}}]
    for written in (tools, orjson.dumps(tools).decode()):
        assert named(gen_ai__operation__name="chat", gen_ai__tool__definitions=written).offered == ("a", "b")


def test_bad_spans_are_rejects_with_their_place_and_the_others_are_read() -> None:
    bad: list[Any] = [
        span(2, traceId="zz"),
        span(3, spanId="0" * 16),
        span(4, parentSpanId="abc"),
        span(5, startTimeUnixNano="yesterday"),
        span(6, endTimeUnixNano=str(1 << 70)),
        span(7, startTimeUnixNano=-1),
        "no span",
    ]
    reading = otel.read(export(span(1), *bad, span(8)), Context())
    assert [a.uid for a in reading.activities] == [uid(1), uid(8)]
    assert [(r.place, r.field) for r in reading.rejects] == [
        (f"resourceSpans[0].scopeSpans[0].spans[{n}]", field)
        for n, field in enumerate(
            [
                "traceId",
                "spanId",
                "parentSpanId",
                "startTimeUnixNano",
                "endTimeUnixNano",
                "startTimeUnixNano",
                "",
            ],
            1,
        )
    ]
    assert all(r.reason for r in reading.rejects)


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b'{"resourceSpans": 1}',
        b"\x0a\xff\xff",
        b"\xff\xfe{\x00}\x00",
        b"hello",
        b"[" * 100_000,
        b'{"resourceSpans": NaN}',
        b'{"resourceSpans": [',
        b"\x00",
    ],
)
def test_what_is_no_export_is_a_reject_and_never_an_exception(record: bytes) -> None:
    reading = otel.read(record, Context())
    assert not reading.activities
    assert [r.source for r in reading.rejects] == (["otel"] if record else [])


@pytest.mark.parametrize(
    "document",
    [
        {"resourceSpans": [1]},
        {"resourceSpans": [{"scopeSpans": 1}]},
        {"resourceSpans": [{"scopeSpans": [1]}]},
        {"resourceSpans": [{"resource": 1, "scopeSpans": [{"scope": 1, "spans": 7}]}]},
    ],
)
def test_wrong_shapes_inside_an_export_are_rejects(document: dict[str, Any]) -> None:
    reading = otel.read(orjson.dumps(document), Context())
    assert not reading.activities and reading.rejects[0].place.startswith("resourceSpans[0]")


def test_odd_attributes_are_passed_over() -> None:
    odd = [
        1,
        {"key": 2},
        {"key": "gen_ai.tool.name"},
        {"key": "gen_ai.tool.name", "value": {"intValue": "x"}},
        {"key": "metadata", "value": {"bytesValue": "AA"}},
    ]
    assert said(attributes={}, name="x").kind == "other"
    (activity,) = activities(span(1) | {"attributes": odd})
    assert activity.operation == "span"


def test_values_nested_beyond_any_convention_are_cut() -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    assert named(gen_ai__tool__definitions=deep).offered == ()


def test_wrappers_of_tools_inside_each_other_are_not_followed() -> None:
    text = '{"name": "a", "function_declarations": [' * 400 + "]}" * 400
    assert named(gen_ai__tool__definitions=f"[{text}]").offered == ("a",)


def test_a_byte_order_mark_and_line_ends_do_not_matter() -> None:
    record = b"\xef\xbb\xbf" + export(span(1)) + b"\r\n"
    assert len(otel.read(record, Context()).activities) == 1


def test_the_kind_of_a_record_is_told_from_its_content() -> None:
    assert detect(export(span(1))) == "otel"
    assert detect(b'{"batches": []}') == "otel"
    assert detect(b"\x0a\x00") is None
    assert otel.recognises({"data": [{"traceID": "1", "spans": []}]})
    assert not otel.recognises({"data": [{"id": "1"}]})


def test_nothing_of_arguments_results_or_messages_is_kept() -> None:
    secret = "hunter2-token"
    attributes = {
        "gen_ai.tool.call.arguments": f'{{"token": "{secret}"}}',
        "gen_ai.tool.call.result": secret,
        "input.value": secret,
        "output.value": secret,
        "gen_ai.input.messages": secret,
        "gcp.vertex.agent.tool_call_args": f'{{"token": "{secret}"}}',
        "traceloop.entity.input": secret,
        "metadata": f'{{"note": "{secret}"}}',
        "error.type": secret + "x" * 80,
    }
    for one in (
        tool(1, 2, attributes=attributes, status={"code": 2, "message": f"failed with {secret}"}),
        span(1, 2, f"GET /?key={secret}", attributes=attributes, status={"code": 2, "message": secret}),
        span(
            1,
            2,
            "transfer",
            attributes=attributes
            | {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "transfer_to_agent"},
        ),
    ):
        assert secret not in repr(activities(one))


# --- the tool


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("execute_tool search", {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}),
        ("execute_tool search", {"gen_ai.operation.name": "execute_tool"}),
        ("running tool: search", {"gen_ai.tool.name": "search"}),
        ("search.tool", {"traceloop.span.kind": "tool", "traceloop.entity.name": "search"}),
        ("search.tool", {"traceloop.span.kind": "tool"}),
        ("search", {"openinference.span.kind": "TOOL", "tool.name": "search"}),
        ("search", {"openinference.span.kind": "TOOL"}),
        ("tools/call search", {"mcp.method.name": "tools/call", "gen_ai.tool.name": "search"}),
        ("tools/call search", {}),
        ("MCP send tools/call search", {"mcp.method.name": "tools/call", "jsonrpc.request.id": "4"}),
        ("MCP send tools/call search", {}),
        ("Tool: search", {"tool.name": "search", "tool.id": "1"}),
        ("ai.toolCall", {"ai.operationId": "ai.toolCall", "ai.toolCall.name": "search"}),
    ],
)
def test_the_tool_is_found_under_every_name_a_span_gives_it(name: str, attributes: dict[str, Any]) -> None:
    found = said(name=name, attributes=attributes)
    assert (found.kind, found.tool) == ("tool", "search")


def test_other_mcp_messages_are_no_calls() -> None:
    assert named("MCP send tools/list", CLIENT, mcp__method__name="tools/list").kind == "other"


def test_names_of_any_length_and_with_line_ends_are_bounded() -> None:
    long = named("execute_tool", gen_ai__operation__name="execute_tool", gen_ai__tool__name="a" * 10_000).tool
    other = named(
        "execute_tool", gen_ai__operation__name="execute_tool", gen_ai__tool__name="a" * 10_001
    ).tool
    assert len(long) == NAME_MAX and long != other
    assert named(gen_ai__operation__name="execute_tool", gen_ai__tool__name="a\nb\tc").tool == "a b c"


def test_the_server_is_read_where_a_span_names_it() -> None:
    found = named("tools/call x", SERVER, mcp__method__name="tools/call", fastmcp__server__name="helpdesk")
    assert (found.server, found.side) == ("helpdesk", "server")


# --- the agent


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("invoke_agent triage", {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "triage"}),
        ("invoke_agent triage", {"gen_ai.operation.name": "invoke_agent"}),
        ("agent run", {"agent_name": "triage", "model_name": "m"}),
        ("triage.agent", {"traceloop.span.kind": "agent", "gen_ai.agent.name": "triage"}),
        ("triage.agent", {"traceloop.span.kind": "agent"}),
        ("triage", {"openinference.span.kind": "AGENT", "agent.name": "triage"}),
        ("triage", {"openinference.span.kind": "AGENT"}),
        ("triage", {"openinference.span.kind": "CHAIN", "metadata": '{"lc_agent_name": "triage"}'}),
        ("run", {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.id": "triage"}),
        ("agent_run [triage]", {}),
        ("agent_run [triage]", {"openinference.span.kind": "AGENT"}),
        ("triage", {"gen_ai.agent.name": "triage", "agent.name": "triage", "agent.tools": '["search"]'}),
        ("ai.generateText", {"ai.operationId": "ai.generateText", "ai.telemetry.functionId": "triage"}),
        ("ai.streamText", {"ai.operationId": "ai.streamText", "ai.telemetry.functionId": "triage"}),
    ],
)
def test_an_agent_is_known_by_its_span_in_every_convention(name: str, attributes: dict[str, Any]) -> None:
    found = said(name=name, attributes=attributes)
    assert (found.kind, found.agent) == ("agent", "triage")


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("crew.workflow", {"gen_ai.operation.name": "invoke_agent", "crewai.crew.name": "c"}),
        ("write.task", {"gen_ai.operation.name": "invoke_agent", "traceloop.span.kind": "task"}),
        ("desk", {"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "openai"}),
        ("model", {"openinference.span.kind": "CHAIN", "metadata": '{"lc_agent_name": "triage"}'}),
        ("create", {"gen_ai.operation.name": "create_agent", "gen_ai.agent.name": "triage"}),
        ("ai.generateText", {"ai.operationId": "ai.generateText"}),
    ],
)
def test_workflows_and_tasks_that_name_no_agent_are_no_agents(name: str, attributes: dict[str, Any]) -> None:
    assert said(name=name, attributes=attributes).kind == "other"


def test_a_whole_workflow_that_an_instrumentation_marks_as_an_agent_is_none() -> None:
    scope = "openinference.instrumentation.openai_agents"
    workflow = span(1, name="Agent workflow", attributes={"openinference.span.kind": "AGENT"})
    inner = {"openinference.span.kind": "AGENT", "graph.node.id": "triage"}
    read = otel.read(export(workflow, span(2, 1, "triage", attributes=inner), scope=scope), Context())
    assert [a.identity for a in read.activities] == ["", "agent:desk/triage"]


def test_a_span_around_the_answers_of_several_calls_is_no_call() -> None:
    merged = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "(merged tools)"}
    found = said(name="execute_tool (merged)", scope=ADK, attributes=merged)
    assert (found.kind, found.hidden) == ("tool", True)
    found = said(name="execute_tool (merged)", attributes=merged)
    assert (found.kind, found.tool, found.hidden) == ("tool", "(merged tools)", False)


def test_tools_that_vercels_sdk_gives_to_a_model_are_offered_under_the_agents_name() -> None:
    tools = ['{"type": "function", "name": "search"}', '{"type": "function", "name": "refund"}']
    found = said(
        name="ai.generateText.doGenerate",
        attributes={"ai.telemetry.functionId": "triage", "ai.prompt.tools": tools},
    )
    assert (found.kind, found.agent, found.offered) == ("chat", "triage", ("refund", "search"))


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.agent.name": "triage"},
        {"ai.telemetry.functionId": "triage"},
        {"traceloop.association.properties.lc_agent_name": "triage"},
        {"metadata": '{"thread_id": "t", "lc_agent_name": "triage"}'},
    ],
)
def test_a_tool_span_may_bear_the_name_of_its_agent(attributes: dict[str, Any]) -> None:
    assert (
        said(attributes=attributes | {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "x"}).agent
        == "triage"
    )


def test_the_constant_name_of_one_instrumentation_is_not_trusted() -> None:
    assert (
        named(
            gen_ai__operation__name="execute_tool", gen_ai__tool__name="x", gen_ai__agent__name="OpenAI Agent"
        ).agent
        == ""
    )
    assert (
        named(
            "root",
            gen_ai__operation__name="invoke_agent",
            gen_ai__agent__name="OpenAI Agent",
            gen_ai__agent__id="agent",
        ).kind
        == "other"
    )
    assert (
        named(
            "invoke_agent OpenAI Agent",
            gen_ai__operation__name="invoke_agent",
            gen_ai__agent__name="OpenAI Agent",
        ).agent
        == "OpenAI Agent"
    )


def test_the_span_of_a_server_is_not_asked_who_called_it() -> None:
    assert (
        named("tools/call x", SERVER, mcp__method__name="tools/call", gen_ai__agent__name="ceo").agent == ""
    )


def test_broken_metadata_names_nobody() -> None:
    assert named(gen_ai__tool__name="x", metadata='{"lc_agent_name": "tri').agent == ""


# --- hand-offs


@pytest.mark.parametrize(
    ("name", "attributes", "target"),
    [
        ("handoff to refunds", {"openinference.span.kind": "TOOL"}, "refunds"),
        (
            "agent_handoff OpenAI Agent",
            {"gen_ai.operation.name": "agent_handoff", "gen_ai.handoff.to_agent": "refunds"},
            "refunds",
        ),
        (
            "triage → unknown.handoff",
            {"gen_ai.operation.name": "handoff", "traceloop.span.kind": "handoff"},
            "",
        ),
        (
            "execute_tool transfer_to_agent",
            {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "transfer_to_agent"},
            "",
        ),
        (
            "execute_tool transfer_to_agent",
            {
                "gen_ai.tool.name": "transfer_to_agent",
                "gen_ai.tool.call.arguments": '{"agent_name": "refunds"}',
            },
            "refunds",
        ),
        (
            "execute_tool transfer_to_agent",
            {
                "gen_ai.tool.name": "transfer_to_agent",
                "gcp.vertex.agent.tool_call_args": '{"agent_name": "refunds"}',
            },
            "refunds",
        ),
    ],
)
def test_hand_offs_look_like_tools_and_are_none(name: str, attributes: dict[str, Any], target: str) -> None:
    found = said(name=name, scope=ADK, attributes=attributes)
    assert (found.kind, found.tool) == ("handoff", target)


def test_another_frameworks_tool_of_the_name_of_a_hand_off_is_a_tool() -> None:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "transfer_to_agent"}
    assert said(name="execute_tool transfer_to_agent", attributes=attributes).kind == "tool"
    served = {**attributes, "gen_ai.tool.type": "McpTool"}
    assert said(name="execute_tool transfer_to_agent", scope=ADK, attributes=served).kind == "tool"


@pytest.mark.parametrize(
    ("scope", "name", "attributes", "kind", "who", "tool"),
    [
        ("langfuse-sdk", "rm", {"langfuse.observation.type": "tool"}, "tool", "", "rm"),
        ("langfuse-sdk", "triage", {"langfuse.observation.type": "agent"}, "agent", "triage", ""),
        (
            "monocle",
            "x",
            {"span.type": "agentic.tool.invocation", "entity.1.name": "rm"},
            "tool",
            "",
            "rm",
        ),
        ("monocle", "x", {"span.type": "agentic.invocation", "entity.1.name": "desk"}, "agent", "desk", ""),
        ("volt", "x", {"span.type": "tool", "tool.name": "rm", "entity.type": "agent"}, "tool", "", "rm"),
        ("volt", "x", {"entity.type": "agent", "entity.name": "desk"}, "agent", "desk", ""),
        ("volt", "x", {"entity.type": "agent", "entity.name": "desk", "span.type": "llm"}, "other", "", ""),
        ("mlflow", "rm", {"mlflow.spanType": '"TOOL"'}, "tool", "", "rm"),
        ("mlflow", "desk", {"mlflow.spanType": "AGENT"}, "agent", "desk", ""),
        ("mlflow", "rm", {"mlflow.spanType": '"CHAIN"'}, "other", "", ""),
        ("langsmith", "rm", {"langsmith.span.kind": "tool"}, "tool", "", "rm"),
        ("bt", "x", {"braintrust.span_attributes": '{"type":"tool","name":"rm"}'}, "tool", "", "rm"),
        ("bt", "x", {"braintrust.span_attributes": '{"type":"llm","name":"rm"}'}, "other", "", ""),
        ("bt", "rm", {"braintrust.span_attributes.type": "tool"}, "tool", "", "rm"),
        ("lmnr", "rm", {"lmnr.span.type": "TOOL"}, "tool", "", "rm"),
        ("agentops", "rm.tool", {"agentops.span.kind": "tool"}, "tool", "", "rm"),
        ("agentops", "a", {"agentops.span.kind": "agent", "operation.name": "desk"}, "agent", "desk", ""),
        ("genkit", "x", {"genkit:metadata:subtype": "tool.v2", "genkit:name": "rm"}, "tool", "", "rm"),
        ("genkit", "rm", {"genkit:metadata:subtype": "flow", "genkit:name": "rm"}, "other", "", ""),
        ("deepeval", "x", {"confident.span.type": "tool", "confident.tool.name": "rm"}, "tool", "", "rm"),
        ("hh", "rm", {"honeyhive_event_type": "tool"}, "tool", "", "rm"),
        ("arms", "rm", {"gen_ai.span.kind": "TOOL"}, "tool", "", "rm"),
        ("mastra", "tool: 'rm'", {"mastra.span.type": "mcp_tool_call"}, "tool", "", "rm"),
        ("mastra", "agent run: 'desk'", {"mastra.span.type": "agent_run"}, "agent", "desk", ""),
        (
            "spring",
            "tool_call rm",
            {
                "gen_ai.operation.name": "framework",
                "spring.ai.kind": "tool_call",
                "spring.ai.tool.definition.name": "rm",
            },
            "tool",
            "",
            "rm",
        ),
        ("au", "x", {"au.span.kind": "tool", "au.tool.name": "rm"}, "tool", "", "rm"),
        ("lk", "function_tool", {"lk.function_tool.name": "rm"}, "tool", "", "rm"),
        ("lk", "agent_session", {"lk.agent_name": "desk"}, "agent", "desk", ""),
        ("haystack", "haystack.agent.step.tool", {"haystack.tool.name": "rm"}, "tool", "", "rm"),
        (
            "haystack",
            "haystack.agent.hook.human_in_the_loop.strategy",
            {
                "haystack.tool.name": "rm",
                "haystack.agent.hook.human_in_the_loop.strategy.decision": "reject",
            },
            "other",
            "",
            "",
        ),
        ("gemini", "rm", {"gen_ai.operation.name": "tool_call"}, "tool", "", "rm"),
        ("logfire.openai_agents", "Function: {name}", {"name": "rm"}, "tool", "", "rm"),
        ("logfire.openai_agents", "Agent run: {name!r}", {"name": "desk"}, "agent", "desk", ""),
        ("other", "Function: {name}", {"name": "rm"}, "other", "", ""),
        ("d", "mcp.tool.call", {"mcp.tool.name": "rm"}, "tool", "", "rm"),
        ("m", "mcp", {"rpc.method": "tools/call", "mcp.tool.name": "rm"}, "tool", "", "rm"),
        ("a", "execute_tool rm", {}, "tool", "", "rm"),
        ("a", "x", {"gen_ai.operation.name": "handoff", "gen_ai.tool.name": "rm"}, "tool", "", "rm"),
        (
            "openinference.instrumentation.langchain",
            "delete_agent",
            {"openinference.span.kind": "AGENT", "tool.name": "delete_agent"},
            "tool",
            "",
            "delete_agent",
        ),
        (
            "openinference.instrumentation.langchain",
            "call_agent",
            {"openinference.span.kind": "AGENT", "metadata": '{"langgraph_step": 1}'},
            "other",
            "",
            "",
        ),
    ],
)
def test_what_a_span_is_in_the_words_of_vendors(
    scope: str, name: str, attributes: dict[str, Any], kind: str, who: str, tool: str
) -> None:
    found = said(name=name, scope=scope, attributes=attributes)
    assert (found.kind, found.agent, found.tool) == (kind, who, tool)


@pytest.mark.parametrize(("status", "denied"), [("403", True), (401, True), ("200", False), (404, False)])
def test_a_gateway_that_answers_401_or_403_refused(status: Any, denied: bool) -> None:
    attributes = {"mcp.method.name": "tools/call", "gen_ai.tool.name": "rm", "http.status_code": status}
    assert said(name="tools/call rm", attributes=attributes).denied == denied
    attributes.pop("mcp.method.name")
    assert not said(name="rm", attributes={"gen_ai.operation.name": "execute_tool", **attributes}).denied


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("0f3c1a52-7f0b-4c55-9a0e-0d5a7d1c9b11", ""),
        ("0f3c1a527f0b4c559a0e0d5a7d1c9b11", ""),
        ("writer_0f3c1a52-7f0b-4c55-9a0e-0d5a7d1c9b11", "writer"),
        ("asst_abc123", "asst_abc123"),
    ],
)
def test_a_name_that_is_made_anew_for_each_run_is_none(name: str, kept: str) -> None:
    found = named("invoke_agent", gen_ai__operation__name="invoke_agent", gen_ai__agent__name=name)
    assert (found.kind, found.agent) == ("agent", kept)


@pytest.mark.parametrize("name", ["transfer_to_bank", "handoff to the printer"])
def test_a_tool_that_is_only_named_like_a_hand_off_is_a_tool(name: str) -> None:
    assert named(f"execute_tool {name}", openinference__span__kind="TOOL", tool__name=name).kind == "tool"


# --- offered tools


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.tool.definitions": '[{"name": "a"}, {"name": "b"}]'},
        {"gen_ai.tool.definitions": ['{"name": "no list of objects"}', "a", "b"][1:]},
        {"gen_ai.agent.tools": '["a", "b"]'},
        {"model_request_parameters": '{"function_tools": [{"name": "a"}], "output_tools": [{"name": "b"}]}'},
        {
            "gcp.vertex.agent.llm_request": '{"config": {"tools": [{"function_declarations": ['
            '{"name": "a"}, {"name": "b"}]}]}}'
        },
        {
            "llm.tools.0.tool.json_schema": '{"function": {"name": "a"}}',
            "llm.tools.1.tool.json_schema": '{"name": "b"}',
        },
        {"crewai.agent.tools": '[{"name": "a"}, {"name": "b"}]'},
    ],
)
def test_offered_tools_are_read_wherever_they_are_written(attributes: dict[str, Any]) -> None:
    assert said(attributes=attributes).offered == ("a", "b")


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"gen_ai.tool.definitions": '[{"name": "a"}, {"na'},
        {"gcp.vertex.agent.llm_request": "{}"},
        {"gen_ai.tool.definitions": orjson.dumps([f"tool {n}" for n in range(1_001)]).decode()},
    ],
)
def test_a_missing_or_cut_list_says_nothing_of_what_was_offered(attributes: dict[str, Any]) -> None:
    assert said(attributes=attributes).offered is None


# --- how it ended


def test_an_error_is_told_by_status_by_error_type_or_by_the_framework() -> None:
    call: dict[str, Any] = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "x"}
    assert named(status={"code": 2}, **call).status == "error"
    assert named(error__type="tool_error", **call).status == "error"
    assert named(gen_ai__tool__status="error", **call).status == "error"
    assert named(status={"code": 1}, **call).status == "ok"


@pytest.mark.parametrize(
    "message", ["Unknown tool: x", "unknown tool 'x'", "Tool x not found", "tool not found"]
)
def test_text_that_says_the_tool_is_unknown_says_that_the_call_was_refused(message: str) -> None:
    call: dict[str, Any] = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "x"}
    assert named(status={"code": 2, "message": message}, **call).refused
    assert not named(status={"code": 1, "message": message}, **call).refused


def test_text_of_a_failing_tool_does_not() -> None:
    call: dict[str, Any] = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "x"}
    for message in ("permission denied", "row not found", "x: upstream answered 503: unknown tool"):
        assert not named(status={"code": 2, "message": message}, **call).refused


def test_a_refusal_by_the_protocol_counts_only_in_a_span_of_the_protocol() -> None:
    mcp = named(
        "tools/call x",
        CLIENT,
        {"code": 2},
        mcp__method__name="tools/call",
        rpc__response__status_code="-32602",
    )
    assert mcp.denied and named("tools/call x", CLIENT, error__type="403").denied
    assert not named(status={"code": 2}, gen_ai__operation__name="execute_tool", error__type="403").denied
