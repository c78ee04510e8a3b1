"""The normaliser without Kafka: raw records in; rows of activities, facts and rejects out.

`gapwatch replay` and the normalise stage both run this code.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from correlators.driver.combining import Combiner
from correlators.driver.watch import Watching, rhythms
from correlators.kernel.views.thresholds import DEFAULTS
from schemas.activity import Activity
from schemas.authority import INVENTORY
from schemas.coming import AHEAD_AGE, comes_at
from schemas.dossier import EMPTY
from schemas.evidence import DEFAULT_INSTANCE, SECOND
from schemas.fact import WATCH, Fact
from schemas.failure import where
from schemas.frozen import changed, encoded
from schemas.gate import Gate
from schemas.masking import Masks
from schemas.records import SMALL, too_many
from schemas.rejected import Rejected, RejectRow
from schemas.sources import DECLARATION, Context, Reading, detect, sources

TIME_MAX = 7_258_118_400 * SECOND
"""2200-01-01. A later time is a broken clock or a wrong unit, and databases would not take it."""

PLACE = b',"topic":%b,"partition":%d,"offset":'

REJECTS_MAX = 1_000
"""Rejects of one record that are told one by one: a few MB can hold a million things that are wrong."""

ROW_BYTES_MAX = 512 * 1024
"""Bytes of one activity with all that it says; more than any log writes of one event, and half of Kafka's own
limit for a message. A larger one is a reject."""

TEXT_MAX = 500
"""Letters of a reject's place, field and reason: parts of them may have been written by anybody."""

FROM_AHEAD = "more than a day later than it came: a clock ahead, a wrong unit, or a lie"

UNKNOWN = "unknown"
"""The source of a record that no source recognises."""

NO_SOURCE = {
    UNKNOWN: "no source recognises this record",
    DECLARATION: "no declaration among logs: use `gapwatch declare`, --inventory or raw.inventory",
}
NO_SUCH_SOURCE = "there is no such source: a raw topic is named raw.<source> or raw.<source>.<installation>"
"""Why a record is not read whose topic, or content, names no source."""


class Record(NamedTuple):
    """A raw record, and where it was found. ``source``: the hint, "" for none. Times in µs, 0 for
    unknown."""

    body: bytes
    source: str = ""
    instance: str = ""
    topic: str = ""
    partition: int = -1
    offset: int = -1
    line: int = 0
    arrived: int = 0
    processed: int = 0


@dataclass
class Batch:
    """The results of several records. ``newest``: per source, topic and partition, the latest event time
    (µs) that is plausible at its arrival. ``ahead``: activities that wait for their time."""

    activities: list[bytes] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    rejects: list[RejectRow] = field(default_factory=list)
    newest: dict[tuple[str, str, int], int] = field(default_factory=dict)
    records: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    ahead: Counter[str] = field(default_factory=Counter)
    crashed: Counter[str] = field(default_factory=Counter)


class Normaliser:
    """Reads records one after the other. Whatever a record holds, ``take`` returns, and accounts for every
    event of it.

    ``mask_key`` is the site's key for secret ids; ``record_limit`` in bytes; ``watch`` sees each activity
    (may be None); ``trust`` says whose security event tokens are believed; ``skew`` (µs): how far ahead
    the clocks of producers may be. ``patient``: when a record came is unknown until all records are read
    (``release``). Declarations do not wait: a declaration of today also applies to last month's log.
    """

    def __init__(
        self,
        mask_key: bytes,
        record_limit: int = 0,
        watch: Callable[[Activity], None] | None = None,
        trust: Context | None = None,
        skew: int = DEFAULTS.skew,
        patient: bool = False,
    ) -> None:
        self._skew = skew
        self._held: list[tuple[Record, Activity, bytes]] | None = [] if patient else None
        believed = trust or Context()
        masks = believed.masks or Masks(mask_key)
        self._trust = (believed.jwks, believed.audiences, believed.unsigned_allowed, masks)
        self._key = mask_key
        self._limit = record_limit
        self._watch = watch
        self._places: dict[tuple[str, int], bytes] = {}
        self._sources = sources()
        self._came: tuple[int, int, str] | None = None
        self._context = Context()
        self._gate = Gate(masks)
        self._combiner = Combiner()
        self._watching = Watching()
        self._times: defaultdict[tuple[str, str, int], set[int]] = defaultdict(set)
        self._digested: tuple[bytes | None, str] = (None, "")
        self._batch = _empty()

    def take(self, record: Record) -> None:
        """Reads one record into the batch."""
        self._batch.records[record.source or UNKNOWN] += 1
        if self._limit and len(record.body) > self._limit:
            self._reject(record, Rejected(record.source or UNKNOWN, f"larger than {self._limit} bytes"))
            return
        reading = self._read(record)
        if reading.rejects:
            self._reject_all(record, reading.rejects)
        if activities := reading.activities:
            place = self._place(record)
            for activity in activities:
                self._keep(record, activity, place)

    def _reject_all(self, record: Record, rejects: list[Rejected]) -> None:
        for rejected in rejects[:REJECTS_MAX]:
            self._reject(record, rejected)
        if len(rejects) > REJECTS_MAX:
            more = len(rejects) - REJECTS_MAX
            self._reject(record, Rejected(rejects[0].source, f"{more:,} more rejects of this record"))

    def refuse(self, record: Record, reason: str) -> None:
        """Notes as a reject a record that could not be read from its file."""
        self._batch.records[record.source or UNKNOWN] += 1
        self._reject(record, Rejected(record.source or UNKNOWN, reason))

    def release(self, now: int, last: bool = False) -> None:
        """Takes the activities whose time has come by ``now`` (µs, 0: unknown); later ones wait to be
        released. ``last``: no record follows, so a later activity is handed on to wait for its time, or
        is a reject."""
        held, self._held = self._held or [], []
        for record, activity, place in held:
            if not last and now and activity.time > now:
                self._held.append((record, activity, place))
            else:
                self._count(record, activity, place, now)

    def drain(self) -> Batch:
        """Returns everything since the last call."""
        batch, self._batch = self._batch, _empty()
        batch.facts = list(self._combiner.drain().items())
        for (source, topic, partition), times in self._times.items():
            self._watching.saw(source, times)
            batch.newest[source, topic, partition] = max(times)
        self._times = defaultdict(set)
        shown = self._watching.drain()
        if shown is not EMPTY:
            batch.facts.append((WATCH, shown))
            batch.facts.extend(rhythms(shown))
        return batch

    def _read(self, record: Record) -> Reading:
        name = record.source
        if len(record.body) > SMALL and (crowd := too_many(record.body)):
            return Reading([], [Rejected(name or UNKNOWN, crowd)], 0)
        try:
            name = name or detect(record.body) or UNKNOWN
            source = self._sources.get(name)
            if source is None:
                return Reading([], [Rejected(name, NO_SOURCE.get(name, NO_SUCH_SOURCE))], 0)
            name = source.NAME
            reading = source.read(record.body, self._context_of(record))
        except Exception as error:
            self._batch.crashed[name or UNKNOWN] += 1
            return Reading([], [Rejected(name or UNKNOWN, f"reader failed: {where(error)}")], 0)
        if reading.activities:
            self._batch.read[name] += len(reading.activities)
        # An envelope that holds nothing is accounted for too.
        if passed := reading.passed or not (reading.activities or reading.rejects):
            self._batch.passed[name] += passed
        return reading

    def _context_of(self, record: Record) -> Context:
        """Returns what a reader knows beside the record; the same for those that came together."""
        came = record.arrived, record.processed, record.instance
        if came != self._came:
            instance = record.instance or DEFAULT_INSTANCE
            self._came = came
            self._context = Context(instance, self._key, record.arrived, record.processed, *self._trust)
        return self._context

    def _keep(self, record: Record, activity: Activity, place: bytes) -> None:
        if not 0 < activity.time < TIME_MAX:
            self._reject(record, Rejected(activity.source, "missing, or not between 1970 and 2200", "time"))
            return
        if self._watch is not None:
            self._watch(activity)
        if self._held is not None and not record.arrived and activity.source != INVENTORY:
            self._held.append((record, activity, place))
            return
        self._count(record, activity, place, record.arrived)

    def _count(self, record: Record, activity: Activity, place: bytes, now: int) -> None:
        """``now``: when it came, as far as anybody knows (µs)."""
        source, time = activity.source, activity.time
        until = 0
        if now and time > now + self._skew:
            if time > now + self._skew + AHEAD_AGE:
                self._reject(record, Rejected(source, FROM_AHEAD, "time"))
                return
            until = comes_at(time, now)
            self._batch.ahead[source] += 1
        try:
            activity = self._gate.activity(activity)
            row = self._row(activity, place)
            if len(row) > ROW_BYTES_MAX:
                self._reject(record, Rejected(source, f"larger than {ROW_BYTES_MAX:,} bytes as an activity"))
                return
            self._combiner.take(activity, until)
        except Exception as error:
            self._batch.crashed[source] += 1
            self._reject(record, Rejected(source, f"reader failed: {where(error)}"))
            return
        self._batch.activities.append(row)
        if not now or time <= now:
            self._times[source, record.topic, record.partition].add(time)

    def _row(self, activity: Activity, place: bytes) -> bytes:
        """The activity as a JSON object of its table's columns; fields at their default are left out."""
        if activity.effects:
            effects = encoded(encoded(activity.effects).decode())
            place = b',"effects":' + effects + place
            activity = changed(activity, effects=())
        return encoded(activity)[:-1] + place

    def _place(self, record: Record) -> bytes:
        """The end of a row: where the raw record is."""
        source = record.topic, record.partition
        place = self._places.get(source)
        if place is None:
            place = self._places[source] = PLACE % (encoded(record.topic), record.partition)
        return b'%b%d,"line":%d}' % (place, record.offset, record.line)

    def _digest_of(self, body: bytes) -> str:
        """Worked out once, however many events of a record are rejected."""
        if self._digested[0] is not body:
            self._digested = (body, hashlib.sha256(body).hexdigest())
        return self._digested[1]

    def _reject(self, record: Record, rejected: Rejected) -> None:
        rejected = self._gate.rejected(rejected)
        self._batch.rejects.append(
            RejectRow(
                rejected.source or record.source or UNKNOWN,
                record.instance or "default",
                record.topic,
                record.partition,
                record.offset,
                record.line,
                rejected.place[:TEXT_MAX],
                rejected.field[:TEXT_MAX],
                rejected.reason[:TEXT_MAX],
                self._digest_of(record.body),
                len(record.body),
                record.arrived,
            )
        )


def _empty() -> Batch:
    return Batch([], [], [], {}, Counter(), Counter(), Counter(), Counter(), Counter())
