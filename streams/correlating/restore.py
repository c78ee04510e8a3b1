"""Restore: sends the dossiers of ClickHouse to the facts topic of a broker that starts empty. A dossier
is a fact."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

import msgspec

from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from schemas.dossier import EMPTY
from schemas.fact import WATCH, Fact
from streams.clickhouse import query
from streams.kafka import topics
from streams.kafka.outgoing import LostMessageError, Outgoing, producer_config
from streams.kafka.packing import envelopes
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

log = logging.getLogger("gapwatch.restore")


class Row(msgspec.Struct):
    """One row of the table. ``body`` is empty where the key was deleted."""

    key: str
    version: int
    body: str


Ask = Callable[[str, dict[str, str]], bytes]
"""Answers a query with JSON lines."""

_decode_row = msgspec.json.Decoder(Row, strict=False).decode


def restore(settings: Settings) -> int:
    """Sends every stored dossier. Returns their number once the broker has confirmed all of them. Raises
    NotRunning if the SQL endpoint or the broker does not answer."""
    from confluent_kafka import Producer

    def ask(sql: str, parameters: dict[str, str]) -> bytes:
        return b"".join(query.ask(settings, query.placed(settings, sql), "JSONEachRow", parameters))

    outgoing = Outgoing(Producer(producer_config(settings)))
    sent = 0
    batch: list[Fact] = []
    try:
        for fact in dossiers(rows(ask)):
            batch.append(fact)
            sent += 1
            if len(batch) >= CONSIGNMENT_FACTS:
                _send(settings, outgoing, batch)
                batch = []
        _send(settings, outgoing, batch)
        while len(outgoing):
            outgoing.settle(0.1)
    except LostMessageError as error:
        raise NotRunning(f"The stored dossiers could not be sent back: {error}") from None
    log.info("%d dossiers restored", sent)
    return sent


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


def _send(settings: Settings, outgoing: Outgoing, facts: list[Fact]) -> None:
    consignment = outgoing.open(lambda: None)
    topic = topics.name(settings, topics.FACTS)
    for partition, body in envelopes(facts, settings.partitions):
        outgoing.send(consignment, topic, body, partition)
    consignment.complete()
    outgoing.settle()
    while len(outgoing) > UNDER_WAY:
        outgoing.settle(0.1)
