"""OpenTelemetry traces of agents: GenAI, OpenInference and OpenLLMetry conventions, MCP spans, as OTLP/JSON
or protobuf.

One record is one export request with many spans. Every span is an activity, since any may lie on the chain
of parents between a tool call and its agent; which agent made a call, and how the call ended, is settled
where the whole trace is known, so the outcome of all but agent spans is ``unknown`` here. Arguments and
results of tools are not read; nor are messages and status texts stored.
"""

from __future__ import annotations

from schemas.activity import Activity, Outcome, Spanned
from schemas.rejected import Rejected
from schemas.sources import Context, Reading
from schemas.sources.otel.as_json import batches_of, json_spans
from schemas.sources.otel.as_protobuf import is_protobuf_export, protobuf_spans
from schemas.sources.otel.genai import error_of, handoff_target, span_of
from schemas.sources.otel.raw import NAME, RawSpan
from schemas.span import Span, agent_key

__all__ = ["NAME", "read", "recognises"]

OPERATIONS = {"agent": "invoke_agent", "tool": "execute_tool", "handoff": "handoff", "chat": "chat"}


def recognises(document: object) -> bool:
    """Whether a decoded record (bytes: one that is no JSON) is an export of traces."""
    if isinstance(document, dict):
        return batches_of(document) is not None
    return isinstance(document, bytes) and is_protobuf_export(document)


def read(record: bytes, context: Context) -> Reading:
    """Every span of one export request as an activity; what cannot be read as a reject with its place."""
    body = record.removeprefix(b"\xef\xbb\xbf")
    reading = Reading([], [], 0)
    for raw in json_spans(body) if body.lstrip()[:1] in (b"{", b"[") else protobuf_spans(record):
        if isinstance(raw, Rejected):
            reading.rejects.append(raw)
        else:
            reading.activities.append(_activity(raw, context))
    return reading


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
