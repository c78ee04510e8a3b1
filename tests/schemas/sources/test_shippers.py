"""Whatever a shipper or a search engine puts around a record, it is told apart and reads like the bare
record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from schemas.sources import Context, detect, sources
from tests.support import golden

NEVER_SHIPPED = {"caep", "inventory"}
"""A signed token is handed over as it is, and nobody logs an inventory."""
RECORDS: dict[str, dict[str, Any]] = {
    name: json.loads(golden.record(name, golden.TYPICAL)) for name in sources().keys() - NEVER_SHIPPED
}

WRAPPED: dict[str, Callable[[dict[str, Any]], object]] = {
    "a hit of a search": lambda r: {"_index": "logs", "_id": "1", "_score": 1.0, "_source": r},
    "a whole answer of a search": lambda r: {"took": 3, "hits": {"total": 1, "hits": [{"_source": r}]}},
    "an original beside its parts": lambda r: {
        "@timestamp": "2026-11-22T10:00:00.000Z",
        "event": {"action": "x", "module": "cloud", "original": json.dumps(r)},
        "tags": ["forwarded"],
    },
    "a hit with its original": lambda r: {"_source": {"event": {"original": json.dumps(r)}}},
    "a message": lambda r: {"@timestamp": "2026-11-22T10:00:00.000Z", "message": json.dumps(r)},
    "a line of a container": lambda r: {"log": json.dumps(r) + "\n", "stream": "stdout"},
    "a row of Splunk's export": lambda r: {"preview": False, "result": {"_raw": json.dumps(r), "host": "a"}},
    "an event for Splunk's collector": lambda r: {"time": 1795341600, "sourcetype": "x", "event": r},
    "a row of Insights": lambda r: {"@timestamp": "2026-11-22 10:00:00.000", "@message": json.dumps(r)},
    "CloudWatch's answer to filter-log-events": lambda r: {
        "events": [{"logStreamName": "s", "timestamp": 1795341600000, "message": json.dumps(r)}],
        "searchedLogStreams": [],
    },
    "an archive of Datadog": lambda r: {"_id": "A", "date": "2026-11-22T10:00:00Z", "attributes": r},
    "Datadog's answer to a search": lambda r: {"id": "A", "content": {"attributes": r, "tags": []}},
}


@pytest.mark.parametrize("shape", WRAPPED)
@pytest.mark.parametrize("source", sorted(RECORDS))
def test_a_record_in_an_envelope_is_told_apart_and_reads_like_the_bare_one(source: str, shape: str) -> None:
    record = RECORDS[source]
    context = Context(key=b"site")
    bare = sources()[source].read(json.dumps(record).encode(), context)
    body = json.dumps(WRAPPED[shape](record)).encode()
    assert detect(body) == source
    reading = sources()[source].read(body, context)
    assert reading.activities == bare.activities and bare.activities
    assert not reading.rejects


@pytest.mark.parametrize("source", sorted(RECORDS))
def test_a_record_is_not_taken_for_an_envelope_by_the_names_of_its_own_fields(source: str) -> None:
    record = RECORDS[source]
    context = Context(key=b"site")
    bare = sources()[source].read(json.dumps(record).encode(), context).activities
    body = json.dumps({"log": "{}", "attributes": {"a": 1}, "events": [], **record}).encode()
    assert detect(body) == source
    result = sources()[source].read(body, context).activities
    # Without an id of its own, a record's is a digest of all that it holds.
    nameless = [[msgspec.structs.replace(one, uid="") for one in many] for many in (result, bare)]
    assert nameless[0] == nameless[1]


@pytest.mark.parametrize("name", ["_source", "message", "event", "attributes"])
def test_envelopes_without_end_are_nobodys_and_no_trouble(name: str) -> None:
    record = b'{"' + name.encode() + b'":'
    body = record * 300 + b"{}" + b"}" * 300
    assert detect(body) is None
