"""The alert topic, read by anyone who wants to see findings as they come."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

import orjson

from streams.kafka import topics
from streams.kafka.connection import kafka_config, no_answer
from streams.site.errors import NotRunning
from streams.site.settings import Settings

Finding = dict[str, Any]
"""One OCSF Detection Finding as JSON gave it; shown, never judged."""
METADATA_SECONDS = 10.0


class Feed:
    """Findings from the topic, outside any consumer group: looking on changes nothing for others."""

    def __init__(self, settings: Settings, from_start: bool) -> None:
        """Raises NotRunning where the broker does not answer or has no such topic."""
        from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException, TopicPartition

        group = f"{settings.topic_prefix}look-{uuid.uuid4().hex}"
        self._consumer = Consumer(kafka_config(settings, **{"group.id": group, "enable.auto.commit": False}))
        topic = topics.name(settings, topics.FINDINGS)
        try:
            metadata = self._consumer.list_topics(topic, timeout=METADATA_SECONDS).topics[topic]
        except KafkaException as error:
            raise no_answer(settings, error) from None
        if not metadata.partitions:
            raise NotRunning(
                f"The broker at {settings.broker} has no topic {topic}; start `gapwatch run` first."
            )
        offset = OFFSET_BEGINNING if from_start else OFFSET_END
        self._consumer.assign([TopicPartition(topic, number, offset) for number in metadata.partitions])

    def poll(self, seconds: float = 0.0) -> list[Finding]:
        """Returns the findings that came since the last call, waiting at most so long for the first one."""
        found = []
        for message in self._consumer.consume(500, seconds):
            value = message.value()
            if message.error() is None and value:
                with contextlib.suppress(orjson.JSONDecodeError):
                    found.append(orjson.loads(value))
        return found

    def close(self) -> None:
        """Leaves the topic; to be called from the thread that reads."""
        self._consumer.close()
