"""OTLP as protobuf: ``ExportTraceServiceRequest``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schemas.rejected import Rejected
from schemas.sources.otel.raw import (
    ERROR_CODES,
    NAME,
    NANOS_MAX,
    SPAN_BYTES,
    TRACE_BYTES,
    VALUE_DEPTH_MAX,
    RawLog,
    RawSpan,
    Unreadable,
    is_read,
)

Logs = Callable[[bytes], Iterator[RawLog | Rejected] | None]


def is_protobuf_export(record: bytes) -> bool:
    """Says whether these bytes are an export that holds a span."""
    if record[:1] != b"\x0a":
        return False
    try:
        return _holds_spans(ExportTraceServiceRequest.FromString(record))
    except DecodeError:
        return False


def _holds_spans(request: Any) -> bool:
    """An export of logs parses as one of traces too, but its records have no trace id where spans have
    theirs."""
    first = next((s for r in request.resource_spans for c in r.scope_spans for s in c.spans), None)
    return first is not None and len(first.trace_id) == TRACE_BYTES


def protobuf_spans(
    record: bytes, else_logs: Logs = lambda record: None
) -> Iterator[RawSpan | RawLog | Rejected]:
    """Yields the spans; ``else_logs`` reads what holds none, and gives None for what holds no logs either."""
    fault = ""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(record)
    except DecodeError as error:
        fault = str(error)
    if (fault or not _holds_spans(request)) and (logs := else_logs(record)) is not None:
        yield from logs
        return
    if fault:
        yield Rejected(NAME, f"neither JSON nor a protobuf ExportTraceServiceRequest: {fault}")
        return
    if record and not request.resource_spans:
        yield Rejected(NAME, "not an export of traces: it holds no resource spans", "resource_spans")
        return
    for i, batch in enumerate(request.resource_spans):
        service = next(
            (a.value.string_value for a in batch.resource.attributes if a.key == "service.name"), ""
        )
        for j, group in enumerate(batch.scope_spans):
            for k, span in enumerate(group.spans):
                try:
                    yield _protobuf_span(span, group.scope.name, service)
                except Unreadable as bad:
                    place = f"resourceSpans[{i}].scopeSpans[{j}].spans[{k}]"
                    yield Rejected(NAME, str(bad), bad.field, place)


def _protobuf_span(span: Any, scope: str, service: str) -> RawSpan:
    for field, value, size in (("traceId", span.trace_id, TRACE_BYTES), ("spanId", span.span_id, SPAN_BYTES)):
        if len(value) != size or not any(value):
            raise Unreadable(field, f"not {size} bytes, or all zero")
    parent = span.parent_span_id
    if parent and len(parent) != SPAN_BYTES:
        raise Unreadable("parentSpanId", f"not {SPAN_BYTES} bytes")
    times = span.start_time_unix_nano, span.end_time_unix_nano
    for field, nanos in zip(("startTimeUnixNano", "endTimeUnixNano"), times, strict=True):
        if nanos > NANOS_MAX:
            raise Unreadable(field, "not a time in nanoseconds since 1970")
    return RawSpan(
        span.trace_id.hex(),
        span.span_id.hex(),
        parent.hex() if any(parent) else "",
        span.name,
        span.kind,
        times[0] // 1000,
        times[1] // 1000,
        span.status.code in ERROR_CODES,
        span.status.message,
        scope,
        service,
        {a.key: protobuf_value(a.value, 0) for a in span.attributes if is_read(a.key)},
    )


def protobuf_value(value: Any, depth: int) -> Any:
    """Returns the plain value of an OTLP ``AnyValue``; None for bytes, and beyond ``VALUE_DEPTH_MAX``
    levels."""
    kind = value.WhichOneof("value")
    if kind is None or kind == "bytes_value" or depth > VALUE_DEPTH_MAX:
        return None
    if kind == "array_value":
        return [protobuf_value(v, depth + 1) for v in value.array_value.values]
    if kind == "kvlist_value":
        return {v.key: protobuf_value(v.value, depth + 1) for v in value.kvlist_value.values}
    return getattr(value, kind)
