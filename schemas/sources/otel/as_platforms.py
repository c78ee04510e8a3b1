"""Spans as platforms of observation keep and export them, one object each.

| who | known by | attributes |
|---|---|---|
| OpenSearch, Data Prepper | ``traceId``, ``spanId``, ``startTime``, ``serviceName`` | ``attributes``, or ``span.attributes.`` and ``@`` for dots |
| Application Insights, its tables and the workspace's | ``operation_Id``, ``OperationId`` | ``customDimensions``, ``Properties``, perhaps as a text |
| Cloud Trace, version 2 | ``displayName``, ``spanId`` | ``attributes.attributeMap`` |
| X-Ray's segments | ``trace_id``, ``start_time`` in seconds | ``metadata.default``; those inside are ``subsegments`` |
| Datadog's agent | ``trace_id`` and ``span_id`` as numbers, ``meta`` | ``meta`` |
| Honeycomb's events | ``trace.trace_id``, ``trace.span_id`` | fields beside them |

opensearch-project/data-prepper, otel-trace-raw; learn.microsoft.com, Application Insights telemetry data
model; cloud.google.com/trace/docs, REST v2; docs.aws.amazon.com/xray, segment documents, and the collector's
exporter; docs.datadoghq.com, trace API; docs.honeycomb.io, manual tracing.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from schemas.records import Contents
from schemas.sources.otel.as_json import json_id, json_time
from schemas.sources.otel.as_rows import is_error, kind_of, time_at
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
from schemas.sources.otel.tools import decoded
from schemas.wire import as_fields, as_list, as_number, text_at

Fields = dict[str, Any]
SEGMENTS_MAX = 16
"""Levels of subsegments that are read; X-Ray's documents are 64 kB at most."""
PREPPER = "span.attributes."
INSIGHTS = (
    (
        "operation_Id",
        "id",
        "operation_ParentId",
        "cloud_RoleName",
        "customDimensions",
        "timestamp",
        "duration",
    ),
    ("OperationId", "Id", "ParentId", "AppRoleName", "Properties", "TimeGenerated", "DurationMs"),
)
"""The names of Application Insights' own tables, and those of a workspace."""


def platform_spans(document: Fields) -> Iterator[RawSpan] | None:
    """Yields the spans of a platform's own record; None for a record of none of them."""
    for is_one, spans in PLATFORMS:
        if is_one(document):
            return spans(document)
    return None


def segments_of(document: Fields) -> Contents:
    """Returns the segments in an answer of X-Ray's interface, each a document in a text; none of any other
    document."""
    return [
        (f"Traces[{i}].Segments[{j}].Document", as_fields(segment).get("Document"))
        for i, trace in enumerate(as_list(document.get("Traces")))
        for j, segment in enumerate(as_list(as_fields(trace).get("Segments")))
    ]


def _is_prepper(span: Fields) -> bool:
    return "traceId" in span and "spanId" in span and "serviceName" in span and "startTime" in span


def _of_prepper(span: Fields) -> Iterator[RawSpan]:
    attributes = {
        key.removeprefix(PREPPER).replace("@", "."): value
        for key, value in span.items()
        if key.startswith(PREPPER)
    } or as_fields(span.get("attributes"))
    status = as_fields(span.get("status"))
    yield RawSpan(
        _id(span.get("traceId"), "traceId", TRACE_BYTES),
        _id(span.get("spanId"), "spanId", SPAN_BYTES),
        _id(span.get("parentSpanId"), "parentSpanId", SPAN_BYTES, optional=True),
        text_at(span, "name"),
        kind_of(text_at(span, "kind")),
        time_at(span, "startTime"),
        time_at(span, "endTime"),
        is_error(str(span.get("status.code", status.get("code", "")))),
        text_at(span, "status.message") or text_at(status, "message"),
        text_at(span, "instrumentationScope", "name") or text_at(span, "instrumentationScope.name"),
        text_at(span, "serviceName"),
        _read(attributes),
    )


def _is_insights(row: Fields) -> bool:
    return any(trace in row and own in row and held in row for trace, own, _, _, held, _, _ in INSIGHTS)


def _of_insights(row: Fields) -> Iterator[RawSpan]:
    """A request is what the service was asked, a dependency what it asked or did. The parent of the first is
    the operation itself."""
    trace, own, parent, role, held, at, lasted = INSIGHTS["OperationId" in row]
    kind = text_at(row, "Type") or text_at(row, "itemType") or text_at(row, "category")
    inside = "InProc" in (text_at(row, "DependencyType") + text_at(row, "type"))
    start, above = time_at(row, at), text_at(row, parent)
    success = row.get("Success", row.get("success"))
    properties = row.get(held)
    yield RawSpan(
        _id(row.get(trace), trace, TRACE_BYTES),
        _id(row.get(own), own, SPAN_BYTES),
        _id(above, parent, SPAN_BYTES) if above and above != row.get(trace) else "",
        text_at(row, "Name") or text_at(row, "name"),
        SERVER if "request" in kind.lower() else INTERNAL if inside else CLIENT,
        start,
        start + int(1000 * max(0, as_number(row.get(lasted)) or 0)),
        str(success).lower() == "false",
        "",
        "",
        text_at(row, role),
        _read(as_fields(decoded(properties) if isinstance(properties, str) else properties)),
    )


def _is_cloud_trace(span: Fields) -> bool:
    return (
        isinstance(span.get("displayName"), dict) and "spanId" in span and "/traces/" in text_at(span, "name")
    )


def _of_cloud_trace(span: Fields) -> Iterator[RawSpan]:
    values = as_fields(as_fields(span.get("attributes")).get("attributeMap"))
    attributes = {key: _cloud_value(value) for key, value in values.items()}
    code = as_number(as_fields(span.get("status")).get("code"))
    yield RawSpan(
        _id(text_at(span, "name").partition("/traces/")[2].partition("/")[0], "name", TRACE_BYTES),
        _id(span.get("spanId"), "spanId", SPAN_BYTES),
        _id(span.get("parentSpanId"), "parentSpanId", SPAN_BYTES, optional=True),
        text_at(span, "displayName", "value"),
        kind_of(text_at(span, "spanKind")),
        time_at(span, "startTime"),
        time_at(span, "endTime"),
        bool(code),
        text_at(span, "status", "message"),
        str(attributes.get("otel.scope.name", "")),
        str(attributes.get("service.name", "")),
        _read(attributes),
    )


def _cloud_value(value: object) -> Any:
    text = text_at(value, "stringValue", "value") or text_at(value, "stringValue")
    inner = as_fields(value)
    return text or inner.get("boolValue", inner.get("intValue", ""))


def _is_segment(segment: Fields) -> bool:
    return text_at(segment, "trace_id").startswith("1-") and "id" in segment and "start_time" in segment


def _of_segments(segment: Fields) -> Iterator[RawSpan]:
    """A segment is what its service was asked; the service's name is the segment's."""
    trace = text_at(segment, "trace_id").removeprefix("1-").replace("-", "")
    service = text_at(segment, "metadata", "default", "otel.resource.service.name") or text_at(
        segment, "name"
    )
    yield from _segment(segment, trace, service, text_at(segment, "parent_id"), SEGMENTS_MAX)


def _segment(segment: Fields, trace: str, service: str, parent: str, left: int) -> Iterator[RawSpan]:
    attributes = as_fields(as_fields(segment.get("metadata")).get("default"))
    yield RawSpan(
        _id(trace, "trace_id", TRACE_BYTES),
        own := _id(segment.get("id"), "id", SPAN_BYTES),
        _id(parent, "parent_id", SPAN_BYTES, optional=True),
        text_at(segment, "name"),
        CLIENT if text_at(segment, "namespace") == "remote" else INTERNAL,
        _seconds(segment, "start_time"),
        _seconds(segment, "end_time"),
        any(segment.get(word) is True for word in ("error", "fault", "throttle")),
        "",
        "",
        service,
        _read(attributes),
    )
    for below in as_list(segment.get("subsegments")) if left else []:
        if isinstance(below, dict):
            yield from _segment(below, trace, service, own, left - 1)


def _is_datadog(span: Fields) -> bool:
    numbers = (span.get("trace_id"), span.get("span_id"))
    return all(isinstance(number, int) for number in numbers) and isinstance(span.get("meta"), dict)


def _of_datadog(span: Fields) -> Iterator[RawSpan]:
    """The upper half of a trace's id stands among the texts; the name of the span is the resource's."""
    meta = as_fields(span.get("meta"))
    upper = text_at(meta, "_dd.p.tid") or "0" * 16
    start = json_time(span, "start", "start")
    yield RawSpan(
        _id(upper + _hex(span.get("trace_id")), "trace_id", TRACE_BYTES),
        _id(_hex(span.get("span_id")), "span_id", SPAN_BYTES),
        _id(_hex(span.get("parent_id")), "parent_id", SPAN_BYTES, optional=True),
        text_at(span, "resource") or text_at(span, "name"),
        kind_of(text_at(meta, "span.kind")),
        start,
        start + json_time(span, "duration", "duration"),
        bool(as_number(span.get("error"))),
        text_at(meta, "error.message") or text_at(meta, "error.msg"),
        text_at(meta, "otel.scope.name") or text_at(meta, "otel.library.name"),
        text_at(span, "service"),
        _read(meta),
    )


def _is_honeycomb(event: Fields) -> bool:
    return "trace.trace_id" in event and "trace.span_id" in event


def _of_honeycomb(event: Fields) -> Iterator[RawSpan]:
    at = next((name for name in ("Timestamp", "timestamp", "time") if name in event), "time")
    start = time_at(event, at)
    yield RawSpan(
        _id(event.get("trace.trace_id"), "trace.trace_id", TRACE_BYTES),
        _id(event.get("trace.span_id"), "trace.span_id", SPAN_BYTES),
        _id(event.get("trace.parent_id"), "trace.parent_id", SPAN_BYTES, optional=True),
        text_at(event, "name"),
        kind_of(text_at(event, "span.kind")),
        start,
        start + int(1000 * max(0, as_number(event.get("duration_ms")) or 0)),
        event.get("error") is True or is_error(str(event.get("status_code", ""))),
        text_at(event, "status_message") or text_at(event, "error.message"),
        text_at(event, "library.name"),
        text_at(event, "service.name"),
        _read(event),
    )


PLATFORMS: tuple[tuple[Callable[[Fields], bool], Callable[[Fields], Iterator[RawSpan]]], ...] = (
    (_is_prepper, _of_prepper),
    (_is_insights, _of_insights),
    (_is_cloud_trace, _of_cloud_trace),
    (_is_segment, _of_segments),
    (_is_datadog, _of_datadog),
    (_is_honeycomb, _of_honeycomb),
)


def _read(attributes: Fields) -> Fields:
    return {key: value for key, value in attributes.items() if is_read(key)}


def _id(value: object, field: str, size: int, optional: bool = False) -> str:
    return json_id({field: value}, field, field, size, optional)


def _hex(number: object) -> str:
    return f"{number:016x}" if isinstance(number, int) and 0 < number < 1 << 64 else ""


def _seconds(segment: Fields, field: str) -> int:
    value = segment.get(field, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1 << 40:
        raise Unreadable(field, "not a time in seconds since 1970")
    return int(value * 1_000_000)
