"""What is open is said again when the embedded broker starts: its memory was lost, and whoever subscribes
from its beginning is to get all of it."""

from __future__ import annotations

import orjson

from streams.clickhouse import query
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site.errors import NotRunning, Stop
from streams.site.settings import Settings

OPEN_MAX = 10_000
"""Findings that are said again, the gravest: more than anybody works through."""

FLUSH_SECONDS = 30.0


def say_again(settings: Settings) -> int:
    """Sends what is stored as open to the alert topic, marked so that it is not stored once more; returns how
    many. ``settings.clickhouse`` is where to ask. Nothing is said where ClickHouse does not answer."""
    from confluent_kafka import Producer

    try:
        known = query.open_findings(settings, limit=OPEN_MAX)
    except Stop:
        return 0
    producer = Producer(kafka_config(settings, **{"compression.type": "gzip"}))
    topic = topics.name(settings, topics.FINDINGS)
    for finding in known:
        info = finding["finding_info"]
        producer.produce(
            topic,
            orjson.dumps(finding),
            str(info["uid"]),
            headers=[
                ("control", str(info["analytic"]["uid"]).encode()),
                ("severity", str(finding.get("severity", "")).lower().encode()),
                (topics.SAID_AGAIN, b"1"),
            ],
        )
        producer.poll(0)
    if left := producer.flush(FLUSH_SECONDS):
        raise NotRunning(f"The broker at {settings.broker} did not take {left} open findings.")
    return len(known)
