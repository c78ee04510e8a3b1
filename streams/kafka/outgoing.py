"""Outgoing: the messages of a batch on their way to the broker, and when all of them have arrived there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

POLL_SECONDS = 0.05

LINGER_MS = 5
"""Outgoing messages are large already; a longer wait would not fill them further."""


def producer_config(settings: Settings) -> dict[str, object]:
    """Returns the configuration of a producer of everything derived. Order does not matter to facts, so
    idempotence is not asked for."""
    return kafka_config(
        settings,
        **{
            "acks": "all",
            "linger.ms": LINGER_MS,
            # Half the bytes of lz4 at the same price: whoever keeps or reads them pays less.
            "compression.type": "zstd",
            "compression.level": 1,
            "message.max.bytes": settings.record_limit + topics.ENVELOPE_ROOM,
            "batch.size": 2**20,
        },
    )


class LostMessageError(Exception):
    """The broker did not take a message for as long as it was tried."""


class Consignment:
    """Messages that belong together; ``arrived`` once the broker has confirmed each of them."""

    def __init__(self, on_arrival: Callable[[], None]) -> None:
        self.on_arrival = on_arrival
        self.error: str | None = None
        self._waiting = 0
        self._complete = False

    @property
    def arrived(self) -> bool:
        """Whether all messages were added and the broker has answered for each of them."""
        return self._complete and not self._waiting

    def expect(self) -> None:
        """Counts one more message of which the broker's answer is awaited."""
        self._waiting += 1

    def complete(self) -> None:
        """Notes that nothing more will be added."""
        self._complete = True

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        """Takes the broker's answer for one message; an error is kept for ``Outgoing.settle`` to raise."""
        if error is not None:
            self.error = f"{message.topic()}: {error.str()}"
        self._waiting -= 1


class Outgoing:
    """Consignments in the order in which they were made; each takes effect only after all before it."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._consignments: deque[Consignment] = deque()

    def __len__(self) -> int:
        return len(self._consignments)

    def open(self, on_arrival: Callable[[], None]) -> Consignment:
        """Returns a new consignment; ``on_arrival`` is called from ``settle`` when it and all before it have
        arrived."""
        consignment = Consignment(on_arrival)
        self._consignments.append(consignment)
        return consignment

    def send(self, consignment: Consignment, topic: str, body: bytes, partition: int | None = None) -> None:
        """Hands a message to the producer, waiting while its queue is full."""
        more: dict[str, Any] = {} if partition is None else {"partition": partition}
        consignment.expect()
        while True:
            try:
                self._producer.produce(topic, body, on_delivery=consignment.delivered, **more)
                return
            except BufferError:
                self._producer.poll(POLL_SECONDS)

    def settle(self, wait: float = 0.0) -> None:
        """Lets what has arrived take effect, waiting up to ``wait`` seconds for news. Raises
        LostMessageError."""
        self._producer.poll(wait)
        while self._consignments:
            first = self._consignments[0]
            if first.error:
                raise LostMessageError(f"The broker did not take a message for {first.error}.")
            if not first.arrived:
                return
            self._consignments.popleft()
            first.on_arrival()
