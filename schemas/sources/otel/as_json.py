"""OTLP/JSON (ids in hex, int64 as text, enums as numbers) and Tempo's JSON (ids in base64, numbers as
numbers, enums by name).

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from schemas.rejected import Rejected
from schemas.sources.otel.raw import (
    CLIENT,
    ERROR_CODES,
    INTERNAL,
    NAME,
    NANOS_MAX,
    SERVER,
    SPAN_BYTES,
    TRACE_BYTES,
    VALUE_DEPTH_MAX,
    RawSpan,
    Unreadable,
    is_read,
)

_KINDS = {"SPAN_KIND_INTERNAL": INTERNAL, "SPAN_KIND_SERVER": SERVER, "SPAN_KIND_CLIENT": CLIENT}


def json_spans(top: str, batches: list[Any]) -> Iterator[RawSpan | Rejected]:
    """Yields the spans of the batches that ``batches_of`` found."""
    for i, batch in enumerate(batches):
        place = f"{top}[{i}]"
        if not isinstance(batch, dict):
            yield Rejected(NAME, "not an object", place=place)
            continue
        service = service_of(batch.get("resource"))
        for key in SCOPES:
            yield from _scopes(batch.get(key), f"{place}.{key}", service)


SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")


def batches_of(document: dict[str, Any]) -> tuple[str, list[Any]] | None:
    """Returns the batches of an export of traces; None where the document is none. Java's logging exporter
    writes each batch alone."""
    if any(isinstance(document.get(key), list) for key in SCOPES):
        return "", [document]
    for key in ("resourceSpans", "resource_spans", "batches"):
        value = document.get(key)
        if isinstance(value, list):
            return key, value
    inner = document.get("trace")
    return batches_of(inner) if isinstance(inner, dict) and "trace" not in inner else None


def service_of(resource: object) -> str:
    """Returns the ``service.name`` of a resource; "" where it has none."""
    attributes = resource.get("attributes") if isinstance(resource, dict) else None
    for item in attributes if isinstance(attributes, list) else ():
        if isinstance(item, dict) and item.get("key") == "service.name":
            value = value_of(item.get("value"), 0)
            return value if isinstance(value, str) else ""
    return ""


def _scopes(scopes: object, place: str, service: str) -> Iterator[RawSpan | Rejected]:
    if scopes is None:
        return
    if not isinstance(scopes, list):
        yield Rejected(NAME, "not a list", place=place)
        return
    for i, group in enumerate(scopes):
        spans = group.get("spans", []) if isinstance(group, dict) else None
        if not isinstance(spans, list):
            yield Rejected(NAME, "not a list of spans", "spans", f"{place}[{i}]")
            continue
        scope = _text(_dict(group, "scope").get("name") or _dict(group, "instrumentationLibrary").get("name"))
        for j, span in enumerate(spans):
            try:
                yield _json_span(span, scope, service)
            except Unreadable as bad:
                yield Rejected(NAME, str(bad), bad.field, f"{place}[{i}].spans[{j}]")


def _json_span(span: object, scope: str, service: str) -> RawSpan:
    if not isinstance(span, dict):
        raise Unreadable("", "a span is an object")
    status = _dict(span, "status")
    kind = span.get("kind")
    return RawSpan(
        json_id(span, "traceId", "trace_id", TRACE_BYTES),
        json_id(span, "spanId", "span_id", SPAN_BYTES),
        json_id(span, "parentSpanId", "parent_span_id", SPAN_BYTES, optional=True),
        _text(span.get("name")),
        kind if isinstance(kind, int) else _KINDS.get(_text(kind), 0),
        json_time(span, "startTimeUnixNano", "start_time_unix_nano"),
        json_time(span, "endTimeUnixNano", "end_time_unix_nano"),
        status.get("code") in ERROR_CODES,
        _text(status.get("message")),
        scope,
        service,
        attributes_of(span.get("attributes")),
    )


def _dict(parent: dict[str, Any], key: str) -> dict[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def json_id(span: dict[str, Any], key: str, other: str, size: int, optional: bool = False) -> str:
    """Returns the id under either name as lower-case hex of ``size`` bytes; "" for an optional one that is
    absent. Raises Unreadable."""
    value = span.get(key, span.get(other))
    if not value and optional:
        return ""
    if isinstance(value, str):
        raw = _id_bytes(value, size)
        if raw is not None and any(raw):
            return raw.hex()
        if raw is not None and optional:
            return ""
    raise Unreadable(key, f"not {size} bytes in hex or base64, or all zero")


_INT64 = re.compile(r"-?[0-9]{1,19}")
_HEX = re.compile(r"[0-9a-fA-F]+")


def _id_bytes(value: str, size: int) -> bytes | None:
    """Told apart by length: 16 bytes are 32 letters of hex or 24 of base64, 8 bytes 16 or 12."""
    if len(value) == 2 * size and _HEX.fullmatch(value):
        return bytes.fromhex(value)
    try:
        raw = base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == size else None


def json_time(span: dict[str, Any], key: str, other: str) -> int:
    """Returns the time under either name in µs; OTLP/JSON has nanoseconds as a number or text. Raises
    Unreadable."""
    value = span.get(key, span.get(other, 0))
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if isinstance(value, float) and 0 <= value <= NANOS_MAX:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= NANOS_MAX:
        raise Unreadable(key, "not a time in nanoseconds since 1970")
    return value // 1000


def attributes_of(items: object, is_read: Callable[[str], bool] = is_read) -> dict[str, Any]:
    """Returns the attributes that are read, by their keys; others are not decoded."""
    found: dict[str, Any] = {}
    for item in items if isinstance(items, list) else ():
        key = item.get("key") if isinstance(item, dict) else None
        if isinstance(key, str) and is_read(key):
            found[key] = value_of(item.get("value"), 0)
    return found


def value_of(value: object, depth: int) -> Any:
    """Returns the plain value of an OTLP ``AnyValue``; None beyond ``VALUE_DEPTH_MAX`` levels."""
    if not isinstance(value, dict) or depth > VALUE_DEPTH_MAX:
        return None
    for kind, inner in value.items():
        if kind in ("stringValue", "string_value", "boolValue", "bool_value", "doubleValue", "double_value"):
            return inner
        if kind in ("intValue", "int_value"):
            return _whole(inner)
        if kind in ("arrayValue", "array_value"):
            return [value_of(v, depth + 1) for v in _list(inner)]
        if kind in ("kvlistValue", "kvlist_value"):
            return {
                _text(v.get("key")): value_of(v.get("value"), depth + 1)
                for v in _list(inner)
                if isinstance(v, dict)
            }
    return None


def _whole(value: object) -> int | None:
    """int64 as text or as a number."""
    if isinstance(value, str) and _INT64.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _list(holder: object) -> list[Any]:
    values = holder.get("values") if isinstance(holder, dict) else None
    return values if isinstance(values, list) else []
