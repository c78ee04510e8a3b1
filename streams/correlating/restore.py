"""Restore: sends the dossiers of ClickHouse to the facts topic of a broker that has lost them or starts
empty. A dossier is a fact, so sending one that is known already changes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from schemas.dossier import EMPTY
from schemas.fact import WATCH, Fact
from streams.clickhouse import query
from streams.kafka import topics
from streams.kafka.outgoing import Consignment, LostMessageError, Outgoing, producer_config
from streams.kafka.packing import envelopes, hold_envelope
from streams.site.errors import NotRunning, Stop
from streams.site.settings import Settings

PAGE_ROWS = 20_000
"""Rows asked for at once; fewer where a page of large dossiers exceeds what the endpoint answers."""
UNDER_WAY = 50
"""Consignments not yet confirmed before no more is read: bounds memory."""
CONSIGNMENT_FACTS = 500
PAGE = """
SELECT key, version, body FROM {internal}.dossiers
WHERE key >= {key:String} AND (key > {key:String} OR version > {version:UInt64})
ORDER BY key, version LIMIT {rows:UInt32}
"""

COUNT = "SELECT uniqExact(key) AS keys FROM {internal}.dossiers"
HOLD_SECONDS = 60.0
"""For so long nothing is judged without another word: a rebuild that died keeps nothing back for longer."""

log = logging.getLogger("gapwatch.restore")


class Row(msgspec.Struct):
    """One row of the table. ``body`` is empty where the key was deleted."""

    key: str
    version: int
    body: str


Ask = Callable[[str, dict[str, str]], bytes]
"""Answers a query with JSON lines."""
Progress = Callable[[int], None]
"""Takes how many dossiers were sent."""


class Sending(Protocol):
    """Where messages go: ``streams.kafka.outgoing.Outgoing``."""

    def __len__(self) -> int: ...

    def open(self, on_arrival: Callable[[], None]) -> Consignment:
        """Returns a new consignment."""

    def send(self, consignment: Consignment, topic: str, body: bytes, partition: int | None = None) -> None:
        """Hands a message over."""

    def settle(self, wait: float = 0.0) -> None:
        """Waits for what arrives."""


_decode_row = msgspec.json.Decoder(Row, strict=False).decode


def restore(settings: Settings, progress: Progress = lambda sent: None) -> int:
    """Sends every stored dossier. Returns their number once the broker has confirmed all of them. Raises
    NotRunning if the SQL endpoint or the broker does not answer."""
    from confluent_kafka import Producer

    return send_back(settings, _asking(settings), Outgoing(Producer(producer_config(settings))), progress)


def stored_keys(settings: Settings) -> int:
    """Returns how many dossiers are stored, those whose key was deleted counted too."""
    (row,) = query.rows(settings, COUNT)
    return int(row["keys"])


def send_back(
    settings: Settings,
    ask: Ask,
    outgoing: Sending,
    progress: Progress = lambda sent: None,
    now: Callable[[], float] = time.time,
) -> int:
    """Does what ``restore`` does. Until all dossiers are there nothing is judged: a dossier that is not whole
    would say things that were never so, and say again what was said."""
    sent, held = 0, _hold(settings, outgoing, now())
    batch: list[Fact] = []
    try:
        _arrived(outgoing)
        for fact in dossiers(rows(ask)):
            batch.append(fact)
            sent += 1
            if len(batch) >= CONSIGNMENT_FACTS:
                _send(settings, outgoing, batch)
                batch = []
                progress(sent)
                if now() > held - HOLD_SECONDS / 2:
                    held = _hold(settings, outgoing, now())
        _send(settings, outgoing, batch)
        _arrived(outgoing)
        _hold(settings, outgoing, 0.0)
        _arrived(outgoing)
    except LostMessageError as error:
        raise NotRunning(f"The stored dossiers could not be sent back: {error}") from None
    progress(sent)
    log.info("%d dossiers restored", sent)
    return sent


def _asking(settings: Settings) -> Ask:
    def ask(sql: str, parameters: dict[str, str]) -> bytes:
        return b"".join(query.ask(settings, query.placed(settings, sql), "JSONEachRow", parameters))

    return ask


def _hold(settings: Settings, outgoing: Sending, now: float) -> float:
    """Tells every partition until when to judge nothing, and returns it; at the time 0 that it is over."""
    until = now + HOLD_SECONDS if now else 0.0
    consignment = outgoing.open(lambda: None)
    for partition in range(settings.partitions):
        body = hold_envelope(int(until * 1e6) or 1)
        outgoing.send(consignment, topics.name(settings, topics.FACTS), body, partition)
    consignment.complete()
    return until


def _arrived(outgoing: Sending) -> None:
    while len(outgoing):
        outgoing.settle(0.1)


def rows(ask: Ask, page: int = PAGE_ROWS) -> Iterator[Row]:
    """Yields all rows in order of key and version, a page at a time."""
    key, version = "", 0
    while True:
        try:
            answer = ask(PAGE, {"key": key, "version": str(version), "rows": str(page)})
        except Stop as stop:
            if isinstance(stop, NotRunning) or page == 1:
                raise
            page = max(1, page // 4)
            continue
        found = [_decode_row(line) for line in answer.splitlines()]
        yield from found
        if len(found) < page:
            return
        key, version = found[-1].key, found[-1].version


def dossiers(found: Iterable[Row]) -> Iterator[Fact]:
    """Yields for each key the join of all rows since its last deletion. What the sources have shown goes
    to every partition, because the number of partitions may be another one now."""
    key, known = "", EMPTY
    for row in found:
        if row.key != key:
            if known is not EMPTY:
                yield _for(key), known
            key, known = row.key, EMPTY
        known = join(known, known_by(row.body)) if row.body else EMPTY
    if known is not EMPTY:
        yield _for(key), known


def _for(key: str) -> str:
    return WATCH if key.startswith(WATCH) else key


def _send(settings: Settings, outgoing: Sending, facts: list[Fact]) -> None:
    consignment = outgoing.open(lambda: None)
    topic = topics.name(settings, topics.FACTS)
    for partition, body in envelopes(facts, settings.partitions):
        outgoing.send(consignment, topic, body, partition)
    consignment.complete()
    outgoing.settle()
    while len(outgoing) > UNDER_WAY:
        outgoing.settle(0.1)
