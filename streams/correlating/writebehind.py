"""Write-behind: dossiers live decoded in memory and are written once per flush, and a crash loses nothing.

A flush has four steps. First, dossiers with new findings are stored together with the reports that are
about to be sent. Second, the reports are sent and confirmed. Third, the other dossiers are stored.
Fourth, the events are acknowledged. A crash before the fourth step repeats events, and joins make the
repetition harmless. A report that was already sent is then sent again under the same id, or is taken back
if its finding is over by then.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import msgspec

from correlators.driver.partition import Judging, Partition
from correlators.kernel.caps import DOSSIER_BYTES_MAX
from correlators.kernel.catalogue import Judge
from correlators.kernel.correlator import Settled
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from schemas.authority import PAGES_ONLY, Authority
from schemas.stored import read_envelope
from streams.correlating.messages import Message, messages
from streams.correlating.pace import Pace
from streams.site import metrics

EVENTS_MAX = 2_000
"""Unacknowledged envelopes of one partition at which a flush does not wait for the interval."""

TURN_MAX = 1_000
"""Dossiers of one partition that are settled in one flush, half a second's work, while no more envelopes than
``EVENTS_MAX`` wait: what comes meanwhile does not stand behind twenty thousand of one source
(``correlators.kernel.waiting``)."""

log = logging.getLogger("gapwatch.correlate")


class Event(Protocol):
    """A message of the facts topic that is acknowledged by hand."""

    def ack(self) -> object:
        """Tells Faust that this message need not come again."""


@dataclass
class Assigned:
    """What a worker holds of one partition of the facts topic: the partition, and its events that are not
    acknowledged yet."""

    partition: Partition
    events: list[Event] = field(default_factory=list)
    hastened: bool = False

    def settle(self) -> tuple[Settled, list[Event]]:
        """Returns the messages to send now, and the events that may be acknowledged once these are sent
        and the dossiers stored. Returns no events before the time is known, and none while dossiers wait
        for their turn."""
        if not self.partition.timed:
            return Settled(), []
        full = self.hastened or len(self.events) >= EVENTS_MAX
        settled = self.partition.settle(sys.maxsize if full else TURN_MAX)
        if self.partition.behind:
            return settled, []
        events, self.events = self.events, []
        return settled, events


class Outlet(Protocol):
    """Where a flush goes. Both methods return once the message is handed over, with a future that is done
    once the message is confirmed."""

    async def send(self, message: Message) -> Awaitable[object]:
        """Hands over a message of findings, assurance or forwards."""

    async def store(self, partition: int, key: str, body: bytes | None) -> Awaitable[object]:
        """Hands over a dossier for the changelog (None: its end)."""

    def keep(self, partition: int, key: str, body: bytes | None) -> None:
        """Makes a dossier whose storing is confirmed available to ``load``."""


class WriteBehind:
    """All partitions of this worker. ``stored`` lists the keys of a partition, ``load`` gives a stored
    dossier."""

    def __init__(
        self,
        controls: Mapping[str, Judge],
        outlet: Outlet,
        load: Callable[[str], bytes | None],
        stored: Callable[[int], Iterable[str]],
        source_of: Callable[[str], str],
        partitions: int,
        flush_seconds: float,
        dossier_limit: int = DOSSIER_BYTES_MAX,
        thresholds: Thresholds = DEFAULTS,
        authority: Authority = PAGES_ONLY,
        freshness: Mapping[str, timedelta] | None = None,
    ) -> None:
        self._judging = Judging(controls, thresholds, dossier_limit, True, source_of, authority)
        self._controls = controls
        self._freshness = freshness or {}
        self._outlet = outlet
        self._load = load
        self._stored = stored
        self._partitions = partitions
        self._assigned: dict[int, Assigned] = {}
        self._lock = asyncio.Lock()
        self._pace = Pace(flush_seconds)
        self.crowded = False

    def take(self, partition: int, event: Event, body: bytes) -> None:
        """Joins the facts of one envelope. An envelope that cannot be decoded is passed over: no
        normaliser of ours wrote it."""
        held = self._assigned.get(partition) or self._open(partition)
        held.events.append(event)
        self.crowded = self.crowded or len(held.events) >= EVENTS_MAX
        try:
            envelope = read_envelope(body)
        except msgspec.DecodeError as error:
            log.error("a message of the facts topic, partition %d, is no envelope: %s", partition, error)
            return
        if envelope.tick is not None:
            self._pace.heard(envelope.tick)
        if envelope.hold:
            held.partition.hold(envelope.hold)
        held.partition.take(envelope.facts, envelope.tick)

    def pass_over(self, partition: int, event: Event) -> None:
        """Notes an event that is acknowledged with the others although nothing of it is taken."""
        (self._assigned.get(partition) or self._open(partition)).events.append(event)

    def due(self, waiting: Callable[[], int]) -> bool:
        """Says whether it is time for a flush. ``waiting``: how many messages wait to be taken."""
        return self._pace.due(waiting)

    def hasten(self) -> None:
        """Makes the next flush, which is the last one, send what was held back."""
        for held in self._assigned.values():
            held.partition.hasten()
            held.hastened = True

    def drop(self) -> None:
        """Forgets everything unsettled: the partitions may belong to another worker now, and the facts
        will come again."""
        self._assigned = {}

    async def flush(self, judging: Callable[[], AbstractContextManager[object]] = nullcontext) -> int:
        """Settles all partitions. Returns the number of facts that were forwarded; raises the errors of
        sending and storing. ``judging`` is a context around the judging of each partition, which computes
        without waiting."""
        async with self._lock:
            began, self.crowded = time.monotonic(), False
            assigned = self._assigned
            settled: dict[int, Settled] = {}
            events: dict[int, list[Event]] = {}
            for partition, held in list(assigned.items()):
                with judging():
                    settled[partition], events[partition] = held.settle()
                await asyncio.sleep(0)
            self._pace.flushed(began)
            if self._assigned is assigned:
                await self._store({partition: dict(r.intents) for partition, r in settled.items()})
            if self._assigned is assigned:
                await self._say(settled.values())
            if self._assigned is assigned:
                await self._store({partition: r.dossiers for partition, r in settled.items()})
            self._pace.flushed(began)
            if self._assigned is not assigned:
                return 0
            for partition, result in settled.items():
                for key, body in result.dossiers.items():
                    self._outlet.keep(partition, key, body)
                for event in events[partition]:
                    event.ack()
            metrics.DOSSIERS.set(sum(len(held.partition) for held in assigned.values()))
            return sum(len(result.forwards) for result in settled.values())

    def _open(self, partition: int) -> Assigned:
        held = Assigned(Partition(self._judging, partition, self._load, self._stored(partition)))
        self._assigned[partition] = held
        return held

    async def _say(self, settled: Iterable[Settled]) -> None:
        waiting: list[Awaitable[object]] = []
        for result in settled:
            for key, why in result.failed:
                log.error("%s is not judged, which failed: %s", key, why)
            out = messages(result, self._controls, self._partitions, self._freshness)
            waiting += [await self._outlet.send(message) for message in out]
            _count(result)
        await _all(waiting)

    async def _store(self, dossiers: Mapping[int, Mapping[str, bytes | None]]) -> None:
        """Stores all changed dossiers; the last one of each partition by itself, after the others are
        confirmed.

        A broker may say that a partition ends where its last batch begins (Tansu 0.6 does), and a table is
        read back only to that end. With a last batch of one record nothing of a finished flush is missed, and
        what an unfinished one wrote comes again with its events.
        """
        first: list[Awaitable[object]] = []
        last: list[tuple[int, str, bytes | None]] = []
        for partition, bodies in dossiers.items():
            changed = [(partition, key, body) for key, body in bodies.items()]
            first += [await self._outlet.store(*dossier) for dossier in changed[:-1]]
            last += changed[-1:]
        await _all(first)
        await _all([await self._outlet.store(*dossier) for dossier in last])


async def _all(waiting: list[Awaitable[object]]) -> None:
    for confirmed in waiting:
        await confirmed


def _count(settled: Settled) -> None:
    now = time.time()
    for mark in settled.marks:
        metrics.CAPS.labels(mark).inc()
    for report in settled.reports:
        verdict, control = report.verdict, report.reported.control
        metrics.VERDICTS.labels(control, report.reported.value).inc()
        if report.finding:
            metrics.FINDINGS.labels(control, ("", "create", "update", "close")[report.activity]).inc()
        if report.finding and report.activity == 1 and verdict:
            arrived = max((e.arrived for e in (*verdict.claim, *verdict.evidence)), default=0)
            if arrived:
                metrics.LATENCY.observe(max(0.0, now - arrived / 1e6))
