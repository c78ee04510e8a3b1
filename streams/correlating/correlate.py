"""The correlate stage: a Faust worker with one table of dossiers; facts in; findings, assurance and
dossiers out."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec

from correlators.kernel.catalogue import controls
from schemas.fact import partition_of
from schemas.rejected import set_aside_row
from schemas.rosters import draw_with
from streams.correlating.faust_app import (
    CHANGELOG_SEGMENT_BYTES,
    SESSION_SECONDS,
    TABLE,
    changelog,
    make_app,
    quieten,
)
from streams.correlating.fence import EPOCH, Fence
from streams.correlating.messages import Message
from streams.correlating.pulse import Pulse
from streams.correlating.restore import restore as restore
from streams.correlating.sequence import Sequence
from streams.correlating.writebehind import WriteBehind
from streams.kafka import topics
from streams.kafka.connection import no_answer
from streams.site import garbage, metrics
from streams.site.errors import Stop
from streams.site.settings import Settings
from streams.site.sitekey import site_key
from streams.site.stage import Stage
from streams.site.suspects import Suspects

LOOK_SECONDS = 0.05
DRAIN_SHARE = 0.3
"""Of the stop deadline: time to work off what an embedded broker would forget."""

log = logging.getLogger("gapwatch.correlate")


def main(settings: Settings, stage: Stage) -> None:
    """Runs one worker until the stage is asked to stop. Raises Stop where the topics do not fit the
    settings."""
    garbage.calm()
    quieten()
    _check_partitions(settings)
    draw_with(site_key(settings))
    asyncio.run(Worker(settings, stage).run())


class Worker:
    """A Faust app with its agent, and the write-behind between the app and Kafka."""

    def __init__(self, settings: Settings, stage: Stage) -> None:
        self._settings = settings
        self._stage = stage
        self._embedded = bool(stage.broker_id)
        self._sequence = Sequence()
        self._app = make_app(settings, stage.worker, self._sequence.sought)
        self._table = self._app.Table(
            TABLE,
            key_type=bytes,
            value_type=bytes,
            partitions=settings.partitions,
            extra_topic_configs={"segment.bytes": str(CHANGELOG_SEGMENT_BYTES)},
        )
        self._fence = Fence(
            self._table.apply_changelog_batch, lambda: self._table.data, settings.dossier_limit
        )
        self._table.apply_changelog_batch = self._fence.apply
        self._pulse = Pulse(SESSION_SECONDS)
        self._epoch = 0
        self._topics = {name: self._topic(topics.name(settings, name)) for name in topics.DERIVED}
        self._write_behind = WriteBehind(
            controls(),
            self,
            self._load,
            self._stored,
            lambda topic: topics.source_and_instance(settings, topic)[0],
            settings.partitions,
            settings.flush_interval.total_seconds(),
            settings.dossier_limit,
            settings.thresholds,
            settings.believed,
            settings.freshness,
        )
        self._suspects = Suspects(stage)
        self._failure: BaseException | None = None
        self._app.agent(self._topics[topics.FACTS], name="correlate")(self._correlate)
        self._app.on_partitions_revoked.connect(self._revoked)
        self._app.on_partitions_assigned.connect(self._assigned)
        self._app.on_rebalance_complete.connect(self._complete)

    async def run(self) -> None:
        """Works until the stage is asked to stop, then flushes what was taken. Raises the error that
        stopped the worker, if one did."""
        self._pulse.start()
        await self._app.start()
        try:
            while not self._stage.stopping.is_set() and not self._crashed():
                await asyncio.sleep(LOOK_SECONDS)
                if self._write_behind.due(self._behind):
                    await self._flush()
                    metrics.LAG.labels("correlate").set(self._behind())
                await self._unstall()
            if not self._crashed():
                await self._finish()
                self._suspects.end()
        finally:
            await self._app.stop()
        if self._crashed():
            raise self._failure or self._app.crash_reason or RuntimeError("the worker stopped by itself")

    async def _unstall(self) -> None:
        now = time.monotonic()
        if self._app.in_recovery:
            self._sequence.recovering(self._fence.applied, now)
            return
        for partition, due in self._sequence.stalled(self._ends(), now):
            await self._app.consumer.go_back(self._place(partition), due)

    def _crashed(self) -> bool:
        return self._failure is not None or bool(self._app.crashed)

    async def _correlate(self, stream: Any) -> None:
        """The agent: joins the facts of each envelope. It waits for a flush only when too much is
        unsettled."""
        try:
            async for event in stream.noack().events():
                partition, offset = event.message.partition, event.message.offset
                if not self._sequence.takes(partition, offset):
                    continue
                if self._suspects.careful:
                    await self._take_carefully(event)
                else:
                    self._write_behind.take(partition, event, event.value)
                if self._write_behind.crowded:
                    await self._flush()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # Faust would start the agent again over half a state; a new process starts over a whole one.
            log.exception("the worker cannot go on")
            self._failure = error
            raise

    async def _flush(self, judging: Callable[[], AbstractContextManager[object]] = nullcontext) -> None:
        began = time.monotonic()
        await self._write_behind.flush(judging)
        self._sequence.busy(time.monotonic() - began)

    async def _take_carefully(self, event: Any) -> None:
        place = event.message.topic, event.message.partition, event.message.offset
        if self._suspects.set_aside(place):
            log.error("%s, partition %d, offset %d is set aside: correlate died over it", *place)
            row = msgspec.json.encode(set_aside_row("correlate", place, len(event.value))) + b"\n"
            await (await self.send(Message(topics.REJECTS, row)))
            self._write_behind.pass_over(event.message.partition, event)
            return
        with self._suspects.over(place):
            self._write_behind.take(event.message.partition, event, event.value)
        await self._flush(judging=lambda: self._suspects.over(place))

    def _still_ours(self) -> None:
        """Ends this process at once where it was stopped beyond its session: what it holds comes again in the
        worker that has the partitions now, and an orderly end would still write it."""
        if self._pulse.lost:
            log.error("was stopped for more than %.0f s; its partitions are another's", SESSION_SECONDS)
            os._exit(1)

    async def send(self, message: Message) -> Awaitable[object]:
        """Hands a message to Faust's producer; the answer is awaited until the broker has it."""
        self._still_ours()
        sent: Awaitable[object] = await self._topics[message.topic].send(
            key=message.key,
            value=message.value,
            partition=message.partition,
            headers=dict(message.headers) or None,
            force=True,
        )
        return sent

    async def store(self, partition: int, key: str, body: bytes | None) -> Awaitable[object]:
        """Writes one dossier (None: its end) to the changelog, with the epoch in which this worker was
        given the partition."""
        self._still_ours()
        sent: Awaitable[object] = await self._table.changelog_topic.send(
            key=key.encode(),
            value=body,
            partition=partition,
            key_serializer="raw",
            value_serializer="raw",
            headers={EPOCH: str(self._epoch).encode()},
            force=True,
        )
        return sent

    def keep(self, partition: int, key: str, body: bytes | None) -> None:
        """Puts a dossier that the changelog has confirmed into the table (None takes it out)."""
        if body is None:
            self._table.data.pop(key.encode(), None)
        else:
            self._table.data[key.encode()] = body

    def _load(self, key: str) -> bytes | None:
        body: bytes | None = self._table.data.get(key.encode())
        return body

    def _stored(self, partition: int) -> Iterator[str]:
        for key in list(self._table.data):
            if partition_of(name := key.decode(), self._settings.partitions) == partition:
                yield name

    def _topic(self, name: str) -> Any:
        return self._app.topic(
            name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )

    async def _revoked(self, *_: Any, **__: Any) -> None:
        self._write_behind.drop()
        self._sequence.forget()

    async def _assigned(self, _: Any, assigned: Any, **__: Any) -> None:
        """Dossiers of partitions that went away are dropped: they come from the changelog if ever they
        return."""
        self._epoch = time.time_ns() // 1_000_000
        self._fence.rewind()
        facts = topics.name(self._settings, topics.FACTS)
        mine = {tp.partition for tp in assigned if tp.topic == facts}
        for key in list(self._table.data):
            if partition_of(key.decode(), self._settings.partitions) not in mine:
                self._table.data.pop(key, None)
        log.info("has %d of %d partitions", len(mine), self._settings.partitions)

    async def _complete(self, *_: Any, **__: Any) -> None:
        self._stage.ready()

    async def _finish(self) -> None:
        """A last flush. An embedded broker forgets what nobody took, so its topic is worked off first,
        within limits."""
        self._write_behind.hasten()
        end = time.monotonic() + self._settings.stop_deadline.total_seconds() * DRAIN_SHARE
        while (await self._write_behind.flush() or self._behind()) and self._embedded:
            if time.monotonic() > end:
                log.warning("stops with %d messages of the facts topic unread", self._behind())
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _behind(self) -> int:
        """Messages of our partitions that were not taken yet, as far as the last fetch told."""
        return sum(max(0, end - self._sequence[partition]) for partition, end in self._ends().items())

    def _ends(self) -> dict[int, int]:
        """Where our partitions end, as far as the last fetch told."""
        highwater = self._app.consumer.highwater
        return {partition: highwater(self._place(partition)) or 0 for partition in self._sequence}

    def _place(self, partition: int) -> Any:
        from faust.types import TP

        return TP(topics.name(self._settings, topics.FACTS), partition)


def _check_partitions(settings: Settings) -> None:
    """A dossier's changes must be in the partition of its facts, or another worker would not find it."""
    from confluent_kafka import KafkaException

    try:
        there = topics.admin_client(settings).list_topics(timeout=topics.ADMIN_TIMEOUT_SECONDS).topics
    except KafkaException as error:
        raise no_answer(settings, error) from None
    for name in (topics.name(settings, topics.FACTS), changelog(settings)):
        if name in there and len(there[name].partitions) != settings.partitions:
            raise Stop(
                f"The topic {name} has {len(there[name].partitions)} partitions, the setting partitions says "
                f"{settings.partitions}.\n"
                "Set partitions back, or choose another topic_prefix: the state comes back from ClickHouse.",
                code=2,
            )
