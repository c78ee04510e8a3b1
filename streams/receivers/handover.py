"""Handing records to Kafka: what is taken is what every in-sync replica has (acks=all), nothing before.

One thread serves librdkafka's answers; `taken` waits for them in an event loop, `take` in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.receivers import counts
from streams.receivers.unfit import Unfit
from streams.site.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from confluent_kafka import Message as KafkaMessage

QUEUE_KIB = 64 * 2**10
"""What may wait in librdkafka (it counts in KiB): an outage must not fill the memory."""
LINGER_MS = 5
POLL_SECONDS = 0.1
FULL_SECONDS = 0.05
"""Between two tries while librdkafka's queue is full."""
AGAIN_SECONDS = 1.0
"""Before what Kafka did not take is tried again."""
LOOK_SECONDS = 1.0
PATIENT_SECONDS = 5.0
"""After which waiting for Kafka is worth a word."""
COMPLAIN_SECONDS = 60.0
"""Between two words about an outage that lasts."""

log = logging.getLogger("gapwatch.receivers")

Headers = tuple[tuple[str, bytes], ...]


class Message(NamedTuple):
    """A raw record, or a block of rejects, on its way to `topic` (the full name)."""

    topic: str
    body: bytes
    headers: Headers = ()


class NotTakenError(Exception):
    """Kafka did not take a message in time; `too_large`: it never will."""

    def __init__(self, reason: str, too_large: bool = False) -> None:
        super().__init__(reason)
        self.too_large = too_large


class _Delivery:
    """Messages under way together. `done` gives (index, error) of each that was not taken."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.offered = 0
        self.done: Future[list[tuple[int, KafkaError]]] = Future()
        self._lock = threading.Lock()
        self._left = len(messages)
        self._failed: list[tuple[int, KafkaError]] = []
        if not messages:
            self.done.set_result([])

    def answered(self, index: int, error: KafkaError | None, message: KafkaMessage | None) -> None:
        with self._lock:
            if error is not None:
                self._failed.append((index, error))
            self._left -= 1
            complete = not self._left
        # Who waited may have been cut off meanwhile.
        if complete and self.done.set_running_or_notify_cancel():
            self.done.set_result(self._failed)


class Handover:
    """The way to Kafka of one receiver. `patience` is how long a message is tried; None: for ever."""

    def __init__(self, settings: Settings, receiver: str, patience: float | None = None) -> None:
        from confluent_kafka import Producer

        config = kafka_config(
            settings,
            **{
                "acks": "all",
                "linger.ms": LINGER_MS,
                "compression.type": "zstd",
                "message.max.bytes": settings.record_limit + topics.ENVELOPE_ROOM,
                "queue.buffering.max.kbytes": QUEUE_KIB,
                "message.timeout.ms": int((patience or 0) * 1000),
                "reconnect.backoff.max.ms": 1000,
            },
        )
        self.receiver = receiver
        self.rejects = topics.name(settings, topics.REJECTS)
        self._settings = settings
        self._producer = Producer(config)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve_answers, name="handover", daemon=True)
        self._thread.start()
        self._complained = -COMPLAIN_SECONDS

    def topic(self, source: str, instance: str | None) -> str:
        """Returns the raw topic's name; it and the topic of rejects are made where they are missing.

        Raises NotRunning, Stop.
        """
        topic = topics.raw_topic(self._settings, source, instance)
        rejects = [wanted for wanted in topics.wanted(self._settings, []) if wanted.name == self.rejects]
        topics.create_missing(self._settings, [topic, *rejects])
        return topic.name

    async def taken(self, messages: Sequence[Message]) -> None:
        """Returns once Kafka has all of them. Raises NotTakenError."""
        delivery = _Delivery(messages)
        while not self._offer(delivery):
            await asyncio.sleep(FULL_SECONDS)
        failed = await asyncio.wrap_future(delivery.done)
        self._count(messages, failed)
        if failed:
            error = failed[0][1]
            raise NotTakenError(error.str(), _too_large(error))

    async def taken_at_last(self, messages: Sequence[Message]) -> None:
        """Returns once Kafka has all of them, however long that takes."""
        while messages:
            delivery = _Delivery(messages)
            while not self._offer(delivery):
                await asyncio.sleep(FULL_SECONDS)
            answer = asyncio.wrap_future(delivery.done)
            started = time.monotonic()
            while not (await asyncio.wait([answer], timeout=LOOK_SECONDS))[0]:
                self._tell_of_waiting(started, delivery)
            messages = self._once_more(messages, answer.result())
            if messages:
                await asyncio.sleep(AGAIN_SECONDS)

    def take(self, messages: Sequence[Message], stopping: threading.Event) -> bool:
        """Hands over bodies; returns True once Kafka has all of them, however long that takes; False where
        `stopping` came first."""
        while messages:
            delivery = _Delivery(messages)
            while not self._offer(delivery):
                if stopping.wait(FULL_SECONDS):
                    return False
            started = time.monotonic()
            while not delivery.done.done():
                if self._wait(delivery, stopping):
                    return False
                self._tell_of_waiting(started, delivery)
            messages = self._once_more(messages, delivery.done.result())
            if messages and stopping.wait(AGAIN_SECONDS):
                return False
        return True

    def close(self, seconds: float = 0.0) -> None:
        """Waits so long for what is under way."""
        self._producer.flush(seconds)
        self._closing.set()
        self._thread.join(5)
        if len(self._producer):
            self._producer.purge()

    def _wait(self, delivery: _Delivery, stopping: threading.Event) -> bool:
        """Waits a little for the answers; True where it is time to stop."""
        try:
            delivery.done.result(POLL_SECONDS)
        except TimeoutError:
            return stopping.is_set()
        return False

    def _offer(self, delivery: _Delivery) -> bool:
        """Hands over as many as librdkafka's queue takes; True when these were all."""
        for index in range(delivery.offered, len(delivery.messages)):
            message = delivery.messages[index]
            answered: Callable[..., None] = partial(delivery.answered, index)
            try:
                self._producer.produce(
                    message.topic,
                    message.body,
                    headers=list(message.headers) or None,
                    on_delivery=answered,
                )
            except BufferError:
                delivery.offered = index
                return False
            except Exception as error:
                # What librdkafka refuses at once (a size, a topic's name) it does not report later.
                if not _is_kafka(error):
                    raise
                delivery.answered(index, error.args[0], None)
        delivery.offered = len(delivery.messages)
        return True

    def _once_more(
        self, messages: Sequence[Message], failed: list[tuple[int, KafkaError]]
    ) -> Sequence[Message]:
        """What was not taken and may yet be; instead of what never will be, its reject."""
        self._count(messages, failed)
        again = [
            self._instead(messages[index], error.str()) if _too_large(error) else messages[index]
            for index, error in failed
        ]
        if again:
            self._complain(len(again), failed[0][1].str())
        else:
            counts.HELD.labels(self.receiver).set(0)
        return again

    def _tell_of_waiting(self, started: float, delivery: _Delivery) -> None:
        waited = time.monotonic() - started
        if waited > PATIENT_SECONDS and not delivery.done.done():
            self._complain(len(delivery.messages), f"no answer for {waited:.0f} s")

    def _complain(self, records: int, reason: str) -> None:
        counts.HELD.labels(self.receiver).set(1)
        if time.monotonic() - self._complained > COMPLAIN_SECONDS:
            self._complained = time.monotonic()
            log.error("Kafka does not take %d records (%s); trying on, senders wait", records, reason)

    def _instead(self, message: Message, reason: str) -> Message:
        log.error("Kafka does not take %d bytes in %s: %s", len(message.body), message.topic, reason)
        return self.reject(Unfit.of(message.body, f"not taken by Kafka: {reason}"), message.topic)

    def reject(self, unfit: Unfit, topic: str) -> Message:
        """Returns the reject of what was to go to a raw topic."""
        counts.UNFIT.labels(self.receiver).inc()
        return Message(self.rejects, unfit.row(self._settings, topic))

    def _count(self, messages: Sequence[Message], failed: list[tuple[int, KafkaError]]) -> None:
        lost = {index for index, _ in failed}
        taken = [message for index, message in enumerate(messages) if index not in lost]
        counts.RECEIVED.labels(self.receiver).inc(len(taken))
        counts.RECEIVED_BYTES.labels(self.receiver).inc(sum(len(message.body) for message in taken))

    def _serve_answers(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(POLL_SECONDS)


def _too_large(error: KafkaError) -> bool:
    from confluent_kafka import KafkaError as Codes

    return error.code() in (Codes.MSG_SIZE_TOO_LARGE, Codes.RECORD_LIST_TOO_LARGE)


def _is_kafka(error: Exception) -> bool:
    from confluent_kafka import KafkaException

    return isinstance(error, KafkaException)
