"""What is measured, each over the same records."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from streams.clickhouse import query
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site.settings import Settings
from streams.supervision import ports
from tests.bench import alone
from tests.bench.alone import CONTROL, SOURCE
from tests.bench.brokers import Running
from tests.bench.processes import Cost, Meter, rss_mb
from tests.support import topic
from tests.support.stages import Stages
from tests.support.waiting import wait_for

DEADLINE_SECONDS = 600.0
LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Figure:
    """Events a second, what each process cost, and what else is worth a word."""

    name: str
    rate: float
    note: str = ""
    processes: Mapping[str, Cost] = field(default_factory=dict)


def by_itself(part: str, records: Path) -> Figure:
    """One part in one process, without a broker."""
    measured = alone.measured(part, records)
    cost = Cost(measured["cpu"] / measured["events"] * 1e6, measured["rss_mb"])
    return Figure(f"{part} alone", measured["events"] / measured["wall"], measured["note"], {part: cost})


def over(
    name: str, broker: Running, records: Path, due: set[str], workers: int, folder: Path
) -> Iterator[Figure]:
    """Of a broker: how fast a plain consumer parses, then how fast the pipeline finds and stores."""
    settings = Settings(
        data=folder / f"data-{uuid.uuid4().hex[:8]}",
        broker=broker.address,
        topic_prefix=f"bench{uuid.uuid4().hex[:6]}.",
        sql_port=ports.choose(0, ports.SQL, "sql_port"),
        normalisers=workers,
        correlators=workers,
    )
    topic.make(settings, [SOURCE])
    events = _produce(settings, records)
    yield _parse(f"parse only (plain consumer), {name}", settings, events)
    yield _pipeline(f"pipeline, {name}", settings, events, due, broker)


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


def _parse(name: str, settings: Settings, events: int) -> Figure:
    """One process that reads all records and parses each."""
    consumer = Consumer(kafka_config(settings, **{"group.id": f"parse-{uuid.uuid4().hex}"}))
    raw = topics.raw(settings, SOURCE)
    consumer.assign(
        [TopicPartition(raw, number, OFFSET_BEGINNING) for number in range(settings.raw_partitions)]
    )
    began, used = time.perf_counter(), time.process_time()
    parsed = 0
    while parsed < events:
        for message in consumer.consume(5_000, 1.0):
            if message.error() is None:
                orjson.loads(message.value() or b"")
                parsed += 1
    took, used = time.perf_counter() - began, time.process_time() - used
    consumer.close()
    return Figure(name, events / took, "", {"parse": Cost(used / events * 1e6, rss_mb(os.getpid()))})


def _pipeline(name: str, settings: Settings, events: int, due: set[str], broker: Running) -> Figure:
    """From the first normaliser's start over a full topic to the last activity stored and the last finding
    found."""
    stages = Stages(settings, broker_id=uuid.uuid4().hex)
    asked = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
    try:
        started = [stages.start("deliver")]
        started += [stages.start("correlate", worker) for worker in range(settings.correlators)]
        normalisers = [stages.start("normalise", n, wait=False) for n in range(settings.normalisers)]
        # From the moment it has its partitions: joining a group takes seconds whatever the load.
        for stage in normalisers:
            stages.wait_ready(stage)
        pids = {stage.label: stage.pid for stage in (*started, *normalisers) if stage.pid}
        meter = Meter({"broker": broker.pid, **pids})
        began = time.perf_counter()
        wait_for(lambda: _inserted(stages, events), "all rows", DEADLINE_SECONDS)
        stored = wait_for(lambda: _stored(asked, events, began), "all activities", DEADLINE_SECONDS)
        found = wait_for(lambda: _found(asked, due, began), "all findings", DEADLINE_SECONDS)
        costs = meter.costs(events)
    finally:
        stages.close()
    took = max(stored, found)
    note = f"stored after {stored:.1f} s, {len(due)} findings after {found:.1f} s"
    return Figure(name, events / took, note, costs)


def _inserted(stages: Stages, events: int) -> bool:
    """Whether as many rows were inserted. The table itself is asked only then: to count 200,000 rows, each
    once, costs the engine 80 ms, and four times a second that was half of what an insert costs."""
    time.sleep(LOOK_SECONDS)
    return stages.counted("gapwatch_rows_total", "activities") >= events


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
