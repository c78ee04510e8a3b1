"""Spans and log records as rows of databases, one object each.

| who | known by | times |
|---|---|---|
| ClickHouse exporter, ``otel_traces`` | ``SpanName``, ``SpanAttributes`` | ISO, ``Duration`` in ns |
| the same, ``otel_logs`` | ``LogAttributes`` | ISO |
| Elasticsearch exporter, mapping ``otel`` | ``@timestamp``, ``resource`` | ms, ``duration`` in ns |
| Logfire's ``records`` | ``span_name``, ``otel_scope_name`` | ISO |

Attributes are a map with dotted names, one with a part in each part, or the text of one of them.

opentelemetry-collector-contrib, ``exporter/clickhouseexporter`` and ``exporter/elasticsearchexporter``;
https://logfire.pydantic.dev/docs/reference/sql/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.sources.otel.as_json import json_id
from schemas.sources.otel.logs_wire import event_of
from schemas.sources.otel.raw import (
    CLIENT,
    INTERNAL,
    SERVER,
    SPAN_BYTES,
    TRACE_BYTES,
    RawLog,
    RawSpan,
    Unreadable,
    is_read,
    is_read_of_log,
)
from schemas.times import micros_of
from schemas.wire import as_fields, as_number, text_at

KINDS = {"INTERNAL": INTERNAL, "SERVER": SERVER, "CLIENT": CLIENT}
PENDING = "pending_span"
"""Logfire's row for a span that has begun; the row of its end tells all of it."""

NESTING_MAX = 8
"""Levels in which the parts of an attribute's name are looked for."""

Row = dict[str, Any]


def reader_of(row: Row) -> Callable[[Row], RawSpan | RawLog | None] | None:
    """Returns what reads this row; None for an object that is no row of theirs."""
    if "TraceId" in row and "SpanAttributes" in row and "SpanName" in row:
        return _clickhouse_span
    if "LogAttributes" in row and "Timestamp" in row:
        return _clickhouse_log
    if "otel_scope_name" in row and "trace_id" in row and "span_name" in row:
        return _logfire
    if "@timestamp" in row and isinstance(row.get("resource"), dict) and "attributes" in row:
        if "span_id" in row and "trace_id" in row and "name" in row:
            return _elastic_span
        if "body" in row or "event_name" in row:
            return _elastic_log
    return None


def flattened(value: object, keep: Callable[[str], bool]) -> dict[str, Any]:
    """Returns the attributes by their dotted names, whether these were written whole or part in part."""
    found: dict[str, Any] = {}
    _flatten(as_fields(value), "", keep, found, NESTING_MAX)
    return found


def _flatten(holder: Row, above: str, keep: Callable[[str], bool], found: dict[str, Any], left: int) -> None:
    for name, value in holder.items():
        key = f"{above}{name}"
        if keep(key):
            found[key] = value
        elif isinstance(value, dict) and left:
            _flatten(value, f"{key}.", keep, found, left - 1)


def _clickhouse_span(row: Row) -> RawSpan:
    start = time_at(row, "Timestamp")
    return RawSpan(
        id_at(row, "TraceId", TRACE_BYTES),
        id_at(row, "SpanId", SPAN_BYTES),
        id_at(row, "ParentSpanId", SPAN_BYTES, optional=True),
        text_at(row, "SpanName"),
        kind_of(text_at(row, "SpanKind")),
        start,
        start + (as_number(row.get("Duration")) or 0) // 1000,
        is_error(text_at(row, "StatusCode")),
        text_at(row, "StatusMessage"),
        text_at(row, "ScopeName"),
        text_at(row, "ServiceName") or _service(row.get("ResourceAttributes")),
        flattened(row.get("SpanAttributes"), is_read),
    )


def _clickhouse_log(row: Row) -> RawLog:
    attributes = flattened(row.get("LogAttributes"), is_read_of_log)
    event, body = event_of(row.get("EventName"), attributes, lambda: row.get("Body"))
    return RawLog(
        id_at(row, "TraceId", TRACE_BYTES, optional=True),
        id_at(row, "SpanId", SPAN_BYTES, optional=True),
        time_at(row, "Timestamp"),
        event,
        text_at(row, "ServiceName") or _service(row.get("ResourceAttributes")),
        attributes,
        body,
        text_at(row, "ScopeName"),
    )


def _elastic_span(row: Row) -> RawSpan:
    start, status = time_at(row, "@timestamp"), as_fields(row.get("status"))
    return RawSpan(
        id_at(row, "trace_id", TRACE_BYTES),
        id_at(row, "span_id", SPAN_BYTES),
        id_at(row, "parent_span_id", SPAN_BYTES, optional=True),
        text_at(row, "name"),
        kind_of(text_at(row, "kind")),
        start,
        start + (as_number(row.get("duration")) or 0) // 1000,
        is_error(text_at(status, "code")),
        text_at(status, "message"),
        text_at(row, "scope", "name"),
        _service(as_fields(row.get("resource")).get("attributes")),
        flattened(row.get("attributes"), is_read),
    )


def _elastic_log(row: Row) -> RawLog:
    attributes = flattened(row.get("attributes"), is_read_of_log)
    content = row.get("body")
    body = content.get("text", content.get("structured")) if isinstance(content, dict) else content
    event, body = event_of(row.get("event_name"), attributes, lambda: body)
    return RawLog(
        id_at(row, "trace_id", TRACE_BYTES, optional=True),
        id_at(row, "span_id", SPAN_BYTES, optional=True),
        time_at(row, "@timestamp"),
        event,
        _service(as_fields(row.get("resource")).get("attributes")),
        attributes,
        body,
        text_at(row, "scope", "name"),
    )


def _logfire(row: Row) -> RawSpan | None:
    if text_at(row, "kind") == PENDING:
        return None
    return RawSpan(
        id_at(row, "trace_id", TRACE_BYTES),
        id_at(row, "span_id", SPAN_BYTES),
        id_at(row, "parent_span_id", SPAN_BYTES, optional=True),
        text_at(row, "span_name"),
        INTERNAL,
        time_at(row, "start_timestamp"),
        time_at(row, "end_timestamp"),
        is_error(text_at(row, "otel_status_code")),
        text_at(row, "otel_status_message"),
        text_at(row, "otel_scope_name"),
        text_at(row, "service_name"),
        flattened(row.get("attributes"), is_read),
    )


def kind_of(name: str) -> int:
    """Returns the kind of a span by its name, as ``Client`` or ``SPAN_KIND_CLIENT``."""
    return KINDS.get(name.upper().removeprefix("SPAN_KIND_"), 0)


def is_error(code: str) -> bool:
    """Says whether a status is an error: ``Error``, ``ERROR``, ``STATUS_CODE_ERROR``, or 2."""
    return code.upper().removeprefix("STATUS_CODE_") in ("ERROR", "2")


def _service(attributes: object) -> str:
    return str(flattened(attributes, lambda key: key == "service.name").get("service.name", ""))


def id_at(holder: Row, field: str, size: int, optional: bool = False) -> str:
    """Returns the id in a field, as ``json_id`` does. Raises Unreadable."""
    return json_id({field: holder.get(field)}, field, field, size, optional)


def time_at(holder: Row, field: str) -> int:
    """Returns the time in a field in µs. Raises Unreadable where there is none."""
    time = micros_of(text_at(holder, field))
    if not time:
        raise Unreadable(field, "is missing or not a time")
    return time
