"""A pool of read-only clients of the embedded engine, each used by one query at a time."""

from __future__ import annotations

import queue
import re
import threading
import uuid
from dataclasses import dataclass, field

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.clickhouse import sql_gate
from streams.clickhouse.engine import Engine, Limits
from streams.clickhouse.http_query import HttpQuery

UNKNOWN_SETTING = 115
QUERY_WAS_CANCELLED = 394
_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "r": "\r", "n": "\n", "t": "\t", "0": "\0"}


@dataclass(frozen=True)
class Answer:
    """Bytes of a result and the format they are in."""

    body: bytes
    format: str


@dataclass
class Ticket:
    """A query on its way: by its mark it is told in the engine."""

    mark: str = field(default_factory=lambda: f"/* gapwatch {uuid.uuid4().hex} */")
    begun: bool = False
    gone: bool = False
    ended: threading.Event = field(default_factory=threading.Event)


class Readers:
    """`ask` may be called by many threads; as many queries as there are clients run at once, others wait."""

    def __init__(self, engine: Engine, size: int, limits: Limits | None = None) -> None:
        self._engine = engine
        self._size = size
        self._limits = limits
        self._gate = _gate(engine)
        self._free: queue.SimpleQueue[Client | None] = queue.SimpleQueue()
        for _ in range(size):
            self._free.put(engine.reader(limits))

    @property
    def busy(self) -> bool:
        """Whether a query runs."""
        return self._free.qsize() < self._size

    def ask(self, query: HttpQuery, ticket: Ticket) -> Answer:
        """Runs one query that only reads. Raises RefusedError or the engine's ClickHouseError."""
        ticket.begun = True
        try:
            return self._ask_one(query, ticket)
        finally:
            ticket.ended.set()

    def _ask_one(self, query: HttpQuery, ticket: Ticket) -> Answer:
        client = self._free.get() or self._engine.reader(self._limits)
        try:
            answer = self._ask(client, query, ticket)
        except ClickHouseError:
            # What a failed query had already written would stand before the next answer of the same handle.
            self._engine.discard(client)
            self._free.put(None)
            raise
        except BaseException:
            self._free.put(client)
            raise
        self._free.put(client)
        return answer

    def _ask(self, client: Client, query: HttpQuery, ticket: Ticket) -> Answer:
        for name, value in query.settings.items():
            _ask_for_setting(client, name, value)
        text, parameters = sql_gate.canonical(client, query.text), query.parameters
        wanted = {
            name: unescape(parameters[name]) for name in sql_gate.parameters_of(text) & parameters.keys()
        }
        self._gate.admit(text, wanted)
        asked = sql_gate.format_of(text)
        if ticket.gone:
            raise sql_gate.RefusedError(QUERY_WAS_CANCELLED, "QUERY_WAS_CANCELLED", "Nobody waits for it.")
        form = None if asked else query.format
        body = client.raw_query(f"{ticket.mark} {text}", parameters=wanted or None, fmt=form)
        return Answer(body, asked or query.format)


def _gate(engine: Engine) -> sql_gate.Gate:
    client = engine.writer()
    try:
        return sql_gate.Gate.of(client, engine.database)
    finally:
        engine.discard(client)


def _ask_for_setting(client: Client, name: str, value: str) -> None:
    """Lets the engine refuse a changed setting; one that has this value already passes, as on a server."""
    if not _NAME.match(name):
        raise sql_gate.RefusedError(UNKNOWN_SETTING, "UNKNOWN_SETTING", f"Unknown setting {name!r}.")
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    client.command(f"SET {name} = '{quoted}'")


def unescape(value: str) -> str | None:
    """Returns a parameter's text: over HTTP it comes escaped as in TabSeparated (\\t, \\n, \\\\), null as
    \\N."""
    if value == "\\N":
        return None
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), value)
