"""Jaeger's JSON: traces as its query API and user interface give them, and documents of its Elasticsearch
storage.

Times and durations in µs; an id may lack leading zeros; what a span descends from stands under
``references``; the service under ``processes`` of the trace, or ``process`` of the span. Status and kind
are tags (``otel.status_code``, ``error``, ``span.kind``).
https://www.jaegertracing.io/docs/latest/architecture/apis/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from schemas.rejected import Rejected
from schemas.sources.otel.raw import (
    CLIENT,
    INTERNAL,
    NAME,
    SERVER,
    SPAN_BYTES,
    TRACE_BYTES,
    RawSpan,
    Unreadable,
    is_read,
)

MICROS_MAX = (1 << 63) // 1000
"""The latest time (µs) that OTLP, which counts in ns, has a number for."""
_KINDS = {"internal": INTERNAL, "server": SERVER, "client": CLIENT}
_ID = re.compile(r"[0-9a-fA-F]+")
_STATUS = frozenset({"span.kind", "error", "otel.status_code", "otel.status_description", "otel.scope.name"})
_SCOPES = ("otel.scope.name", "otel.library.name")


def traces_of(document: dict[str, Any]) -> list[tuple[str, object]] | None:
    """Returns the traces of a document with their places; None where it is none of Jaeger's."""
    if is_trace(document) or _is_stored(document):
        return [("", document)]
    many = document.get("data")
    if isinstance(many, list) and many and isinstance(many[0], dict) and is_trace(many[0]):
        return [(f"data[{i}]", one) for i, one in enumerate(many)]
    return None


def is_trace(document: dict[str, Any]) -> bool:
    """Says whether a document is a trace as Jaeger's query API returns it."""
    return "traceID" in document and isinstance(document.get("spans"), list)


def _is_stored(document: dict[str, Any]) -> bool:
    """One span, as Jaeger keeps it in Elasticsearch."""
    return "traceID" in document and "spanID" in document and "operationName" in document


def jaeger_spans(traces: list[tuple[str, object]]) -> Iterator[RawSpan | Rejected]:
    """Yields every span of Jaeger's traces, or a reject with its place."""
    for place, trace in traces:
        if not isinstance(trace, dict):
            yield Rejected(NAME, "not an object", place=place)
            continue
        processes = trace.get("processes")
        services = processes if isinstance(processes, dict) else {}
        spans = trace.get("spans", [trace])
        if not isinstance(spans, list):
            yield Rejected(NAME, "not a list of spans", "spans", place)
            continue
        for i, span in enumerate(spans):
            try:
                yield _span(span, services)
            except Unreadable as bad:
                yield Rejected(NAME, str(bad), bad.field, f"{place}.spans[{i}]".lstrip("."))


def _span(span: object, services: dict[str, Any]) -> RawSpan:
    if not isinstance(span, dict):
        raise Unreadable("", "a span is an object")
    tags = _tags(span.get("tags") or span.get("tag"))
    start, length = _micros(span, "startTime"), _micros(span, "duration")
    return RawSpan(
        _id(span, "traceID", TRACE_BYTES),
        _id(span, "spanID", SPAN_BYTES),
        _parent(span),
        _text(span.get("operationName")),
        _KINDS.get(_text(tags.get("span.kind")).lower(), 0),
        start,
        start + length,
        tags.get("error") in (True, "true") or tags.get("otel.status_code") == "ERROR",
        _text(tags.get("otel.status_description")),
        next((_text(tags[name]) for name in _SCOPES if name in tags), ""),
        _service(span, services),
        {key: value for key, value in tags.items() if is_read(key)},
    )


def _tags(items: object) -> dict[str, Any]:
    """Of a list of ``{key, type, value}``, or of an object (Elasticsearch, with tags as fields)."""
    if isinstance(items, dict):
        items = [{"key": key.replace("@", "."), "value": value} for key, value in items.items()]
    found: dict[str, Any] = {}
    for item in items if isinstance(items, list) else ():
        key = item.get("key") if isinstance(item, dict) else None
        if isinstance(key, str) and (key in _STATUS or key in _SCOPES or is_read(key)):
            found[key] = _value(item.get("type"), item.get("value"))
    return found


def _value(kind: object, value: object) -> Any:
    """Numbers and switches may be written as text."""
    if kind == "bool" and isinstance(value, str):
        return value == "true"
    if kind == "int64" and isinstance(value, str) and len(value) < 20 and value.lstrip("-").isdecimal():
        return int(value)
    return None if kind == "binary" else value


def _service(span: dict[str, Any], services: dict[str, Any]) -> str:
    process = span.get("process")
    if not isinstance(process, dict):
        process = services.get(_text(span.get("processID")))
    return _text(process.get("serviceName")) if isinstance(process, dict) else ""


def _parent(span: dict[str, Any]) -> str:
    """What the span is a child of in its own trace; else what it follows from (OpenTracing: a parent too)."""
    references = span.get("references")
    own = [
        reference
        for reference in (references if isinstance(references, list) else ())
        if isinstance(reference, dict) and reference.get("traceID") in (span.get("traceID"), None)
    ]
    for kind in ("CHILD_OF", "FOLLOWS_FROM"):
        for reference in own:
            if reference.get("refType") == kind:
                return _id(reference, "spanID", SPAN_BYTES)
    return _id(span, "parentSpanID", SPAN_BYTES) if _text(span.get("parentSpanID")).strip("0") else ""


def _id(holder: dict[str, Any], key: str, size: int) -> str:
    value = holder.get(key)
    if isinstance(value, str) and len(value) <= 2 * size and _ID.fullmatch(value) and value.strip("0"):
        return value.lower().zfill(2 * size)
    raise Unreadable(key, f"not up to {size} bytes in hex, or all zero")


def _micros(span: dict[str, Any], key: str) -> int:
    value = span.get(key, 0)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MICROS_MAX:
        raise Unreadable(key, "not a time in microseconds since 1970")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
