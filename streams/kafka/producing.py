"""Raw records to the raw topics: as fast as the broker takes them, no faster than asked, never past the
ceiling.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.kafka.topics import ENVELOPE_ROOM
from streams.site.errors import NotRunning, Stop
from streams.site.settings import Settings
from streams.site.stage import Stage, broker_stopped, read_intake

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

FLUSH_SECONDS = 30.0
"""A broker that has not confirmed the last messages by then is taken as gone."""
LOOK_SECONDS = 0.5
"""Between two looks at the embedded broker's ceiling while confirmations are waited for."""
QUEUE_BYTES = 256 * 2**10
"""KiB that may wait in this process (librdkafka counts in KiB)."""


class RawProducer:
    """Sends raw records. `sent` counts those the broker confirmed."""

    def __init__(
        self, settings: Settings, run_folder: Path | None = None, speed: float | None = None
    ) -> None:
        """`speed` is records per second; `run_folder` is where the embedded broker's ceiling is told."""
        from confluent_kafka import Producer

        config = kafka_config(
            settings,
            **{
                "linger.ms": 20,
                "compression.type": "zstd",
                "enable.idempotence": False,
                "acks": "all",
                "message.max.bytes": settings.record_limit + ENVELOPE_ROOM,
                "queue.buffering.max.kbytes": QUEUE_BYTES,
                "message.timeout.ms": int(FLUSH_SECONDS * 1000),
            },
        )
        self._settings = settings
        self._producer = Producer(config)
        self._folder = run_folder
        self._intake = Stage("send", run_folder=run_folder)
        self._known: set[str] = set()
        self._speed = speed
        self._started = time.monotonic()
        self._offered = 0
        self._failure: str | None = None
        self.sent = 0

    def send(self, source: str, content: bytes, instance: str | None = None) -> None:
        """Raises Stop when intake closes, NotRunning when the broker is gone."""
        topic = self._topic(source, instance)
        self._keep_pace()
        if closed := self._intake.intake_closed():
            self.finish()
            raise Stop(
                f"{closed}\n{self.sent:,} records were sent and are worked off; nothing more is taken in."
            )
        while True:
            try:
                self._producer.produce(topic, content, on_delivery=self._delivered)
                break
            except BufferError:
                self._producer.poll(0.1)
        self._offered += 1
        self._producer.poll(0)
        self._raise_failure()

    def send_all(self, records: Iterable[tuple[str, bytes]], instance: str | None = None) -> int:
        """Sends (source, record) pairs and waits until the broker has them all; returns how many it has."""
        for source, content in records:
            self.send(source, content, instance)
        self.finish()
        return self.sent

    def finish(self) -> None:
        """Waits until the broker has confirmed everything."""
        end = time.monotonic() + FLUSH_SECONDS
        while left := self._producer.flush(LOOK_SECONDS):
            self._raise_failure()
            if self._folder is not None and broker_stopped(self._folder):
                raise Stop(
                    f"{read_intake(self._folder)} It was stopped; {self.sent:,} records were sent before."
                )
            if time.monotonic() > end:
                raise NotRunning(
                    f"The broker at {self._settings.broker} did not confirm the last {left} records."
                )
        self._raise_failure()

    def _topic(self, source: str, instance: str | None) -> str:
        topic = topics.raw(self._settings, source, instance)
        if topic not in self._known:
            topics.create_missing(self._settings, [topics.raw_topic(self._settings, source, instance)])
            self._known.add(topic)
        return topic

    def _keep_pace(self) -> None:
        if not self._speed:
            return
        due = self._started + self._offered / self._speed
        while (wait := due - time.monotonic()) > 0:
            self._producer.poll(min(wait, 0.1))

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.sent += 1
        elif self._failure is None:
            self._failure = f"The broker did not take a record of {message.topic()}: {error.str()}."

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise NotRunning(f"{self._failure} {self.sent:,} records were sent before.")
