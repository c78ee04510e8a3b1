"""What is measured, each over the same records."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from streams.clickhouse import query
from streams.command.replay import Options
from streams.command.replay import replay as replay_files
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site.settings import Settings
from streams.supervision import ports
from tests.support import topic
from tests.support.stages import Stages
from tests.support.waiting import wait_for

SOURCE = "cloudtrail"
DEADLINE_SECONDS = 600.0
LOOK_SECONDS = 0.25
CONTROL = "revoked_credential_used"


@dataclass(frozen=True)
class Figure:
    """Events a second, and what else is worth a word."""

    name: str
    rate: float
    note: str = ""


def replay(records: Path, events: int) -> Figure:
    """One process, from the file to findings."""
    out = io.BytesIO()
    began = time.perf_counter()
    replay_files(Options((str(records),), source=SOURCE), out)
    took = time.perf_counter() - began
    return Figure("replay", events / took, f"{out.getvalue().count(CONTROL.encode())} findings")


def over(
    name: str, address: str, records: Path, due: set[str], workers: int, folder: Path
) -> Iterator[Figure]:
    """Of a broker: how fast a plain consumer parses, then how fast the pipeline finds and stores."""
    settings = Settings(
        data=folder / f"data-{uuid.uuid4().hex[:8]}",
        broker=address,
        topic_prefix=f"bench{uuid.uuid4().hex[:6]}.",
        sql_port=ports.choose(0, ports.SQL, "sql_port"),
        normalisers=workers,
        correlators=workers,
    )
    topic.make(settings, [SOURCE])
    events = _produce(settings, records)
    yield Figure(f"parse only (plain consumer), {name}", events / _parse(settings, events))
    yield _pipeline(f"pipeline, {name}", settings, events, due)


def _produce(settings: Settings, records: Path) -> int:
    producer = Producer(
        kafka_config(
            settings,
            **{"compression.type": "lz4", "linger.ms": 20, "queue.buffering.max.messages": 1_000_000},
        )
    )
    events = 0
    name = topics.raw(settings, SOURCE)
    with records.open("rb") as lines:
        for line in lines:
            producer.produce(name, line.rstrip(), partition=events // 500 % settings.raw_partitions)
            events += 1
            if events % 500 == 0:
                producer.poll(0)
    assert producer.flush(60) == 0
    return events


def _parse(settings: Settings, events: int) -> float:
    """Seconds of one process that reads all records and parses each."""
    consumer = Consumer(kafka_config(settings, **{"group.id": f"parse-{uuid.uuid4().hex}"}))
    name = topics.raw(settings, SOURCE)
    consumer.assign(
        [TopicPartition(name, number, OFFSET_BEGINNING) for number in range(settings.raw_partitions)]
    )
    began = time.perf_counter()
    parsed = 0
    while parsed < events:
        for message in consumer.consume(5_000, 1.0):
            if message.error() is None:
                orjson.loads(message.value() or b"")
                parsed += 1
    took = time.perf_counter() - began
    consumer.close()
    return took


def _pipeline(name: str, settings: Settings, events: int, due: set[str]) -> Figure:
    """From the first normaliser's start over a full topic to the last activity stored and the last finding
    found."""
    stages = Stages(settings, broker_id=uuid.uuid4().hex)
    asked = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
    try:
        stages.start("deliver")
        for worker in range(settings.correlators):
            stages.start("correlate", worker)
        normalisers = [stages.start("normalise", n, wait=False) for n in range(settings.normalisers)]
        # From the moment it has its partitions: joining a group takes seconds whatever the load.
        for stage in normalisers:
            stages.wait_ready(stage)
        began = time.perf_counter()
        stored = wait_for(lambda: _stored(asked, events, began), "all activities", DEADLINE_SECONDS)
        found = wait_for(lambda: _found(asked, due, began), "all findings", DEADLINE_SECONDS)
    finally:
        stages.close()
    took = max(stored, found)
    note = f"stored after {stored:.1f} s, {len(due)} findings after {found:.1f} s"
    return Figure(name, events / took, note)


def _stored(settings: Settings, events: int, began: float) -> float:
    """Seconds until now, once all activities are there; 0.0 before."""
    time.sleep(LOOK_SECONDS)
    sql = "SELECT count() AS n FROM activities"
    return time.perf_counter() - began if int(query.rows(settings, sql)[0]["n"]) >= events else 0.0


def _found(settings: Settings, due: set[str], began: float) -> float:
    """The same for the findings that are due."""
    time.sleep(LOOK_SECONDS)
    sql = "SELECT DISTINCT credential FROM findings WHERE control = {control:String}"
    found = {row["credential"] for row in query.rows(settings, sql, {"control": CONTROL})}
    return time.perf_counter() - began if due <= found else 0.0
