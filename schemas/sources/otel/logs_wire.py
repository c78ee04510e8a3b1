"""OTLP log records, as JSON and as protobuf: ``ExportLogsServiceRequest``, the body of ``/v1/logs``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from schemas.rejected import Rejected
from schemas.sources.otel.as_json import attributes_of, json_id, json_time, service_of, value_of
from schemas.sources.otel.as_protobuf import protobuf_value
from schemas.sources.otel.raw import (
    GENAI_EVENTS,
    NAME,
    NANOS_MAX,
    SPAN_BYTES,
    TRACE_BYTES,
    RawLog,
    Unreadable,
    is_read_of_log,
)
from schemas.wire import text_at

_EVENT_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+")
"""Before events had names of their own, the body of a record was the name of its event."""


SCOPES = ("scopeLogs", "scope_logs", "instrumentationLibraryLogs")


def logs_of(document: dict[str, Any]) -> tuple[str, list[Any]] | None:
    """Returns the batches of an export of logs; None where the document is none. Java's logging exporter
    writes each batch alone."""
    if any(isinstance(document.get(key), list) for key in SCOPES):
        return "", [document]
    for key in ("resourceLogs", "resource_logs"):
        value = document.get(key)
        if isinstance(value, list):
            return key, value
    return None


def json_logs(top: str, batches: list[Any]) -> Iterator[RawLog | Rejected]:
    """Yields every log record of OTLP/JSON batches, or a reject with its place below ``top``."""
    for i, batch in enumerate(batches):
        if not isinstance(batch, dict):
            yield Rejected(NAME, "not an object", place=f"{top}[{i}]")
            continue
        service = service_of(batch.get("resource"))
        for key in SCOPES:
            scopes = batch.get(key, [])
            for j, group in enumerate(scopes if isinstance(scopes, list) else [scopes]):
                yield from _records(group, f"{top}[{i}].{key}[{j}]", service)


def _records(group: object, place: str, service: str) -> Iterator[RawLog | Rejected]:
    records = group.get("logRecords", group.get("log_records", [])) if isinstance(group, dict) else None
    if not isinstance(records, list):
        yield Rejected(NAME, "not a list of log records", "logRecords", place)
        return
    scope = text_at(group, "scope", "name")
    for i, record in enumerate(records):
        try:
            yield _json_log(record, service, scope)
        except Unreadable as bad:
            yield Rejected(NAME, str(bad), bad.field, f"{place}.logRecords[{i}]")


def _json_log(record: object, service: str, scope: str) -> RawLog:
    if not isinstance(record, dict):
        raise Unreadable("", "a log record is an object")
    attributes = attributes_of(record.get("attributes"), is_read_of_log)
    named = record.get("eventName", record.get("event_name"))
    event, body = event_of(named, attributes, lambda: value_of(record.get("body"), 0))
    return RawLog(
        json_id(record, "traceId", "trace_id", TRACE_BYTES, optional=True),
        json_id(record, "spanId", "span_id", SPAN_BYTES, optional=True),
        json_time(record, "timeUnixNano", "time_unix_nano")
        or json_time(record, "observedTimeUnixNano", "observed_time_unix_nano"),
        event,
        service,
        attributes,
        body,
        scope,
    )


def event_of(named: object, attributes: dict[str, Any], body: Any) -> tuple[str, Any]:
    """Returns the event's name, and its body where it is one of the conventions."""
    name = named if isinstance(named, str) and named else attributes.get("event.name")
    if isinstance(name, str) and name.startswith(GENAI_EVENTS):
        return name, body()
    text = body()
    if isinstance(text, str) and len(text) < 100 and _EVENT_NAME.fullmatch(text):
        return text, None
    return name if isinstance(name, str) else "", None


def protobuf_logs(record: bytes) -> Iterator[RawLog | Rejected] | None:
    """Yields the records of an export of logs; None where these bytes are none."""
    try:
        request = ExportLogsServiceRequest.FromString(record)
    except DecodeError:
        return None
    first = next((r for b in request.resource_logs for s in b.scope_logs for r in s.log_records), None)
    if first is None or not (first.time_unix_nano or first.observed_time_unix_nano):
        return None
    return _protobuf_records(request)


def _protobuf_records(request: Any) -> Iterator[RawLog | Rejected]:
    for i, batch in enumerate(request.resource_logs):
        known = (a.value.string_value for a in batch.resource.attributes if a.key == "service.name")
        service = next(known, "")
        for j, group in enumerate(batch.scope_logs):
            for k, record in enumerate(group.log_records):
                try:
                    yield _protobuf_log(record, service, group.scope.name)
                except Unreadable as bad:
                    place = f"resourceLogs[{i}].scopeLogs[{j}].logRecords[{k}]"
                    yield Rejected(NAME, str(bad), bad.field, place)


def _protobuf_log(record: Any, service: str, scope: str) -> RawLog:
    for field, value, size in (
        ("traceId", record.trace_id, TRACE_BYTES),
        ("spanId", record.span_id, SPAN_BYTES),
    ):
        if value and len(value) != size:
            raise Unreadable(field, f"not {size} bytes")
    nanos = record.time_unix_nano or record.observed_time_unix_nano
    if nanos > NANOS_MAX:
        raise Unreadable("timeUnixNano", "not a time in nanoseconds since 1970")
    attributes = {a.key: protobuf_value(a.value, 0) for a in record.attributes if is_read_of_log(a.key)}
    event, body = event_of(record.event_name, attributes, lambda: protobuf_value(record.body, 0))
    return RawLog(
        record.trace_id.hex() if any(record.trace_id) else "",
        record.span_id.hex() if any(record.span_id) else "",
        nanos // 1000,
        event,
        service,
        attributes,
        body,
        scope,
    )
