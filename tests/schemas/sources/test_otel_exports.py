"""Traces as Jaeger and Tempo export them, and spans one by one."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from schemas.activity import Spanned
from schemas.sources import Context, Reading, detect, otel
from schemas.span import Span
from tests.support.effects import only
from tests.support.otlp import SERVER, T0, TRACE, export, span_id, tool
from tests.support.otlp import activities as otlp_activities

MICROS = T0 // 1000


def tags(**values: Any) -> list[dict[str, Any]]:
    kinds = {str: "string", bool: "bool", int: "int64"}
    return [{"key": k.replace("__", "."), "type": kinds[type(v)], "value": v} for k, v in values.items()]


def jaeger(n: int = 1, parent: int = 0, **more: Any) -> dict[str, Any]:
    references = [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": span_id(parent)}] if parent else []
    return {
        "traceID": TRACE, "spanID": span_id(n), "operationName": "execute_tool search",
        "references": references,
        "startTime": MICROS, "duration": 5_000, "processID": "p1", "logs": [], "warnings": None,
        "tags": tags(gen_ai__operation__name="execute_tool", gen_ai__tool__name="search"),
    } | more  # fmt: skip


def trace(*spans: object, **more: Any) -> dict[str, Any]:
    return {"traceID": TRACE, "spans": list(spans), "processes": {"p1": {"serviceName": "desk"}}} | more


def read(document: object) -> Reading:
    return otel.read(orjson.dumps(document), Context())


def said(document: object) -> Span:
    (activity,) = read(document).activities
    (effect,) = activity.effects
    assert isinstance(effect, Spanned)
    return effect.span


def test_a_jaeger_trace_says_what_the_same_spans_say_in_otlp() -> None:
    ours = read({"data": [trace(jaeger(2, 1))]})
    (theirs,) = otlp_activities(tool(2, 1))
    assert ours.activities == [theirs]


@pytest.mark.parametrize(
    "document",
    [
        {"data": [trace(jaeger())], "total": 0, "limit": 0, "offset": 0, "errors": None},
        trace(jaeger()),
        jaeger(process={"serviceName": "desk"}, processID=None),
    ],
    ids=["query API", "one trace", "a document of Elasticsearch"],
)
def test_every_form_of_jaegers_is_read(document: dict[str, Any]) -> None:
    assert detect(orjson.dumps(document)) == "otel"
    assert (said(document).tool, said(document).service) == ("search", "desk")


def test_ids_without_leading_zeros_are_the_same_ids() -> None:
    short = jaeger(
        0xAB,
        traceID="abc",
        spanID="ab",
        references=[{"refType": "CHILD_OF", "traceID": "abc", "spanID": "cd"}],
    )
    (activity,) = read(trace(short)).activities
    assert activity.uid == f"{'abc':0>32}:{'ab':0>16}"
    assert said(trace(short)).parent == f"{'cd':0>16}"


def test_a_parent_is_a_reference_into_the_same_trace_only() -> None:
    other = {"refType": "CHILD_OF", "traceID": "ff", "spanID": span_id(7)}
    follows = {"refType": "FOLLOWS_FROM", "traceID": TRACE, "spanID": span_id(8)}
    assert said(trace(jaeger(references=[other]))).parent == ""
    assert said(trace(jaeger(references=[other, follows]))).parent == span_id(8)
    assert said(trace(jaeger(references=None, parentSpanID=span_id(9)))).parent == span_id(9)


@pytest.mark.parametrize("failed", [tags(error=True), tags(otel__status_code="ERROR"), tags(error="true")])
def test_a_failure_is_told_by_a_tag(failed: list[dict[str, Any]]) -> None:
    server = tags(gen_ai__operation__name="execute_tool", gen_ai__tool__name="search", span__kind="server")
    found = said(trace(jaeger(tags=server + failed)))
    assert (found.status, found.side) == ("error", "server")
    assert SERVER


def test_text_of_a_failure_tells_an_unknown_tool_and_is_not_kept() -> None:
    result = tags(gen_ai__tool__name="rm", error=True, otel__status_description="Unknown tool: rm hunter2")
    reading = read(trace(jaeger(tags=result)))
    assert said(trace(jaeger(tags=result))).refused
    assert "hunter2" not in repr(reading)


def test_numbered_functions_are_the_offered_tools() -> None:
    result = tags(
        llm__request__functions__0__name="b",
        llm__request__functions__1__name="a",
        llm__request__functions__1__description="x",
    )
    assert said(trace(jaeger(operationName="openai.chat", tags=result))).offered == ("a", "b")


def test_bad_jaeger_spans_are_rejects_with_their_place_and_the_others_are_read() -> None:
    bad = [
        jaeger(2, traceID="zz"),
        jaeger(3, spanID=""),
        jaeger(4, startTime="x"),
        jaeger(5, duration=-1),
        "no span",
    ]
    reading = read({"data": [trace(jaeger(), *bad, jaeger(9)), 7, {"traceID": TRACE, "spans": 1}]})
    assert len(reading.activities) == 2
    assert [(r.place, r.field) for r in reading.rejects] == [
        ("data[0].spans[1]", "traceID"),
        ("data[0].spans[2]", "spanID"),
        ("data[0].spans[3]", "startTime"),
        ("data[0].spans[4]", "duration"),
        ("data[0].spans[5]", ""),
        ("data[1]", ""),
        ("data[2]", "spans"),
    ]


def test_odd_processes_and_tags_are_passed_over() -> None:
    odd = jaeger(tags=[1, {"key": 2}, {"key": "gen_ai.tool.name", "type": "binary", "value": "x"}])
    assert said(trace(odd, processes=7)).service == ""


@pytest.mark.parametrize("top", ["batches", "resourceSpans"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_trace_from_tempo_has_its_ids_in_base64(top: str, wrapped: bool) -> None:
    def coded(text: str) -> str:
        return base64.b64encode(bytes.fromhex(text)).decode()

    ids = {"traceId": coded(TRACE), "spanId": coded(span_id(2)), "parentSpanId": coded(span_id(1))}
    batches = orjson.loads(export(tool(2, 1, kind="SPAN_KIND_INTERNAL", **ids)))["resourceSpans"]
    document = {"trace": {top: batches}} if wrapped else {top: batches}
    assert detect(orjson.dumps(document)) == "otel"
    assert read(document).activities == otlp_activities(tool(2, 1))


FLAT = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
CONSOLE: dict[str, Any] = {
    "name": "execute_tool search",
    "context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{span_id(2)}", "trace_state": "[]"},
    "kind": "SpanKind.INTERNAL",
    "parent_id": f"0x{span_id(1)}",
    "start_time": "2026-09-21T14:13:20.000000Z",
    "end_time": "2026-09-21T14:13:20.005000Z",
    "status": {"status_code": "UNSET"},
    "attributes": FLAT | {"input.value": "never read"},
    "events": [],
    "links": [],
    "resource": {"attributes": {"service.name": "desk"}, "schema_url": ""},
}
CLOUDWATCH: dict[str, Any] = {
    "resource": {"attributes": {"service.name": "desk"}},
    "scope": {"name": "s"},
    "traceId": TRACE,
    "spanId": span_id(2),
    "parentSpanId": span_id(1),
    "flags": 256,
    "name": "execute_tool search",
    "kind": "INTERNAL",
    "startTimeUnixNano": T0,
    "endTimeUnixNano": T0 + 5_000_000,
    "durationNano": 5_000_000,
    "attributes": FLAT,
    "status": {"code": "UNSET"},
}
PHOENIX: dict[str, Any] = {
    "name": "search",
    "context": {"trace_id": TRACE, "span_id": span_id(2)},
    "span_kind": "TOOL",
    "parent_id": span_id(1),
    "start_time": "2026-09-21T14:13:20+00:00",
    "end_time": "2026-09-21T14:13:20.005+00:00",
    "status_code": "ERROR",
    "status_message": "Unknown tool: search",
    "attributes": {"tool.name": "search"},
}


@pytest.mark.parametrize("document", [CONSOLE, CLOUDWATCH], ids=["console", "cloudwatch"])
def test_a_span_alone_says_what_it_says_in_an_export_request(document: dict[str, Any]) -> None:
    assert detect(orjson.dumps(document)) == "otel"
    assert read(document).activities == otlp_activities(tool(2, 1))


def test_phoenix_tells_the_kind_and_the_status_of_a_span_beside_its_attributes() -> None:
    for document in (PHOENIX, {"data": [PHOENIX], "next_cursor": None}):
        assert detect(orjson.dumps(document)) == "otel"
        span = said(document)
        assert (span.kind, span.tool, span.status, span.refused) == ("tool", "search", "error", True)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (CONSOLE | {"context": {"trace_id": "0x1", "span_id": f"0x{span_id(2)}"}}, "traceId"),
        (CONSOLE | {"parent_id": "0xabc"}, "parentSpanId"),
        (CONSOLE | {"start_time": "soon"}, "start_time"),
        (CLOUDWATCH | {"startTimeUnixNano": -1}, "startTimeUnixNano"),
    ],
)
def test_a_span_alone_that_is_broken_is_a_reject_with_its_place(broken: dict[str, Any], field: str) -> None:
    assert [r.field for r in read(broken).rejects] == [field]


ROW_ID = {"TraceId": "4b" * 16, "SpanId": "00000000000000b2", "ParentSpanId": "00000000000000a1"}
CALL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "delete_repo"}
NESTED = {"gen_ai": {"operation": {"name": "execute_tool"}, "tool": {"name": "delete_repo"}}}


def clickhouse(**more: Any) -> dict[str, Any]:
    return {
        **ROW_ID,
        "Timestamp": "2026-11-22 10:00:01.000000000",
        "SpanName": "s",
        "SpanKind": "Client",
        "ServiceName": "desk",
        "ScopeName": "app",
        "SpanAttributes": CALL,
        "Duration": "100000000",
        "StatusCode": "Error",
        **more,
    }


def elastic(**more: Any) -> dict[str, Any]:
    return {
        "@timestamp": "1795341601000.0",
        "trace_id": "4b" * 16,
        "span_id": "00000000000000b2",
        "parent_span_id": "00000000000000a1",
        "name": "s",
        "kind": "Client",
        "duration": 100000000,
        "attributes": CALL,
        "resource": {"attributes": {"service.name": "desk"}},
        "status": {"code": "Error"},
        **more,
    }


def stdouttrace(**more: Any) -> dict[str, Any]:
    return {
        "Name": "s",
        "SpanContext": {"TraceID": "4b" * 16, "SpanID": "00000000000000b2"},
        "Parent": {"TraceID": "4b" * 16, "SpanID": "00000000000000a1"},
        "SpanKind": 3,
        "StartTime": "2026-11-22T10:00:01Z",
        "EndTime": "2026-11-22T10:00:01.1Z",
        "Attributes": [{"Key": k, "Value": {"Type": "STRING", "Value": v}} for k, v in CALL.items()],
        "Status": {"Code": "Error", "Description": ""},
        "Resource": [{"Key": "service.name", "Value": {"Type": "STRING", "Value": "desk"}}],
        **more,
    }


def zipkin(**more: Any) -> dict[str, Any]:
    return {
        "traceId": "4b" * 16,
        "id": "b2",
        "parentId": "a1",
        "name": "s",
        "kind": "CLIENT",
        "timestamp": 1795341601000000,
        "duration": 100000,
        "localEndpoint": {"serviceName": "desk"},
        "tags": {**CALL, "error": "boom"},
        **more,
    }


def logfire(**more: Any) -> dict[str, Any]:
    return {
        "trace_id": "4b" * 16,
        "span_id": "00000000000000b2",
        "parent_span_id": "00000000000000a1",
        "span_name": "s",
        "kind": "span",
        "start_timestamp": "2026-11-22T10:00:01Z",
        "end_timestamp": "2026-11-22T10:00:01.1Z",
        "service_name": "desk",
        "otel_scope_name": "app",
        "otel_status_code": "ERROR",
        "attributes": CALL,
        **more,
    }


def prepper(**more: Any) -> dict[str, Any]:
    return {
        "traceId": "4b" * 16,
        "spanId": "00000000000000b2",
        "parentSpanId": "00000000000000a1",
        "name": "s",
        "kind": "SPAN_KIND_CLIENT",
        "startTime": "2026-11-22T10:00:01Z",
        "endTime": "2026-11-22T10:00:01.100Z",
        "durationInNanos": 100000000,
        "serviceName": "desk",
        "status.code": 2,
        **{f"span.attributes.{key.replace('.', '@')}": value for key, value in CALL.items()},
        **more,
    }


def insights(**more: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": "2026-11-22T10:00:01Z",
        "OperationId": "4b" * 16,
        "Id": "00000000000000b2",
        "ParentId": "00000000000000a1",
        "Name": "s",
        "AppRoleName": "desk",
        "DependencyType": "InProc",
        "DurationMs": 100,
        "Success": False,
        "Type": "AppDependencies",
        "Properties": orjson.dumps(CALL).decode(),
        **more,
    }


def cloud_trace() -> dict[str, Any]:
    values = {**CALL, "service.name": "desk"}
    return {
        "name": f"projects/p/traces/{'4b' * 16}/spans/00000000000000b2",
        "spanId": "00000000000000b2",
        "parentSpanId": "00000000000000a1",
        "displayName": {"value": "s"},
        "startTime": "2026-11-22T10:00:01Z",
        "endTime": "2026-11-22T10:00:01.100Z",
        "attributes": {"attributeMap": {k: {"stringValue": {"value": v}} for k, v in values.items()}},
        "status": {"code": 2},
        "spanKind": "CLIENT",
    }


def segment(**more: Any) -> dict[str, Any]:
    return {
        "trace_id": f"1-{'4b' * 4}-{'4b' * 12}",
        "id": "00000000000000b2",
        "parent_id": "00000000000000a1",
        "name": "desk",
        "start_time": 1795341601.0,
        "end_time": 1795341601.1,
        "fault": True,
        "metadata": {"default": CALL},
        **more,
    }


def datadog() -> dict[str, Any]:
    return {
        "trace_id": int("4b" * 8, 16),
        "span_id": 0xB2,
        "parent_id": 0xA1,
        "service": "desk",
        "name": "opentelemetry.client",
        "resource": "s",
        "start": 1795341601000000000,
        "duration": 100000000,
        "error": 1,
        "meta": {**CALL, "_dd.p.tid": "4b" * 8},
    }


def honeycomb() -> dict[str, Any]:
    return {
        "Timestamp": "2026-11-22T10:00:01Z",
        "trace.trace_id": "4b" * 16,
        "trace.span_id": "00000000000000b2",
        "trace.parent_id": "00000000000000a1",
        "name": "s",
        "service.name": "desk",
        "duration_ms": 100,
        "error": True,
        **CALL,
    }


def test_what_runs_inside_an_x_ray_segment_is_a_span_of_its_service() -> None:
    below = {
        "id": "00000000000000b3",
        "name": "execute_tool rm",
        "start_time": 1795341601.0,
        "end_time": 1795341601.1,
        "metadata": {"default": {"gen_ai.tool.name": "rm"}},
    }
    reading = otel.read(orjson.dumps(segment(subsegments=[below], metadata={})), Context())
    own, inner = (only(Spanned, activity.effects) for activity in reading.activities)
    assert (inner.span.tool, inner.span.parent, inner.span.service) == ("rm", own.span_id, "desk")


def test_the_request_of_application_insights_is_what_the_service_was_asked() -> None:
    row = insights(Type="AppRequests", ParentId="4b" * 16, DependencyType="")
    (activity,) = otel.read(orjson.dumps(row), Context()).activities
    span = only(Spanned, activity.effects).span
    assert (span.side, span.parent) == ("server", "")


@pytest.mark.parametrize(
    "document",
    [
        prepper(),
        {"_source": prepper()},
        {**{k: v for k, v in prepper().items() if "@" not in k}, "attributes": CALL},
        insights(),
        insights(Properties=CALL),
        {
            "timestamp": "2026-11-22T10:00:01Z",
            "operation_Id": "4b" * 16,
            "id": "00000000000000b2",
            "operation_ParentId": "00000000000000a1",
            "name": "s",
            "cloud_RoleName": "desk",
            "duration": 100,
            "success": "False",
            "customDimensions": CALL,
        },
        cloud_trace(),
        segment(),
        {"Traces": [{"Id": "1", "Segments": [{"Id": "b2", "Document": orjson.dumps(segment()).decode()}]}]},
        datadog(),
        [[datadog()]],
        honeycomb(),
        clickhouse(),
        clickhouse(SpanAttributes=NESTED, Duration=100000000, StatusCode="STATUS_CODE_ERROR"),
        {"meta": [], "data": [clickhouse()], "rows": 1},
        elastic(),
        elastic(attributes=NESTED),
        {"_source": elastic()},
        {"hits": {"hits": [{"_source": elastic()}]}},
        stdouttrace(),
        zipkin(),
        [zipkin()],
        [[zipkin()]],
        logfire(),
        logfire(attributes=orjson.dumps(CALL).decode()),
        {"rows": [logfire()]},
    ],
)
def test_a_span_is_the_same_in_every_wrapping(document: Any) -> None:
    record = orjson.dumps(document)
    assert detect(record) == "otel"
    reading = otel.read(record, Context())
    assert not reading.rejects
    (one,) = reading.activities
    effect = only(Spanned, one.effects)
    assert (effect.trace, effect.span_id) == ("4b" * 16, "00000000000000b2")
    span = effect.span
    assert (span.kind, span.tool, span.parent, span.service) == (
        "tool",
        "delete_repo",
        "00000000000000a1",
        "desk",
    )
    assert (span.end - span.start, span.status) == (100_000, "error")


def test_the_row_of_a_span_that_has_only_begun_tells_nothing() -> None:
    assert not otel.read(orjson.dumps(logfire(kind="pending_span")), Context()).activities


@pytest.mark.parametrize(
    "document", [clickhouse(SpanId="x"), elastic(**{"@timestamp": "soon"}), zipkin(id=7)]
)
def test_a_row_that_cannot_be_read_is_a_reject_with_its_field(document: Any) -> None:
    reading = otel.read(orjson.dumps(document), Context())
    assert not reading.activities
    assert [bool(r.field) for r in reading.rejects] == [True]


EVENT = {"event.name": "claude_code.tool_result", "tool_name": "Bash", "success": "true"}


@pytest.mark.parametrize(
    "document",
    [
        {"Timestamp": "2026-11-22 10:00:01.0", "ServiceName": "cc", "LogAttributes": EVENT, "Body": ""},
        {
            "@timestamp": "2026-11-22T10:00:01Z",
            "body": {"text": "claude_code.tool_result"},
            "attributes": EVENT,
            "resource": {"attributes": {"service.name": "cc"}},
        },
        {
            "Timestamp": "2026-11-22T10:00:01Z",
            "Body": {"Type": "String", "Value": "claude_code.tool_result"},
            "Attributes": [{"Key": k, "Value": {"Type": "String", "Value": v}} for k, v in EVENT.items()],
            "Resource": [{"Key": "service.name", "Value": {"Type": "STRING", "Value": "cc"}}],
            "Scope": {"Name": "x"},
        },
    ],
)
def test_a_log_record_is_the_same_in_every_wrapping(document: Any) -> None:
    record = orjson.dumps(document)
    assert detect(record) == "otel"
    reading = otel.read(record, Context())
    assert [a.identity for a in reading.activities] == ["agent:cc/cc"]
