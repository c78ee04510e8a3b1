"""OpenTelemetry traces and logs of agents: GenAI, OpenInference and OpenLLMetry conventions, MCP spans, as
OTLP/JSON or protobuf, as Jaeger and Tempo export them, and one by one (``as_flat``, ``as_rows``,
``as_exported``).

One record is one export request (or one exported trace) with many spans or log records. Every span is an
activity, since any may lie on the chain of parents between a tool call and its agent; which agent made a
call, and how the call ended, is settled where the whole trace is known, so the outcome of all but agent
spans is ``unknown`` here. Of log records only those that speak of tools become activities; metrics are
passed: they count calls, and name none. Arguments and results of tools are not read; nor are messages and
status texts stored.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.activity import Activity, Outcome, Spanned
from schemas.records import GZIP, within
from schemas.rejected import Rejected
from schemas.sources import Context, Reading
from schemas.sources.otel.as_protobuf import is_protobuf_export, protobuf_spans
from schemas.sources.otel.documents import ENVELOPES, Raw, raw_of
from schemas.sources.otel.genai import error_of, handoff_target, span_of
from schemas.sources.otel.logs import Act, LogSpan, act_of, spans_of, whose
from schemas.sources.otel.logs_wire import protobuf_logs
from schemas.sources.otel.raw import NAME, RawLog, RawSpan
from schemas.span import Span, agent_key
from schemas.summary import Blind, Summary

__all__ = ["NAME", "read", "recognises"]

SIGNS = frozenset({
    "resourceSpans", "resource_spans", "resourceLogs", "resource_logs", "batches", "traceID", "traceId",
    "SpanAttributes", "LogAttributes", "SpanContext", "otel_scope_name", "trace_id", "scopeSpans",
    "scopeLogs", "resourceMetrics", "operation_Id", "OperationId", "displayName", "trace.trace_id", "Traces",
    "subsegments", "meta",
})  # fmt: skip

OPERATIONS = {"agent": "invoke_agent", "tool": "execute_tool", "handoff": "handoff", "chat": "chat"}


SUMMARY = Summary(
    gives=(
        "Agents' runs and tool calls as OpenTelemetry GenAI spans (OTLP, Jaeger, Tempo, Zipkin, "
        "rows of ClickHouse, Elasticsearch, OpenSearch, Logfire and Application Insights, "
        "X-Ray, Cloud Trace, Datadog, Honeycomb, span by span) and "
        "log records: which agent called which tool, offered tools, hand-offs, refused or executed; of "
        "coding agents also that they asked their model, and connected to a server"
    ),
    cannot_show=(
        "Sampling hides calls; some frameworks make no tool span at all (crewAI), or none for "
        "refused calls; arguments and results are never read; the credential behind a call is not "
        "in the spans"
    ),
    ship=(
        "OTLP/HTTP (receiver `receive_otlp`), a collector's Kafka exporter (`otlp_proto` or `otlp_json`) "
        "into `raw.otel`, or exported files"
    ),
    blind=(
        Blind(
            name="sampled traces",
            hides="calls of tools in runs that sampling left out",
            switch_on=(
                "a sampler that always samples for agents (`parentbased_always_on`), and no tail "
                "sampling before the collector's exporter"
            ),
        ),
        Blind(
            name="no identity on the call",
            hides="which credential was behind a tool call",
            switch_on="the gateway's or the server's own log (sources mcp, gateways)",
        ),
    ),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that is no JSON) is an export of traces or logs."""
    if isinstance(document, dict | list):
        return ENVELOPES.recognises(document)
    return isinstance(document, bytes) and (
        is_protobuf_export(document) or (document[:1] == b"\x0a" and protobuf_logs(document) is not None)
    )


def read(record: bytes, context: Context) -> Reading:
    """Returns every span and every log record about tools as an activity; other log records are passed; what
    cannot be read is a reject with its place."""
    reading = Reading([], [], 0)
    body = record.removeprefix(b"\xef\xbb\xbf").lstrip()
    text = body[:1] in (b"{", b"[") or record.startswith(GZIP)
    found: Iterator[Raw] = _json(record) if text else protobuf_spans(record, protobuf_logs)
    for raw in within(found, record, lambda over: over, NAME):
        match raw:
            case Rejected():
                reading.rejects.append(raw)
            case RawSpan():
                reading.activities.append(_activity(raw, context))
            case RawLog():
                _read_log(raw, context, reading)
    return reading


def _json(record: bytes) -> Iterator[Raw]:
    nothing = True
    for place, found in ENVELOPES.objects(record):
        nothing = False
        raw = found if isinstance(found, Rejected) else raw_of(found, place)
        if isinstance(raw, Rejected):
            yield raw
        elif raw is None:
            reason = "not an export of traces or logs: it has no list resourceSpans"
            yield Rejected(NAME, reason, "resourceSpans", place)
        else:
            yield from raw
    if nothing:
        yield Rejected(NAME, "holds nothing")


def _read_log(log: RawLog, context: Context, reading: Reading) -> None:
    trace, spans = spans_of(log, context.arrived, context.processed)
    act = None if spans else act_of(log)
    if act:
        reading.activities.append(_activity_of_act(log, act, context))
        return
    reading.passed += not spans
    person = whose(log) if spans else ""
    reading.activities += (_activity_of_log(trace, one, person, context) for one in spans)


def _activity_of_act(log: RawLog, act: Act, context: Context) -> Activity:
    return Activity(
        uid=act.uid,
        time=log.time,
        source=NAME,
        instance=context.instance,
        identity=agent_key(act.agent, act.agent) if act.agent else "",
        actor_name=act.agent,
        operation=act.operation,
        service=act.agent,
        outcome="succeeded" if act.succeeded else "unknown",
        client=whose(log),
        resource=act.server,
        arrived=context.arrived,
        processed=context.processed,
    )


def _activity_of_log(trace: str, of_log: LogSpan, person: str, context: Context) -> Activity:
    span = of_log.span
    what = {"asked": f"ask for {span.tool}"}.get(
        span.side, f"execute_tool {span.tool}" if span.tool else "answer"
    )
    return Activity(
        uid=f"{trace}:{of_log.span_id}",
        time=span.start,
        source=NAME,
        instance=context.instance,
        identity=agent_key(span.service, span.agent) if span.agent else "",
        actor_name=span.agent,
        operation="chat" if span.kind == "chat" else what,
        service=span.service,
        client=person,
        resource=span.server,
        error="error" if span.status == "error" and span.tool else "",
        effects=(Spanned(trace, of_log.span_id, span),),
        arrived=context.arrived,
        processed=context.processed,
    )


def _activity(raw: RawSpan, context: Context) -> Activity:
    span = span_of(raw, context.arrived, context.processed)
    outcome: Outcome = "unknown"
    if span.kind == "agent":
        outcome = "failed" if span.status == "error" else "succeeded"
    return Activity(
        uid=f"{raw.trace}:{raw.span_id}",
        time=span.start,
        source=NAME,
        instance=context.instance,
        identity=agent_key(span.service, span.agent) if span.agent else "",
        actor_name=span.agent,
        operation=_operation(span, raw),
        service=span.service,
        outcome=outcome,
        target=handoff_target(raw) if span.kind == "handoff" else "",
        resource=span.server,
        error=error_of(raw) if span.status == "error" else "",
        effects=(Spanned(raw.trace, raw.span_id, span),),
        arrived=context.arrived,
        processed=context.processed,
    )


def _operation(span: Span, raw: RawSpan) -> str:
    """Names of other spans may hold addresses with secrets in them, so they are not kept."""
    about = {
        "agent": span.agent,
        "tool": span.tool,
        "handoff": span.tool,
        "chat": raw.text("gen_ai.request.model"),
    }
    return f"{OPERATIONS.get(span.kind, 'span')} {about.get(span.kind, '')}".rstrip()
