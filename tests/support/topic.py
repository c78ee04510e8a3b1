"""Reading and writing topics in tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import ConfigResource

from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site.settings import Settings


def make(settings: Settings, sources: list[str]) -> None:
    topics.create_missing(settings, topics.wanted(settings, sources))


def produce(settings: Settings, topic: str, bodies: list[bytes], **more: Any) -> None:
    producer = Producer(kafka_config(settings))
    for body in bodies:
        producer.produce(settings.topic_prefix + topic, body, **more)
    assert producer.flush(30) == 0


def config(settings: Settings, topic: str) -> dict[str, str | None]:
    """Returns how a broker keeps a topic, which is named whole."""
    admin = topics.admin_client(settings)
    (asked,) = admin.describe_configs([ConfigResource("topic", topic)]).values()
    return {name: entry.value for name, entry in asked.result(30).items()}


class Tail:
    """Everything in a topic from its beginning (or its present end) on, read from all partitions without a
    group."""

    def __init__(self, settings: Settings, topic: str, from_end: bool = False) -> None:
        self._consumer = Consumer(kafka_config(settings, **{"group.id": f"tail-{time.time_ns()}"}))
        name = settings.topic_prefix + topic
        numbers = self._consumer.list_topics(name, timeout=20).topics[name].partitions
        start = OFFSET_END if from_end else OFFSET_BEGINNING
        self._consumer.assign([TopicPartition(name, number, start) for number in numbers])
        self.messages: list[Message] = []

    def until(self, condition: Callable[[Tail], object], what: str, seconds: float = 120.0) -> Tail:
        """Reads until the condition holds; fails with ``what`` where it does not in time."""
        end = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < end, f"waited {seconds:g} s in vain for {what}"
            for message in self._consumer.consume(500, 0.05):
                if message.error() is None:
                    self.messages.append(message)
                else:
                    error = message.error()
                    assert error is not None and error.code() in (
                        KafkaError._PARTITION_EOF,
                        KafkaError._TRANSPORT,
                    )
        return self

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Of a topic of JSON lines."""
        return [json.loads(line) for m in self.messages for line in (m.value() or b"").splitlines()]

    def close(self) -> None:
        self._consumer.close()
