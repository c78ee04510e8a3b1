"""A record has a budget of values and events, whatever source it is for: what is beyond is told, and built of
nothing."""

from __future__ import annotations

import time

import pytest

from correlators.driver.normaliser import Batch, Normaliser, Record
from schemas import records
from schemas.records import VALUES_MAX, too_many
from schemas.sources import sources

KEY = b"a site key of the tests, 32 bytes"
MUCH = 4 * 2**20 - 64


def many(before: bytes, item: bytes, after: bytes, size: int = MUCH) -> bytes:
    """As many items as fit."""
    room = (size - len(before) - len(after)) // (len(item) + 1)
    return before + b",".join([item] * room) + after


SHAPES = {
    "a list": (b"[", b"{}", b"]"),
    "a delivery": (b'{"Records":[', b"{}", b"]}"),
    "spans": (b'{"resourceSpans":[{"scopeSpans":[{"spans":[', b"{}", b"]}]}]}"),
    "log records": (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[', b"{}", b"]}]}]}"),
    "an audit list": (b'{"kind":"EventList","items":[', b"{}", b"]}"),
    "entries of a shipper": (b'{"entries":[', b"{}", b"]}"),
    "rows": (b'{"value":[', b"{}", b"]}"),
    "tokens": (b'{"sets":{"a":"b"},"x":[', b"1", b"]}"),
    "a request's parameters": (b'{"eventID":"1","requestParameters":{"a":[', b"[]", b"]}}"),
}


def read(source: str, body: bytes) -> Batch:
    normaliser = Normaliser(KEY, record_limit=2**22)
    normaliser.take(Record(body, source, "i", f"raw.{source}", 0, 1, 0, 1_800_000_000_000_000))
    return normaliser.drain()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_million_values_are_one_reject_of_every_source(shape: str) -> None:
    body = many(*SHAPES[shape])
    began = time.process_time()
    for source in sources():
        batch = read(source, body)
        assert not batch.activities
        assert [r.reason for r in batch.rejects] == [f"holds more than {VALUES_MAX:,} values"]
    assert time.process_time() - began < 0.1 * len(sources())


@pytest.mark.parametrize("source", sorted(sources()))
def test_no_source_reads_more_events_of_a_record_than_the_budget(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines, lists, envelopes: whatever a source takes for many events, the last reject says that there were
    more."""
    monkeypatch.setattr(records, "EVENTS_MAX", 200)
    monkeypatch.setattr(records, "EVENT_BYTES", 10**9)
    for before, item, after in SHAPES.values():
        body = many(before, item, after, 3_000)
        for content in (body, b"\n".join([body[: body.find(item) + 2]] + [b'{"a":1}'] * 500)):
            batch = read(source, content)
            assert len(batch.activities) + len(batch.rejects) <= 201, (before, len(batch.rejects))


def test_what_is_beyond_the_budget_is_told_and_what_is_within_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "EVENTS_MAX", 20)
    monkeypatch.setattr(records, "EVENT_BYTES", 10**9)
    event = (
        b'{"eventVersion":"1.08","eventID":"%d","eventTime":"2026-11-01T00:00:00Z","eventName":"GetUser",'
        b'"eventSource":"iam.amazonaws.com","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/a"}}'
    )
    for number, others in ((20, []), (25, ["holds more than 20 events: the others are not read"])):
        body = b'{"Records":[' + b",".join(event % i for i in range(number)) + b"]}"
        batch = read("cloudtrail", body)
        assert len(batch.activities) == 20
        assert [r.reason for r in batch.rejects] == others


def test_a_larger_file_may_hold_more() -> None:
    line = b'{"eventName":"GetCallerIdentity","eventSource":"sts.amazonaws.com","eventID":"1"},'
    assert not too_many(line * 700_000)
    assert too_many(b"{}," * 300_000 * 2)
    assert not too_many(b"{}," * 1_000)
