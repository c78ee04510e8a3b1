"""Activities as the running pipeline leaves them in ClickHouse: rows of every table, made by its own code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import orjson

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from schemas.activity import Activity
from schemas.fact import facts_of
from schemas.verdict import Clock
from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Block, Origin, Sink, block
from streams.correlating.messages import Message, messages
from tests.support.clickhouse import NOW
from tests.support.scenario import clock_after

ENVELOPES = "facts"


def store(engine: Engine, activities: Sequence[Activity], clock: Clock | None = None) -> None:
    """Judges the activities and inserts them with all that follows from them."""
    sink = Sink(engine)
    sink.write("activities", [_block("activities", b"\n".join(map(_row, activities)), 0)])
    correlator = Correlator(controls())
    correlator.take(fact for activity in activities for fact in facts_of(activity))
    offset, forwards = 0, True
    while forwards:
        settled = correlator.settle(clock or clock_after(activities))
        forwards = bool(settled.forwards)
        correlator.take(settled.forwards)
        for message in _but_envelopes(messages(settled, controls(), 1)):
            offset += 1
            sink.write(message.topic, [_block(message.topic, message.value, offset)])
        for key, body in settled.dossiers.items():
            offset += 1
            stored = block("dossiers", key.encode(), body, Origin("dossiers", 0, offset, NOW), 1)
            sink.write("dossiers", [stored])
    sink.close()


def _but_envelopes(many: Iterable[Message]) -> Iterable[Message]:
    return (message for message in many if message.topic != ENVELOPES)


def _block(table: str, value: bytes, offset: int) -> Block:
    return block(table, None, value, Origin(table, 0, offset, NOW), 1)


def _row(activity: Activity) -> bytes:
    row = msgspec.to_builtins(activity)
    row |= {"effects": orjson.dumps(row.get("effects") or []).decode(), "arrived": NOW, "processed": NOW}
    return orjson.dumps(row)
