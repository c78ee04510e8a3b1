"""The normalise stage: raw topics in; activities, facts, rejects and ticks out.

The offset of a raw record is committed only after the broker has confirmed everything that came of it, so a
crash at any moment repeats some records and loses none; all that follows takes repetition without harm.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from correlators.driver.normaliser import NO_SUCH_SOURCE, Batch, Normaliser, Record
from correlators.driver.watermarks import Partition, Watermarks
from schemas.evidence import SECOND
from schemas.fact import Tick
from schemas.rejected import SET_ASIDE
from schemas.sources import sources
from streams.kafka import lag, topics
from streams.kafka.outgoing import Outgoing, producer_config
from streams.kafka.packing import blocks, envelopes, tick_envelope
from streams.normalising.backlog import Backlog
from streams.normalising.intake import Intake, consumer_config, place_of
from streams.normalising.turns import ROUND_SECONDS, Turns
from streams.normalising.unsent import Unsent
from streams.site import garbage, metrics
from streams.site.context import site_of
from streams.site.settings import Settings
from streams.site.stage import Stage
from streams.site.suspects import Suspects

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

CONSUME_SECONDS = 0.1
"""A quiet topic's record waits this long for company."""
FETCH_RECORDS = 20_000
FETCH_BYTES = 32 * 2**20
"""Fetched for one round, whichever is less: memory is bounded by bytes."""
BATCHES_UNDER_WAY = 4
"""Batches that the broker has yet to confirm before no more are read."""
FEW_RECORDS = 100
"""However large or slow records are: the client holds no more bytes than its own queue."""
COMMIT_SECONDS = 0.5
"""Between commits of offsets: what a crash makes this process read again."""
LOOK_SECONDS = 0.05
"""How long news of the other topics is waited for while some wait here."""
FIRST_SECONDS = 0.000_1
"""Taken for what a record costs before the first round tells: of a new process, which remembers nothing."""
FETCHED_SHARE = 0.75
"""Of a round, how much work is fetched for it: what the clock leaves over of a round waits for the next."""
HELD_SECONDS = 1.0
"""Of work that waits, before its topics are fetched from no more. To hold one back throws away all that the
client has fetched ahead of it, up to 64 MB, and the broker sends it once more; a round that ends a little
late is no reason for that."""
REVOKED_SECONDS = 4.0
"""To get everything confirmed before partitions go to another process; what is not, it reads again."""

log = logging.getLogger("gapwatch.normalise")


def main(settings: Settings, stage: Stage) -> None:
    """Runs until the stage is asked to stop; raises where the broker refuses messages for good."""
    from confluent_kafka import Consumer, Producer

    sources()
    garbage.calm()
    consumer = Consumer(consumer_config(settings))
    producer = Producer(producer_config(settings))
    Normalising(settings, stage, consumer, producer).run()


class Normalising:
    """The loop between the consumer, the normaliser and the producer."""

    def __init__(self, settings: Settings, stage: Stage, consumer: Consumer, producer: Producer) -> None:
        self._settings = settings
        self._stage = stage
        self._consumer = consumer
        self._outgoing = Outgoing(producer)
        site = site_of(settings)
        self._normaliser = Normaliser(
            site.reads.key, settings.record_limit, trust=site.reads, skew=site.thresholds.skew
        )
        self._watermarks = Watermarks()
        self._busy: Counter[Partition] = Counter()
        self._done: dict[Partition, int] = {}
        self._owned: set[Partition] = set()
        self._intake = Intake(settings)
        # None: the end of the partition.
        self._turns: Turns[tuple[Partition, Message | None]] = Turns()
        self._unsent = Unsent()
        self._suspects = Suspects(stage)
        self._paused: set[str] = set()
        self._backlog = Backlog(lambda: lag.behind(settings, "correlate"), settings.facts_backlog)
        self._waits = False
        self._record_bytes, self._record_seconds = 1_000.0, FIRST_SECONDS
        self._next_commit = self._next_tick = 0.0
        self._topics = {name: topics.name(settings, name) for name in topics.DERIVED}

    def run(self) -> None:
        """Works until the stage is asked to stop; then what was read is finished and committed."""
        self._consumer.subscribe(
            [topics.raw_pattern(self._settings)],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )
        self._backlog.watch(self._stage.stopping)
        try:
            while not self._stage.stopping.is_set():
                self._round()
            self._finish(self._settings.stop_deadline.total_seconds() / 2)
            self._suspects.end()
        finally:
            self._consumer.close()

    def _round(self) -> None:
        full = len(self._outgoing) >= BATCHES_UNDER_WAY
        self._outgoing.settle(CONSUME_SECONDS if full else 0.0)
        if self._backlog.waits != self._waits:
            self._wait(self._backlog.waits)
        if not full:
            patience = LOOK_SECONDS if self._turns else CONSUME_SECONDS
            wanted = max(FEW_RECORDS, self._wanted() - len(self._turns))
            self._hear(self._consumer.consume(wanted, patience))
            self._work()
            self._hold_back()
        now = time.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + self._settings.tick_interval.total_seconds()
            self._tick()
        if now >= self._next_commit:
            self._next_commit = now + COMMIT_SECONDS
            self._commit()

    def _wanted(self) -> int:
        """How many records to fetch: what one round can work off and memory holds."""
        in_time = FETCHED_SHARE * ROUND_SECONDS / self._record_seconds
        in_memory = FETCH_BYTES / self._record_bytes
        return int(min(FETCH_RECORDS, max(FEW_RECORDS, min(in_memory, in_time))))

    def _hear(self, messages: list[Message]) -> None:
        """Lets what was fetched wait for its turn; the end of a partition comes after what is before it."""
        heard: defaultdict[str, list[tuple[Partition, Message | None]]] = defaultdict(list)
        for message in messages:
            place = place_of(message)
            error = message.error()
            if error is None:
                heard[place[0]].append((place, message))
            elif _is_end(error):
                heard[place[0]].append((place, None))
            else:
                self._trouble(error, place)
        for topic, waiting in heard.items():
            self._watermarks.has_more({place for place, message in waiting if message is not None})
            self._turns.extend(topic, waiting)

    def _work(self) -> None:
        """Reads records by turns, and sends what they and those before them gave once it is a batch."""
        processed, began, careful = _now(), time.monotonic(), self._suspects.careful
        offsets, record_of, take = self._unsent.offsets, self._intake.record, self._normaliser.take
        size = count = 0
        for place, message in self._turns.round():
            if message is None:
                self._watermarks.reached_end(place)
                continue
            record = record_of(message, place, processed)
            offsets[place] = record.offset + 1
            size += len(record.body)
            count += 1
            if careful:
                self._take_carefully(record, place)
            else:
                take(record)
        if count:
            # Records may be empty.
            self._record_bytes = max(1.0, size / count)
            self._record_seconds = max(1e-9, (time.monotonic() - began) / count)
            self._unsent.add(count, size)
        if careful or self._unsent.enough(self._unread):
            self._send_read()

    def _take_carefully(self, record: Record, place: Partition) -> None:
        at = (*place, record.offset)
        if self._suspects.set_aside(at):
            log.error("%s, partition %d, offset %d is set aside: normalise died over it", *at)
            self._normaliser.refuse(record, SET_ASIDE)
            return
        with self._suspects.over(at):
            self._normaliser.take(record)

    def _hold_back(self) -> None:
        """Fetches nothing of the topics of which much still waits here: what comes of others is seen at
        once."""
        if self._waits:
            return
        much = len(self._turns) * self._record_seconds >= HELD_SECONDS
        waiting = self._turns.topics if much else set()
        for held, change in ((True, waiting - self._paused), (False, self._paused - waiting)):
            places = [_topic_partition(*place) for place in self._owned if place[0] in change]
            if places:
                (self._consumer.pause if held else self._consumer.resume)(places)
        self._paused = waiting

    def _wait(self, waits: bool) -> None:
        """Fetches nothing more until correlate has caught up, or goes on; the group is served meanwhile."""
        self._waits = waits
        places = [_topic_partition(*place) for place in self._owned if waits or place[0] not in self._paused]
        if places:
            (self._consumer.pause if waits else self._consumer.resume)(places)

    def _trouble(self, error: KafkaError, place: Partition) -> None:
        """It is logged, and the client goes on trying."""
        from confluent_kafka import KafkaException

        if error.fatal():
            raise KafkaException(error)
        log.error("reading %s: %s", place[0], error.str())

    def _send_read(self) -> None:
        """Sends what the records read by now gave, as one consignment."""
        if self._unsent:
            unsent, self._unsent = self._unsent, Unsent()
            self._send(self._normaliser.drain(), unsent.offsets)

    def _send(self, batch: Batch, offsets: dict[Partition, int]) -> None:
        self._busy.update(offsets.keys())
        consignment = self._outgoing.open(partial(self._arrived, offsets, batch.newest))
        for block in blocks(batch.activities):
            self._outgoing.send(consignment, self._topics[topics.ACTIVITIES], block)
        for block in blocks(map(msgspec.json.encode, batch.rejects)):
            self._outgoing.send(consignment, self._topics[topics.REJECTS], block)
        for partition, body in envelopes(batch.facts, self._settings.partitions):
            self._outgoing.send(consignment, self._topics[topics.FACTS], body, partition)
        consignment.complete()
        _count(batch)

    def _arrived(self, offsets: dict[Partition, int], newest: dict[tuple[str, str, int], int]) -> None:
        """The broker has all of a batch: its offsets may be committed and its times told."""
        self._busy.subtract(offsets.keys())
        self._watermarks.worked_off({key: at for key, at in newest.items() if key[1:] in self._owned})
        self._done.update((place, offset) for place, offset in offsets.items() if place in self._owned)

    def _tick(self) -> None:
        """Tells every facts partition the time. A tick that is lost is made good by the next one."""
        busy = {place for place, batches in self._busy.items() if batches > 0} | self._unsent.offsets.keys()
        if self._backlog.hides_ends:
            busy = self._owned
        body = tick_envelope(Tick(_now(), self._watermarks.tell(_now(), busy)))
        consignment = self._outgoing.open(lambda: None)
        for partition in range(self._settings.partitions):
            self._outgoing.send(consignment, self._topics[topics.FACTS], body, partition)
        consignment.complete()
        metrics.LAG.labels("normalise").set(self._unread())

    def _commit(self, wait: bool = False) -> None:
        from confluent_kafka import KafkaException

        done, self._done = self._done, {}
        if not done:
            return
        offsets = [_topic_partition(*place, offset) for place, offset in done.items()]
        try:
            if wait:
                self._consumer.commit(offsets=offsets, asynchronous=False)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            # Somebody else may own them by now; what is not committed is read again.
            log.warning("offsets not committed: %s", error.args[0].str())

    def _finish(self, seconds: float) -> None:
        """Waits until everything read is confirmed, then commits it."""
        end = time.monotonic() + seconds
        self._send_read()
        while len(self._outgoing) and (left := end - time.monotonic()) > 0:
            self._outgoing.settle(min(left, CONSUME_SECONDS))
        self._commit(wait=True)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._owned = {(p.topic, p.partition) for p in partitions}
        # A new assignment is read from what was committed.
        self._turns = Turns()
        if self._waits:
            consumer.assign(partitions)
            consumer.pause(partitions)
        self._stage.ready()
        log.info("reads %d partitions", len(partitions))
        for topic in topics.unreadable(self._settings, {p.topic for p in partitions}):
            log.error("every record of %s is a reject: %s", topic, NO_SUCH_SOURCE)

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._finish(REVOKED_SECONDS)
        self._lost(_, partitions)

    def _lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {(p.topic, p.partition) for p in partitions}
        self._owned -= gone
        self._turns.keep(lambda waiting: waiting[0] not in gone)
        self._done = {place: offset for place, offset in self._done.items() if place not in gone}
        self._watermarks.forget(gone)

    def _unread(self) -> int:
        """Records of our partitions that were not fetched yet, as far as the last fetch told."""
        from confluent_kafka import KafkaException

        unread = 0
        with suppress(KafkaException):
            for at in self._consumer.position([_topic_partition(*place) for place in self._owned]):
                _, high = self._consumer.get_watermark_offsets(at, cached=True)
                unread += max(0, high - max(at.offset, 0))
        return unread


def _count(batch: Batch) -> None:
    for source, count in batch.records.items():
        metrics.RECORDS.labels(source).inc(count)
    for source, count in batch.read.items():
        metrics.ACTIVITIES.labels(source).inc(count)
    for source, count in batch.ahead.items():
        metrics.AHEAD.labels(source).inc(count)
    metrics.FACTS.labels("all").inc(len(batch.facts))
    for source, count in Counter(reject.source for reject in batch.rejects).items():
        metrics.REJECTS.labels(source).inc(count)


def _topic_partition(topic: str, partition: int, offset: int = -1001) -> TopicPartition:
    from confluent_kafka import TopicPartition

    return TopicPartition(topic, partition, offset)


def _is_end(error: KafkaError) -> bool:
    from confluent_kafka import KafkaError as Codes

    return error.code() == Codes._PARTITION_EOF


def _now() -> int:
    return time.time_ns() * SECOND // 1_000_000_000
