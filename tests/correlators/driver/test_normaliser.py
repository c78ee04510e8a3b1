"""Whatever a record holds, it ends as rows, facts or a reject with its place."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import Any

import pytest

from correlators.driver import normaliser
from correlators.driver.normaliser import TIME_MAX, Batch, Normaliser, Record
from schemas.activity import Activity, Effect, Ended
from schemas.fact import WATCH, facts_of, telemetry_key
from schemas.rejected import Rejected
from schemas.sources import Context, Reading

NOON = 1_763_812_800_000_000


def activity(uid: str, time: int = NOON, effects: tuple[Effect, ...] = (), **more: Any) -> Activity:
    fields = {"identity": "user/a", "credential": "key/a", "outcome": "succeeded", **more}
    return Activity(uid, time, "lines", effects=effects, **fields)


def read(record: bytes, context: Context) -> Reading:
    """A source of tests: one word per event."""
    reading = Reading([], [], 0)
    for word in record.decode().split():
        if word == "bad":
            reading.rejects.append(Rejected("lines", "is bad", "word", f"words[{len(reading.activities)}]"))
        elif word == "boom":
            raise ValueError(f"{word} with a hunter2 in it")
        elif word == "passed":
            reading.passed += 1
        elif word == "surrogate":
            reading.activities.append(activity(word, operation="\ud800"))
        elif word == "unkeyed":
            reading.activities.append(activity(word, effects=(Ended("x", "deleted", identity="\udfff"),)))
        elif word.isdigit():
            reading.activities.append(activity("timed", int(word)))
        else:
            reading.activities.append(
                activity(
                    word, instance=context.instance, arrived=context.arrived, processed=context.processed
                )
            )
    return reading


@pytest.fixture(autouse=True)
def one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = SimpleNamespace(NAME="lines", recognises=lambda document: True, read=read)
    monkeypatch.setattr(normaliser, "sources", lambda: {"lines": lines})
    monkeypatch.setattr(normaliser, "detect", lambda record: "lines" if record[:1].isalpha() else None)


def normalised(*records: Record | bytes, limit: int = 0) -> Batch:
    under_test = Normaliser(b"key", limit)
    for record in records:
        under_test.take(record if isinstance(record, Record) else Record(record, "lines"))
    return under_test.drain()


def test_a_row_says_what_the_activity_says_and_where_the_record_is() -> None:
    record = Record(b"one", "lines", "prod", "raw.lines.prod", 3, 17, 2, NOON + 5, NOON + 9)
    (row,) = normalised(record).activities
    assert json.loads(row) == {
        "uid": "one",
        "time": NOON,
        "source": "lines",
        "instance": "prod",
        "identity": "user/a",
        "credential": "key/a",
        "outcome": "succeeded",
        "arrived": NOON + 5,
        "processed": NOON + 9,
        "topic": "raw.lines.prod",
        "partition": 3,
        "offset": 17,
        "line": 2,
    }


def test_effects_stand_in_the_row_as_json_text(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = activity("killed", effects=(Ended("DeleteAccessKey", "deleted", "key/b", "user/b"),))
    monkeypatch.setattr(
        normaliser,
        "sources",
        lambda: {"lines": SimpleNamespace(NAME="lines", read=lambda *_: Reading([ended], [], 0))},
    )
    row = json.loads(normalised(b"x").activities[0])
    (effect,) = json.loads(row["effects"])
    assert effect["type"] == "ended" and effect["credential"] == "key/b"


def test_facts_are_those_of_the_activities_joined_per_key() -> None:
    facts = dict(normalised(b"one two", b"three").facts)
    assert facts.pop(WATCH).watch["lines"].newest == max(
        e.time for e in facts["user/a"].credentials["key/a"].uses["succeeded"].kept
    )
    del facts[telemetry_key("lines")]
    assert facts.keys() == {key for key, _ in facts_of(activity("one"))}
    kept = facts["user/a"].credentials["key/a"].uses["succeeded"].kept
    assert [evidence.uid for evidence in kept] == ["one", "three", "two"]


def test_a_hint_wins_and_without_one_the_content_tells() -> None:
    assert normalised(Record(b"{one", "lines")).activities
    assert normalised(Record(b"one")).activities
    (lost,) = normalised(Record(b"one", "myapp")).rejects
    assert lost.source == "myapp" and "raw.<source>" in lost.reason
    (reject,) = normalised(Record(b"{one", "", "", "raw.mixed", 1, 2)).rejects
    assert (reject.source, reject.topic, reject.partition, reject.offset) == ("unknown", "raw.mixed", 1, 2)
    assert "no source" in reject.reason


def test_bad_parts_of_a_record_are_rejects_and_the_rest_goes_on() -> None:
    record = Record(b"one bad two", "lines", "prod", "raw.lines", 3, 17, 0, NOON)
    batch = normalised(record)
    assert len(batch.activities) == 2
    (reject,) = batch.rejects
    assert (reject.place, reject.field, reject.reason) == ("words[1]", "word", "is bad")
    assert reject.sha256 == hashlib.sha256(record.body).hexdigest()
    assert (reject.size, reject.arrived, reject.instance) == (len(record.body), NOON, "prod")


def test_a_reader_that_fails_makes_one_reject_and_shows_nothing_of_the_record() -> None:
    batch = normalised(b"boom", b"one")
    assert len(batch.activities) == 1
    (reject,) = batch.rejects
    assert reject.reason.startswith("reader failed: ValueError at test_normaliser.py:")
    assert "hunter2" not in str(batch)
    assert batch.crashed == {"lines": 1}


@pytest.mark.parametrize("word", ["surrogate", "unkeyed"])
def test_text_that_no_encoding_takes_is_a_reject_of_its_event_alone(word: str) -> None:
    batch = normalised(f"one {word} two".encode())
    assert len(batch.activities) == 2 and len(batch.rejects) == 1
    assert all("\ud800" not in key and "\udfff" not in key for key, _ in batch.facts)


@pytest.mark.parametrize("time", [0, TIME_MAX])
def test_an_event_without_a_possible_time_is_a_reject(time: int) -> None:
    batch = normalised(f"{time} one".encode())
    assert [reject.field for reject in batch.rejects] == ["time"] and len(batch.activities) == 1


def test_a_record_above_the_limit_is_a_reject() -> None:
    batch = normalised(b"one " * 10, b"two", limit=20)
    assert len(batch.activities) == 1 and "larger than 20 bytes" in batch.rejects[0].reason


def test_the_newest_time_is_no_later_than_its_arrival() -> None:
    early = Record(b"one", "lines", topic="raw.lines", partition=1, arrived=NOON - 1)
    late = early._replace(arrived=NOON + 1)
    assert normalised(early).newest == {}
    assert normalised(early, late).newest == {("lines", "raw.lines", 1): NOON}
    assert normalised(b"one").newest == {("lines", "", -1): NOON}


def test_every_record_is_counted_once() -> None:
    batch = normalised(b"one two passed bad", b"boom")
    assert (batch.read["lines"], batch.passed["lines"], len(batch.rejects)) == (2, 1, 2)


def test_draining_begins_anew() -> None:
    under_test = Normaliser(b"key")
    under_test.take(Record(b"one bad", "lines"))
    first, second = under_test.drain(), under_test.drain()
    assert first.activities and first.rejects and first.facts
    assert not (second.activities or second.rejects or second.facts or second.newest or second.read)
