"""Intake: how raw topics are read and how their messages become records."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from correlators.driver.normaliser import Record
from correlators.driver.watermarks import Partition
from schemas.authority import INVENTORY
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import Message

APPENDED = 2
"""The kind of a message's time that the broker set (``LogAppendTime``), as librdkafka numbers it."""

NEW_TOPICS_MS = 2_000
"""How soon the first record of a new raw topic is noticed."""


def consumer_config(settings: Settings) -> dict[str, object]:
    """Returns the configuration of the consumer of raw topics: offsets are committed by hand, ends of
    partitions are told."""
    room = settings.record_limit + topics.ENVELOPE_ROOM
    return kafka_config(
        settings,
        **{
            "group.id": topics.name(settings, "normalise"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "topic.metadata.refresh.interval.ms": NEW_TOPICS_MS,
            # A killed process is noticed within seconds; 6 s is the least that Kafka allows by default.
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 1_500,
            "fetch.message.max.bytes": room,
            "queued.max.messages.kbytes": 65_536,
            "fetch.queue.backoff.ms": topics.FULL_QUEUE_MS,
            "fetch.wait.max.ms": 100,
        },
    )


class Intake:
    """Makes records of messages. The topic tells source and installation; headers of these names do on a
    topic whose setting says so, and even there none makes a declaration of a record."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hints: dict[str, tuple[str, str]] = {}
        self._in_headers = frozenset(settings.header_topics or ())

    def record(self, message: Message, place: Partition, processed: int) -> Record:
        """Returns a Kafka message as a record. ``processed``: now, in µs."""
        topic, partition = place
        source, instance = self._hints.get(topic) or self._hint(topic)
        if topic in self._in_headers:
            source, instance = _from_headers(message, source, instance)
        kind, stamp = message.timestamp()
        # Only the broker's own clock counts: a producer may write what it likes. Nothing is processed before
        # it arrives.
        arrived = stamp * 1_000 if kind == APPENDED and stamp > 0 else processed
        if arrived > processed:
            arrived = processed
        body = message.value() or b""
        return Record(body, source, instance, topic, partition, message.offset() or 0, 0, arrived, processed)

    def _hint(self, topic: str) -> tuple[str, str]:
        source, instance = topics.source_and_instance(self._settings, topic)
        self._hints[topic] = source, instance or ""
        return self._hints[topic]


_record = cast("Callable[[tuple[object, ...]], Record]", partial(tuple.__new__, Record))
"""Makes a record of all its fields, without the detour through Python that a named tuple's own name takes."""


def place_of(message: Message) -> Partition:
    """Returns topic and partition of a message."""
    partition = message.partition()
    return message.topic() or "", -1 if partition is None else partition


def _from_headers(message: Message, source: str, instance: str) -> tuple[str, str]:
    """Returns source and instance as the message's headers tell them, where they do."""
    for name, value in cast("list[tuple[str, bytes | str | None]]", message.headers() or ()):
        if name == "source" and _text(value) != INVENTORY:
            source = _text(value)
        elif name == "instance":
            instance = _text(value)
    return source, instance


def _text(value: bytes | str | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
