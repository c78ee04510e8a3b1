"""Spans and log records as other exporters write them, one object each.

Go's ``stdouttrace`` and ``stdoutlog`` write the fields of the SDK's own types: names with capitals,
attributes as a list of ``{Key, Value: {Type, Value}}``, a parent of zeros for none (opentelemetry-go,
``exporters/stdout``). Zipkin's format v2 has times in µs, the service under ``localEndpoint``, and all else
(attributes, scope, status) as ``tags``, which are texts; its own server writes names in small letters
(https://zipkin.io/zipkin-api/, and OpenTelemetry's mapping of spans to it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.sources.otel.as_json import json_id
from schemas.sources.otel.as_rows import id_at, is_error, kind_of, time_at
from schemas.sources.otel.logs_wire import event_of
from schemas.sources.otel.raw import (
    SPAN_BYTES,
    TRACE_BYTES,
    RawLog,
    RawSpan,
    Unreadable,
    is_read,
    is_read_of_log,
)
from schemas.times import micros_of
from schemas.wire import as_fields, as_list, as_number, text_at

Fields = dict[str, Any]
SCOPES = ("otel.scope.name", "otel.library.name")
MICROS_MAX = (1 << 63) // 1000
"""The latest time (µs) that OTLP, which counts in ns, has a number for."""


def exported_of(document: Fields) -> Callable[[Fields], RawSpan | RawLog] | None:
    """Returns what reads this object; None for one that is none of theirs."""
    if isinstance(document.get("SpanContext"), dict) and "Name" in document:
        return _go_span
    if "Timestamp" in document and "Scope" in document and isinstance(document.get("Attributes"), list):
        return _go_log
    if "traceId" in document and "id" in document and "spanId" not in document:
        named = isinstance(document.get("localEndpoint"), dict) or isinstance(document.get("tags"), dict)
        return _zipkin_span if named and "timestamp" in document else None
    return None


def _go_span(span: Fields) -> RawSpan:
    own, parent = as_fields(span.get("SpanContext")), as_fields(span.get("Parent"))
    status = as_fields(span.get("Status"))
    kind = as_number(span.get("SpanKind"))
    return RawSpan(
        id_at(own, "TraceID", TRACE_BYTES),
        id_at(own, "SpanID", SPAN_BYTES),
        id_at(parent, "SpanID", SPAN_BYTES, optional=True),
        text_at(span, "Name"),
        kind if kind is not None else kind_of(text_at(span, "SpanKind")),
        time_at(span, "StartTime"),
        time_at(span, "EndTime"),
        is_error(text_at(status, "Code")),
        text_at(status, "Description"),
        text_at(span, "InstrumentationScope", "Name") or text_at(span, "InstrumentationLibrary", "Name"),
        str(_go_attributes(span.get("Resource"), lambda key: key == "service.name").get("service.name", "")),
        _go_attributes(span.get("Attributes"), is_read),
    )


def _go_log(log: Fields) -> RawLog:
    attributes = _go_attributes(log.get("Attributes"), is_read_of_log)
    event, body = event_of(log.get("EventName"), attributes, lambda: _go_value(log.get("Body")))
    service = _go_attributes(log.get("Resource"), lambda key: key == "service.name").get("service.name", "")
    return RawLog(
        id_at(log, "TraceID", TRACE_BYTES, optional=True),
        id_at(log, "SpanID", SPAN_BYTES, optional=True),
        micros_of(text_at(log, "Timestamp")) or time_at(log, "ObservedTimestamp"),
        event,
        str(service),
        attributes,
        body,
        text_at(log, "Scope", "Name"),
    )


def _go_attributes(items: object, keep: Callable[[str], bool]) -> Fields:
    return {
        key: _go_value(item.get("Value"))
        for item in as_list(items)
        if isinstance(item, dict) and keep(key := text_at(item, "Key"))
    }


def _go_value(value: object) -> Any:
    """The value of ``{Type, Value}``; of a map, which the log exporter writes as a list of such pairs, an
    object."""
    if not isinstance(value, dict) or "Value" not in value:
        return value
    inner = value["Value"]
    if str(value.get("Type")).lower() == "map" and isinstance(inner, list):
        return {
            text_at(pair, "Key"): _go_value(pair.get("Value")) for pair in inner if isinstance(pair, dict)
        }
    if isinstance(inner, list):
        return [_go_value(one) for one in inner]
    return inner


def _zipkin_span(span: Fields) -> RawSpan:
    tags = as_fields(span.get("tags"))
    start = _micros(span, "timestamp")
    status = text_at(tags, "otel.status_code")
    return RawSpan(
        _short_id(span, "traceId", TRACE_BYTES),
        _short_id(span, "id", SPAN_BYTES),
        _short_id(span, "parentId", SPAN_BYTES) if span.get("parentId") else "",
        text_at(span, "name"),
        kind_of(text_at(span, "kind")),
        start,
        start + _micros(span, "duration"),
        is_error(status) or (not status and "error" in tags and tags["error"] not in ("false", False)),
        text_at(tags, "otel.status_description") or text_at(tags, "error"),
        next((text_at(tags, name) for name in SCOPES if name in tags), ""),
        text_at(span, "localEndpoint", "serviceName"),
        {key: value for key, value in tags.items() if is_read(key)},
    )


def _short_id(span: Fields, field: str, size: int) -> str:
    """Older tracers write half of a trace's id."""
    value = span.get(field)
    padded = value.zfill(2 * size) if isinstance(value, str) and 0 < len(value) <= 2 * size else value
    return json_id({field: padded}, field, field, size)


def _micros(span: Fields, field: str) -> int:
    value = as_number(span.get(field, 0))
    if value is None or not 0 <= value <= MICROS_MAX:
        raise Unreadable(field, "not a time in microseconds since 1970")
    return value
