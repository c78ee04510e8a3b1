"""A pool of read-only clients of the embedded engine, each used by one query at a time."""

from __future__ import annotations

import queue
import re
import threading
import uuid
from dataclasses import dataclass, field

import orjson
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.clickhouse import asked_settings, codings, compressed_blocks, native_blocks, sql_gate
from streams.clickhouse.engine import Engine, Limits, assignment, brief
from streams.clickhouse.http_query import HttpQuery

BAD_ARGUMENTS = 36
UNKNOWN_SETTING = 115
QUERY_WAS_CANCELLED = 394
_NAME = re.compile(r"[A-Za-z_]\w*\Z")


@dataclass(frozen=True)
class Answer:
    """Bytes of a result as they go out, the format they are in and the content coding around it; `size`
    of the result itself."""

    body: bytes
    format: str
    coding: str
    size: int


@dataclass(frozen=True)
class Bound:
    """A parameter's value as it came. Over HTTP it is escaped as in TabSeparated, and so the engine reads it;
    clickhouse-connect would escape a string once more, and writes what is none as it prints."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Slot:
    """A place for one query at a time: its reader, and the one that was last made for other settings."""

    plain: Client | None = None
    other: Client | None = None
    settings: dict[str, str] = field(default_factory=dict)


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
        self._free: queue.SimpleQueue[Slot] = queue.SimpleQueue()
        for _ in range(size):
            self._free.put(Slot(engine.reader(limits)))

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
        slot = self._free.get()
        try:
            result = self._ask(slot, query, ticket)
        except ClickHouseError:
            # What a failed query had already written would stand before the next answer of the same handle.
            self._empty(slot)
            raise
        finally:
            self._free.put(slot)
        # Packing is for who asked; the next query need not wait for it.
        return _going_out(query, *result)

    def _ask(self, slot: Slot, query: HttpQuery, ticket: Ticket) -> tuple[bytes, str]:
        client = slot.plain = slot.plain or self._engine.reader(self._limits)
        text = sql_gate.canonical(client, query.text)
        client = self._with_settings(slot, client, sql_gate.settings_in(text) | query.settings)
        wanted = {
            name: query.parameters[name] for name in sql_gate.parameters_of(text) & query.parameters.keys()
        }
        self._gate.admit(text, wanted)
        if ticket.gone:
            raise sql_gate.RefusedError(QUERY_WAS_CANCELLED, "QUERY_WAS_CANCELLED", "Nobody waits for it.")
        asked = sql_gate.format_of(text)
        bound = {name: Bound(value) for name, value in wanted.items()} or None
        if (asked or query.format) == "Native" and query.protocol:
            text = sql_gate.without_format(text)
            columns = _columns(client, f"{ticket.mark} ", text, bound)
            buffers = client.raw_query(f"{ticket.mark} {text}", parameters=bound, fmt="Buffers")
            return native_blocks.native(buffers, columns, query.protocol), "Native"
        body = client.raw_query(
            f"{ticket.mark} {text}", parameters=bound, fmt=None if asked else query.format
        )
        return body, asked or query.format

    def _with_settings(self, slot: Slot, plain: Client, asked: dict[str, str]) -> Client:
        limits = self._limits or self._engine.limits
        taken, left = asked_settings.sorted_out(asked, limits.settings())
        client, names = plain, ", ".join(taken)
        try:
            if taken:
                client = self._other(slot, taken)
            for name, value in left.items():
                names = name
                _ask_for_setting(client, name, value)
        except ClickHouseError as error:
            if names in str(error):
                raise
            # What cannot be read as a number or a zone is told without its name.
            self._empty(slot)
            said = f"{names}: {brief(error)}"
            raise sql_gate.RefusedError(BAD_ARGUMENTS, "BAD_ARGUMENTS", said) from None
        return client

    def _other(self, slot: Slot, taken: dict[str, str]) -> Client:
        if slot.other is None or slot.settings != taken:
            if slot.other is not None:
                self._engine.discard(slot.other)
                slot.other = None
            slot.other, slot.settings = self._engine.reader(self._limits, taken), taken
        return slot.other

    def _empty(self, slot: Slot) -> None:
        for client in filter(None, (slot.plain, slot.other)):
            self._engine.discard(client)
        slot.plain = slot.other = None


def _gate(engine: Engine) -> sql_gate.Gate:
    client = engine.writer()
    try:
        return sql_gate.Gate.of(client, (engine.database, engine.internal))
    finally:
        engine.discard(client)


def _columns(client: Client, mark: str, text: str, bound: dict[str, Bound] | None) -> list[tuple[str, str]]:
    """Names and types of what this text answers."""
    if text.startswith(("SELECT ", "WITH ", "(")):
        said = client.raw_query(f"{mark}DESCRIBE TABLE ({text})", parameters=bound, fmt="JSONCompactColumns")
        names, kinds, *_ = orjson.loads(said) or [[], []]
        return list(zip(names, kinds, strict=True))
    # SHOW, EXISTS, EXPLAIN and DESCRIBE take no time, and cannot be described.
    said = client.raw_query(f"{mark}{text}", parameters=bound, fmt="JSONCompact")
    return [(column["name"], column["type"]) for column in orjson.loads(said)["meta"]]


def _going_out(query: HttpQuery, body: bytes, form: str) -> Answer:
    size = len(body)
    if query.blocks:
        body = compressed_blocks.packed(body, query.blocks)
    elif query.coding:
        body = codings.encoded(query.coding, body)
    return Answer(body, form, query.coding, size)


def _ask_for_setting(client: Client, name: str, value: str) -> None:
    """Lets the engine refuse a changed setting; one that has this value already passes, as on a server."""
    if not _NAME.match(name):
        raise sql_gate.RefusedError(UNKNOWN_SETTING, "UNKNOWN_SETTING", f"Unknown setting {name!r}.")
    client.command(assignment(name, value))
