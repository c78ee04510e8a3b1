"""A consumer and a producer without a broker: what is handed to them, and what they were asked to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from confluent_kafka import TIMESTAMP_CREATE_TIME, TopicPartition

Place = tuple[str, int]


class FakeMessage:
    """A message as confluent-kafka gives it; ``end`` makes it the end of its partition."""

    def __init__(
        self,
        topic: str,
        offset: int,
        value: bytes | None = b"{}",
        partition: int = 0,
        key: bytes | None = None,
        stamp: tuple[int, int] = (TIMESTAMP_CREATE_TIME, 1_000),
        headers: Any = None,
        error: Any = None,
    ) -> None:
        result = {
            "topic": topic, "offset": offset, "value": value, "partition": partition, "key": key,
            "timestamp": stamp, "headers": headers, "error": error,
        }  # fmt: skip
        for name, content in result.items():
            setattr(self, name, lambda content=content: content)


class FakeConsumer:
    """Gives each batch of messages once; ``on_poll`` is what a poll brings while something else is waited
    for."""

    def __init__(self, *batches: Iterable[FakeMessage]) -> None:
        self.batches = [list(batch) for batch in batches]
        self.on_poll: list[FakeMessage | Callable[[], None]] = []
        self.owned: list[TopicPartition] = []
        self.paused: set[Place] = set()
        self.sought: list[tuple[str, int, int]] = []
        self.committed: dict[Place, int] = {}
        self.callbacks: dict[str, Any] = {}
        self.when_empty: Callable[[], None] = lambda: None
        self.closed = False
        self.most = 0
        """Messages asked for at the last time."""

    def subscribe(self, topics: list[str], **callbacks: Any) -> None:
        self.callbacks = callbacks

    def rebalance(self, kind: str, *places: Place) -> None:
        """``on_assign``, ``on_revoke`` or ``on_lost``, as the client would call it."""
        self.callbacks[kind](self, [TopicPartition(*place) for place in places])

    def consume(self, number: int, seconds: float) -> list[FakeMessage]:
        self.most = number
        if not self.batches:
            self.when_empty()
            return []
        return self.batches.pop(0)

    def poll(self, seconds: float = 0.0) -> FakeMessage | None:
        came = self.on_poll.pop(0) if self.on_poll else None
        if came is None or isinstance(came, FakeMessage):
            return came
        came()
        return None

    def seek(self, place: TopicPartition) -> None:
        self.sought.append((place.topic, place.partition, place.offset))

    def assign(self, places: list[TopicPartition]) -> None:
        self.owned = places

    def assignment(self) -> list[TopicPartition]:
        return self.owned

    def pause(self, places: list[TopicPartition]) -> None:
        self.paused |= {(place.topic, place.partition) for place in places}

    def resume(self, places: list[TopicPartition]) -> None:
        self.paused -= {(place.topic, place.partition) for place in places}

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        self.committed |= {(at.topic, at.partition): at.offset for at in offsets}

    def position(self, places: list[TopicPartition]) -> list[TopicPartition]:
        return []

    def close(self) -> None:
        self.closed = True


class FakeProducer:
    """Keeps what it is given; the broker confirms all of it at ``arrive``."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.full = 0
        self._waiting: list[tuple[str, Any]] = []

    def produce(self, topic: str, body: bytes, on_delivery: Any, **more: Any) -> None:
        if self.full:
            raise BufferError
        self.sent.append((topic, body))
        self._waiting.append((topic, on_delivery))

    def poll(self, seconds: float) -> int:
        self.full = max(self.full - 1, 0)
        return 0

    def arrive(self) -> None:
        waiting, self._waiting = self._waiting, []
        for topic, result in waiting:
            result(None, SimpleNamespace(topic=lambda topic=topic: topic))
