"""A pool of read-only clients of the embedded engine, each used by one query at a time."""

from __future__ import annotations

import itertools
import queue
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import orjson
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.clickhouse import (
    asked_settings,
    codings,
    compressed_blocks,
    flowing,
    native_blocks,
    sql_gate,
)
from streams.clickhouse.engine import Engine, Limits, assignment, brief
from streams.clickhouse.flowing import FIRST_BYTES, Figures, Flow
from streams.clickhouse.http_query import HttpQuery

BAD_ARGUMENTS = 36
UNKNOWN_SETTING = 115
QUERY_WAS_CANCELLED = 394
_NAME = re.compile(r"[A-Za-z_]\w*\Z")


@dataclass(frozen=True)
class Answer:
    """Bytes of a result as they go out, the format they are in and the content coding around it; `size`
    of the result itself. `rest`: what follows while the engine still makes it; None where that is all."""

    body: bytes
    format: str
    coding: str
    size: int
    figures: Figures
    rest: Rest | None = None


class Rest:
    """The rest of an answer, as it goes out: parts, then nothing. To be closed, also before its end.
    ``on_close`` is called once then."""

    def __init__(self, parts: Iterator[bytes], close: Callable[[], None], ticket: Ticket) -> None:
        self._parts, self._close = parts, close
        self.ticket = ticket
        self.on_close: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Ends what still runs, and gives the reader back."""
        self._close()
        after, self.on_close = self.on_close, lambda: None
        after()

    def more(self) -> bytes:
        """Returns the next part, waiting for the engine; nothing at the end. Raises ClickHouseError."""
        return next(filter(None, self._parts), b"")


@dataclass(frozen=True)
class Made:
    """An answer as the engine gives it: its bytes, or the first of them with a flow that goes on."""

    body: bytes
    format: str
    figures: Figures
    flow: Flow | None = None
    rest: Iterator[bytes] = field(default_factory=lambda: iter(()))


@dataclass
class Slot:
    """A place for one query at a time: its reader, and the one that was last made for other settings."""

    plain: Client | None = None
    other: Client | None = None
    settings: dict[str, str] = field(default_factory=dict)


@dataclass
class Ticket:
    """A query on its way: by its mark it is known in the engine."""

    mark: str = field(default_factory=lambda: f"/* gapwatch {uuid.uuid4().hex} */")
    begun: bool = False
    gone: bool = False
    ended: threading.Event = field(default_factory=threading.Event)


class Readers:
    """`ask` may be called by many threads; as many queries as there are clients run at once, others wait."""

    def __init__(self, engine: Engine, size: int, limits: Limits | None = None, whole: bool = False) -> None:
        """``whole``: each answer is made whole before any of it goes out."""
        self._whole = whole
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
        """Runs one query that only reads; a large answer goes on coming after this returns, and keeps its
        reader until it is closed. Raises RefusedError or the engine's ClickHouseError."""
        ticket.begun = True
        slot = self._free.get()
        try:
            made = self._ask(slot, query, ticket)
        except BaseException as error:
            if isinstance(error, ClickHouseError):
                # What a failed query had already written would stand before the next answer of its handle.
                self._empty(slot)
            self._give_back(slot, ticket)
            raise
        if made.flow is not None:
            made.flow.on_close = lambda: self._give_back(slot, ticket)
            return _flowing(query, made, made.flow, ticket)
        self._free.put(slot)
        # Packing is for who asked; the next query need not wait for it.
        try:
            return _going_out(query, made)
        finally:
            ticket.ended.set()

    def _give_back(self, slot: Slot, ticket: Ticket) -> None:
        self._free.put(slot)
        ticket.ended.set()

    def _ask(self, slot: Slot, query: HttpQuery, ticket: Ticket) -> Made:
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
        form = asked or query.format
        shaped: Callable[[bytes], bytes] = bytes
        if form == "Native" and query.protocol:
            text = sql_gate.without_format(text)
            columns = _columns(client, f"{ticket.mark} ", text, wanted)
            asked, form = None, "Buffers"
            shaped = partial(native_blocks.native, columns=columns, version=query.protocol)
        sql = f"{ticket.mark} {text}" if asked else f"{ticket.mark} {text} FORMAT {form}"
        shown_as = "Native" if form == "Buffers" else form
        if self._whole or not flowing.flows(text, form, query.settings):
            body, figures = flowing.whole(client, sql, wanted)
            return Made(shaped(body), shown_as, figures)
        flow = flowing.Flow(client, sql, form, wanted)
        try:
            parts, over = _head(flow)
        except BaseException:
            flow.close()
            raise
        if not over:
            rest = map(shaped, flow)
            return Made(shaped(b"".join(parts)), shown_as, flow.figures, flow, rest)
        flow.close()
        if not parts and form in flowing.WITH_NAMES:
            body, figures = flowing.whole(client, sql, wanted)
            return Made(body, shown_as, figures)
        return Made(shaped(b"".join(parts)), shown_as, flow.figures)

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
            # What cannot be read as a number or a zone is refused without its name.
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


def _head(flow: Flow) -> tuple[list[bytes], bool]:
    """The first parts of an answer, and whether they are all of it."""
    parts: list[bytes] = []
    size = 0
    for part in flow:
        parts.append(part)
        size += len(part)
        if size >= FIRST_BYTES:
            return parts, False
    return parts, True


def _columns(client: Client, mark: str, text: str, bound: dict[str, str]) -> list[tuple[str, str]]:
    """Names and types of what this text answers."""
    if text.startswith(("SELECT ", "WITH ", "(")):
        said, _ = flowing.whole(client, f"{mark}DESCRIBE TABLE ({text}) FORMAT JSONCompactColumns", bound)
        names, kinds, *_ = orjson.loads(said) or [[], []]
        return list(zip(names, kinds, strict=True))
    # SHOW, EXISTS, EXPLAIN and DESCRIBE take no time, and cannot be described.
    said, _ = flowing.whole(client, f"{mark}{text} FORMAT JSONCompact", bound)
    return [(column["name"], column["type"]) for column in orjson.loads(said)["meta"]]


def _going_out(query: HttpQuery, made: Made) -> Answer:
    body = made.body
    if query.blocks:
        body = compressed_blocks.packed(body, query.blocks)
    elif query.coding:
        body = codings.encoded(query.coding, body)
    return Answer(body, made.format, query.coding, len(made.body), made.figures)


def _flowing(query: HttpQuery, made: Made, flow: Flow, ticket: Ticket) -> Answer:
    parts = _packed(query, itertools.chain([made.body], made.rest))
    rest = Rest(parts, flow.close, ticket)
    try:
        first = rest.more()
    except BaseException:
        flow.close()
        raise
    return Answer(first, made.format, query.coding, len(made.body), made.figures, rest)


def _packed(query: HttpQuery, parts: Iterator[bytes]) -> Iterator[bytes]:
    if query.blocks:
        yield from (compressed_blocks.packed(part, query.blocks) for part in parts)
    elif query.coding:
        packing = codings.Packing(query.coding)
        yield from map(packing.part, parts)
        yield packing.end()
    else:
        yield from parts


def _ask_for_setting(client: Client, name: str, value: str) -> None:
    """Lets the engine refuse a changed setting; one that has this value already passes, as on a server."""
    if not _NAME.match(name):
        raise sql_gate.RefusedError(UNKNOWN_SETTING, "UNKNOWN_SETTING", f"Unknown setting {name!r}.")
    client.command(assignment(name, value))
