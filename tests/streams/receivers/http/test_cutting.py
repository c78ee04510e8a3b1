"""A request of too many items is cut into several records: none holds more than are read of one."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from streams.receivers.http import cutting
from streams.receivers.http.cutting import cut, json_form, protobuf_count, protobuf_form

LEVELS = (1, 2, 2)


def test_spans_keep_their_bytes_and_no_record_holds_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "EVENTS_MAX", 100)
    request = ExportTraceServiceRequest()
    for _ in range(3):
        group = request.resource_spans.add().scope_spans
        for _ in range(2):
            spans = group.add().spans
            for _ in range(130):
                spans.add(name="a")
    body = request.SerializeToString()
    refused: list[bytes] = []
    pieces = cut(body, protobuf_form, LEVELS, 2**20, refused.append, crowded=True)
    parsed = [ExportTraceServiceRequest.FromString(piece) for piece in pieces]
    held = [sum(len(s.spans) for r in one.resource_spans for s in r.scope_spans) for one in parsed]
    assert not refused and sum(held) == 780 and max(held) <= 100
    assert cut(body, protobuf_form, LEVELS, 2**20, refused.append) == [body]
    assert protobuf_count(body, LEVELS) == 780 + 6 + 3


def test_json_is_cut_by_its_number_of_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "EVENTS_MAX", 100)
    body = b'{"kind":"EventList","items":[' + b",".join([b"{}"] * 250) + b"]}"
    pieces = cut(body, json_form, ("items",), 2**20, lambda item: None, cutting.is_crowded(body))
    assert [piece.count(b"{}") for piece in pieces] == [100, 100, 50]
    few = b'{"kind":"EventList","items":[{},{}]}'
    assert cut(few, json_form, ("items",), 2**20, lambda item: None, cutting.is_crowded(few)) == [few]
