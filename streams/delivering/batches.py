"""From consumed messages to stored batches and committed offsets."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from prometheus_client import Counter, Gauge

from schemas.rejected import set_aside_row
from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Block, Origin, Sink, UnavailableError, block
from streams.kafka.topics import SAID_AGAIN
from streams.site import metrics
from streams.site.settings import Settings
from streams.site.stage import Stage
from streams.site.suspects import Suspects

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

BATCH_BYTES = 32 * 2**20
"""Bytes that make a batch whatever its rows: bounds memory, of which an insert takes a few times as much."""
CONSUME_MESSAGES = 500
CAREFUL_MESSAGES = 50
"""Taken, stored and committed at once after deaths: however far inside a batch what kills lies, the next
process begins nearer to it."""
CONSUME_SECONDS = 0.1
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits between offers to a ClickHouse that is away; the last one goes on for ever."""
POLL_SECONDS = 0.5
"""How long stopping may go unnoticed while it is away."""
LAG_SECONDS = 2.0

BATCHES = Counter("gapwatch_deliver_batches", "Batches inserted into ClickHouse.")
RETRIES = Counter("gapwatch_deliver_retries", "Offers that ClickHouse could not take at the time.")
OLDEST = Gauge(
    "gapwatch_oldest_unstored_timestamp_seconds",
    "When the oldest row that is read and not yet stored was sent (Unix time); 0 where all is stored.",
    multiprocess_mode="mostrecent",
)
REFUSED = Counter("gapwatch_deliver_refused_rows", "Rows that ClickHouse does not take at all.", ["table"])

log = logging.getLogger("gapwatch.deliver")


@dataclass
class Batch:
    """Blocks per table, and per partition the offset from which on nothing is held yet. ``oldest``: when the
    first of their messages was sent (µs, 0 without any)."""

    blocks: dict[str, list[Block]] = field(default_factory=dict)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    rows: int = 0
    bytes: int = 0
    oldest: int = 0

    def add(self, table: str, taken: Block) -> None:
        """Adds a block of rows for one table."""
        self.blocks.setdefault(table, []).append(taken)
        self.rows += taken.rows
        self.oldest = min(self.oldest or taken.origin.time, taken.origin.time)
        self.bytes += len(taken.data)


class Batches:
    """Consumes, stores, commits. `run` returns soon after `stopping` is set."""

    def __init__(
        self, settings: Settings, engine: Engine, consumer: Consumer, stage: Stage, epoch: int
    ) -> None:
        self._consumer = consumer
        self._stopping = stage.stopping
        self._suspects = Suspects(stage)
        self._epoch = epoch
        self._interval = settings.deliver_interval.total_seconds()
        self._most_rows = settings.deliver_rows
        self._sink = Sink(engine, lambda table, rows: metrics.ROWS.labels(table).inc(rows))
        self._tables: dict[str, str] = {}
        self._batch = Batch()
        self._began: float | None = None
        self._paused = False
        self._lag_due = 0.0

    def subscribe(self, patterns: list[str], tables: dict[str, str]) -> None:
        """Subscribes to topics. `tables` maps topics to tables; any other topic that a pattern brings is a
        changelog of dossiers."""
        self._tables = tables
        self._consumer.subscribe(
            patterns, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def run(self) -> None:
        """Consumes and stores until asked to stop; what is left then is stored before it returns. Raises what
        Kafka or the sink raised."""
        metrics.DELIVER_SINCE.set(0)
        OLDEST.set(0)
        try:
            while not self._stopping.is_set():
                most = CAREFUL_MESSAGES if self._suspects.careful else CONSUME_MESSAGES
                for message in self._consumer.consume(most, CONSUME_SECONDS):
                    self._take(message)
                if self._due():
                    self._store()
                self._tell_lag()
            self._store()
            self._suspects.end()
        finally:
            self._sink.close()
            self._consumer.close()

    def _take(self, message: Message) -> None:
        if error := message.error():
            # librdkafka mends what it can by itself. A topic that is not there yet will be, or is not needed.
            missing = error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
            log.log(logging.DEBUG if missing else logging.WARNING, "the broker says: %s", error.str())
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if topic is None or partition is None or offset is None:
            return
        table = self._tables.get(topic, "dossiers")
        key, value = message.key(), message.value()
        self._batch.offsets[topic, partition] = offset + 1
        if value is None and table != "dossiers":
            return
        if self._began is None:
            self._began = time.monotonic()
        if SAID_AGAIN in dict(message.headers() or ()):
            return
        origin = Origin(topic, partition, offset, max(message.timestamp()[1], 0) * 1000)
        self._batch.add(table, block(table, _bytes(key), _bytes(value), origin, self._epoch))

    def _due(self) -> bool:
        if self._began is None:
            return False
        if self._suspects.careful:
            return True
        full = self._batch.rows >= self._most_rows or self._batch.bytes >= BATCH_BYTES
        return full or time.monotonic() - self._began >= self._interval

    def _store(self) -> None:
        """Inserts the batch and commits its offsets; without either where stopping comes first."""
        batch = self._batch
        if not batch.offsets:
            return
        for table, blocks in batch.blocks.items():
            if not self._insist(table, blocks, batch):
                return
        BATCHES.inc()
        self._commit(batch)
        self._batch, self._began = Batch(), None
        OLDEST.set(0)

    def _insist(self, table: str, blocks: list[Block], batch: Batch) -> bool:
        """Offers the blocks until they are in. False where stopping, or a rebalance, came in between."""
        tries = 0
        metrics.DELIVER_SINCE.set(time.time())
        OLDEST.set(batch.oldest / 1_000_000)
        while True:
            try:
                if refused := self._offer(table, blocks):
                    REFUSED.labels(table).inc(refused)
                if tries:
                    log.warning("ClickHouse takes rows again after %d tries", tries)
                    self._pause(False)
                metrics.DELIVER_SINCE.set(0)
                return True
            except UnavailableError as error:
                RETRIES.inc()
                if tries % 10 == 0:
                    log.error("ClickHouse does not take %s, trying on: %s", table, error)
            self._pause(True)
            self._wait(BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS) - 1)])
            tries += 1
            if self._stopping.is_set() or batch is not self._batch:
                self._pause(False)
                return False

    def _offer(self, table: str, blocks: list[Block]) -> int:
        """Inserts; for a while after a death one message at a time. Returns how many rows were refused."""
        refused = 0
        for number, one in enumerate(blocks):
            if not self._suspects.careful:
                return refused + self._sink.write(table, blocks[number:])
            place = one.origin.topic, one.origin.partition, one.origin.offset
            if self._suspects.set_aside(place):
                log.error("%s, partition %d, offset %d is set aside: deliver died over it", *place)
                row = msgspec.json.encode(set_aside_row("deliver", place, len(one.data))) + b"\n"
                self._sink.write("rejects", [Block(row, 1, one.origin)])
                refused += one.rows
                continue
            with self._suspects.over(place, UnavailableError):
                refused += self._sink.write(table, [one])
        return refused

    def _wait(self, seconds: float) -> None:
        """Stays in the group: a consumer that does not poll is taken for dead."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stopping.is_set():
            if message := self._consumer.poll(min(left, POLL_SECONDS)):
                self._late(message)

    def _late(self, message: Message) -> None:
        """A message that was on its way when consuming was paused: it is read again later."""
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if message.error() is None and topic is not None and partition is not None and offset is not None:
            self._consumer.seek(TopicPartition(topic, partition, offset))

    def _pause(self, wanted: bool) -> None:
        if wanted != self._paused:
            self._paused = wanted
            every = self._consumer.assignment()
            (self._consumer.pause if wanted else self._consumer.resume)(every)

    def _commit(self, batch: Batch) -> None:
        offsets = [
            TopicPartition(topic, partition, offset) for (topic, partition), offset in batch.offsets.items()
        ]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            # The rows are in. Without the commit they come again, which changes nothing.
            log.warning("offsets were not committed: %s", error.args[0].str())

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._paused:
            consumer.assign(partitions)
            consumer.pause(partitions)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """What is held but not stored comes again, here or in the process that now has the partition."""
        self._batch, self._began = Batch(), None

    def _tell_lag(self) -> None:
        if time.monotonic() < self._lag_due:
            return
        self._lag_due = time.monotonic() + LAG_SECONDS
        OLDEST.set(self._batch.oldest / 1_000_000)
        behind = 0
        for place in self._consumer.position(self._consumer.assignment()):
            _, end = self._consumer.get_watermark_offsets(place, cached=True)
            if place.offset >= 0 and end >= 0:
                behind += max(end - place.offset, 0)
        metrics.LAG.labels("deliver").set(behind)


def _bytes(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
