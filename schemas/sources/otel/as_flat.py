"""Spans one by one, each an object with its attributes as plain fields.

| who | ids | times | status |
|---|---|---|---|
| console exporter (Python) | ``context``, ``parent_id``, in hex after ``0x`` | ISO | ``status.status_code`` |
| Arize Phoenix, ``{"data": […]}`` too | the same without ``0x``; ``span_kind`` | ISO | ``status_code`` |
| CloudWatch, group ``aws/spans`` | ``traceId``, ``spanId``, ``parentSpanId`` | ns | ``status.code`` |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.sources.otel.as_json import json_id, json_time
from schemas.sources.otel.raw import (
    CLIENT,
    INTERNAL,
    SERVER,
    SPAN_BYTES,
    TRACE_BYTES,
    RawSpan,
    Unreadable,
    is_read,
)
from schemas.times import micros_of
from schemas.wire import as_fields, text_at

KINDS = {"INTERNAL": INTERNAL, "SERVER": SERVER, "CLIENT": CLIENT}
INFERENCE = "openinference.span.kind"


def flat_of(document: dict[str, Any]) -> Callable[[dict[str, Any]], RawSpan] | None:
    """Returns what reads this object; None where it is no such span."""
    return _span if _is_span(document) else None


def _is_span(document: dict[str, Any]) -> bool:
    if not isinstance(document.get("attributes"), dict) or "name" not in document:
        return False
    context = document.get("context")
    if isinstance(context, dict):
        return "trace_id" in context and "span_id" in context
    # What Data Prepper writes has its service beside, and other times.
    return "traceId" in document and "spanId" in document and "serviceName" not in document


def _span(span: dict[str, Any]) -> RawSpan:
    status, context = as_fields(span.get("status")), as_fields(span.get("context"))
    code = text_at(span, "status_code") or text_at(status, "status_code") or text_at(status, "code")
    attributes = {key: value for key, value in as_fields(span.get("attributes")).items() if is_read(key)}
    if kind := text_at(span, "span_kind"):
        attributes.setdefault(INFERENCE, kind)
    return RawSpan(
        _id(context.get("trace_id", span.get("traceId")), "traceId", TRACE_BYTES),
        _id(context.get("span_id", span.get("spanId")), "spanId", SPAN_BYTES),
        _id(span.get("parent_id", span.get("parentSpanId")), "parentSpanId", SPAN_BYTES, optional=True),
        text_at(span, "name"),
        KINDS.get(text_at(span, "kind").rpartition(".")[2].upper(), 0),
        _time(span, "start_time", "startTimeUnixNano"),
        _time(span, "end_time", "endTimeUnixNano"),
        code.upper() == "ERROR",
        text_at(status, "description") or text_at(status, "message") or text_at(span, "status_message"),
        text_at(span, "scope", "name"),
        text_at(span, "resource", "attributes", "service.name"),
        attributes,
    )


def _id(value: object, field: str, size: int, optional: bool = False) -> str:
    text = value.removeprefix("0x") if isinstance(value, str) else ""
    return json_id({field: text}, field, field, size, optional)


def _time(span: dict[str, Any], iso: str, nanos: str) -> int:
    if iso not in span:
        return json_time(span, nanos, nanos)
    time = micros_of(text_at(span, iso))
    if not time and span[iso]:
        raise Unreadable(iso, "not a time")
    return time
