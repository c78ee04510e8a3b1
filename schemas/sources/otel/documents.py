"""Documents: where in a decoded record its spans and log records stand, and who reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from schemas.records import Contents
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources.otel.as_exported import exported_of
from schemas.sources.otel.as_flat import flat_of
from schemas.sources.otel.as_jaeger import jaeger_spans, traces_of
from schemas.sources.otel.as_json import batches_of, json_spans
from schemas.sources.otel.as_platforms import platform_spans, segments_of
from schemas.sources.otel.as_rows import reader_of
from schemas.sources.otel.logs_wire import json_logs, logs_of
from schemas.sources.otel.raw import NAME, RawLog, RawSpan, Unreadable

Raw = RawSpan | RawLog | Rejected
Single = Callable[[dict[str, Any]], RawSpan | RawLog | None]

LISTS = ("data", "rows")
"""Under these Phoenix, ClickHouse and Logfire write the answer to a query."""


def raw_of(document: dict[str, Any], place: str = "") -> Iterator[Raw] | None:
    """Yields the spans and log records of a document; None where it is none of ours."""
    if batches := batches_of(document):
        return json_spans(*batches)
    if logs := logs_of(document):
        return json_logs(*logs)
    if metrics := metrics_of(document):
        return iter(metrics)
    if traces := traces_of(document):
        return jaeger_spans(traces)
    single = _single(document)
    if single:
        return _alone(single, document, place)
    spans = platform_spans(document)
    return _readable(spans, place) if spans else None


def metrics_of(document: dict[str, Any]) -> list[Raw]:
    """Returns a log record that says nothing for each batch of an export of metrics; nothing for any other
    document."""
    for key in ("resourceMetrics", "resource_metrics"):
        batches = document.get(key)
        if isinstance(batches, list):
            return [RawLog("", "", 0, "metrics", "", {}) for _ in batches]
    return []


def _rows(document: dict[str, Any]) -> Contents | None:
    if segments := segments_of(document):
        return segments
    for name in LISTS:
        many = document.get(name)
        if isinstance(many, list) and many and isinstance(many[0], dict) and raw_of(many[0]) is not None:
            return None if is_ours(document) else [(f"{name}[{i}]", one) for i, one in enumerate(many)]
    return None


def is_ours(document: dict[str, Any]) -> bool:
    """Says whether a document holds spans or log records."""
    return raw_of(document) is not None


ENVELOPES = Envelopes(NAME, is_ours, _rows)


def _single(document: dict[str, Any]) -> Single | None:
    return flat_of(document) or reader_of(document) or exported_of(document)


def _alone(single: Single, document: dict[str, Any], place: str) -> Iterator[Raw]:
    try:
        found = single(document)
    except Unreadable as bad:
        yield Rejected(NAME, str(bad), bad.field, place)
        return
    if found is not None:
        yield found


def _readable(spans: Iterator[RawSpan], place: str) -> Iterator[Raw]:
    """The spans of one record, up to the first that cannot be read."""
    try:
        yield from spans
    except Unreadable as bad:
        yield Rejected(NAME, str(bad), bad.field, place)
