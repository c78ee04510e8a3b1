"""Blocks of rows into ClickHouse; a row that it refuses is told apart from its block and kept as a reject."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error

from streams.clickhouse.engine import Engine, brief
from streams.clickhouse.migrations import version

log = logging.getLogger("gapwatch.deliver")

INSERT_SETTINGS = {
    "input_format_skip_unknown_fields": 1,
    "input_format_null_as_default": 1,
    # What is acknowledged is stored: a server must not gather inserts in its memory.
    "async_insert": 0,
    # Duplicates are no row of their own whoever asks (``final``): to look for them in each block as it comes
    # would cost a fifth of an insert, to share it out among threads a tenth (docs/performance.md).
    "optimize_on_insert": 0,
    "max_threads": 1,
    "max_insert_threads": 1,
    "input_format_parallel_parsing": 0,
}

DATA_CODES = frozenset(
    {6, 25, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 407, 441, 469, 675, 691}
)
"""ClickHouse's numbers for "not what the table takes": cannot parse, out of range, constraint violated."""
UNDECIDED_MAX = 3
"""Single rows refused for no reason known to lie in rows, after which a block is not cut further: it is the
table, the quota, the disk. Nothing is lost, all is offered again."""

BLAMED_AFTER = 3
"""Offers at which a single row was refused while a neighbour was taken right before and right after it, until
the row is to blame. They are some seconds apart."""

_TOO_MUCH = re.compile(r"HTTP status (400|403|413|422)\b")

WITNESS_BYTES_MAX = 64 * 1024
"""A larger row is no witness: it is kept in memory for as long as the process lives."""


class UnavailableError(Exception):
    """ClickHouse cannot take the rows now; they have to be offered again."""


class Origin(NamedTuple):
    """Where a block came from; `time` in µs is when the broker got it."""

    topic: str
    partition: int
    offset: int
    time: int = 0


@dataclass(frozen=True)
class Block:
    """Rows of one message in the format their table takes. `line` is the first row's place in the message."""

    data: bytes
    rows: int
    origin: Origin
    line: int = 0


@dataclass(frozen=True)
class Target:
    """How rows of a table are inserted; `columns` empty: the rows name theirs. `internal`: whether the table
    is in the second database."""

    table: str
    format: str
    columns: tuple[str, ...] = ()
    internal: bool = False

    @property
    def lines(self) -> bool:
        """Whether a block holds a row a line."""
        return self.format == "JSONEachRow"


TARGETS = {
    "activities": Target("activities_in", "JSONEachRow", internal=True),
    "rejects": Target("rejects_in", "JSONEachRow", internal=True),
    "credentials": Target("credentials_in", "JSONEachRow", internal=True),
    "notes": Target("notes_in", "JSONEachRow", internal=True),
    "findings": Target("findings", "RowBinary", ("version", "ocsf")),
    "assurance": Target("assurance", "RowBinary", ("version", "ocsf")),
    "dossiers": Target("dossiers", "RowBinary", ("version", "key", "body"), internal=True),
}


def block(table: str, key: bytes | None, value: bytes | None, origin: Origin, epoch: int) -> Block:
    """Returns one message as a block of rows of this table; its bytes are not parsed here."""
    number = version(epoch, origin.offset)
    value = value or b""
    if TARGETS[table].lines:
        if table == "credentials":
            value = _with_version(value, number)
        value = value if value.endswith(b"\n") else value + b"\n"
        return Block(value, value.count(b"\n"), origin)
    fields = (key or b"", value) if table == "dossiers" else (value,)
    return Block(number.to_bytes(8, "little") + b"".join(map(_binary_string, fields)), 1, origin)


def _with_version(lines: bytes, number: int) -> bytes:
    """A raw line end cannot stand inside JSON, so what follows one is the start of a row."""
    return (b"\n" + lines.strip()).replace(b"\n{", b'\n{"version":%d,' % number)[1:]


def _binary_string(text: bytes) -> bytes:
    length, head = len(text), bytearray()
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + text


@dataclass
class Division:
    """What became of the blocks of one offer: rows refused for what they are, and rows nobody can tell of."""

    refused: list[tuple[Block, Error]] = field(default_factory=list)
    undecided: list[tuple[Block, Error]] = field(default_factory=list)


Place = tuple[str, int, int, int]
"""Topic, partition, offset, line."""


class Sink:
    """Inserts blocks. One thread at a time; its client is made at the first insert and after an error."""

    def __init__(
        self, engine: Engine, on_rows: Callable[[str, int], None] = lambda table, rows: None
    ) -> None:
        self._engine = engine
        self._client: Client | None = None
        self._on_rows = on_rows
        self._witnesses: dict[str, Block] = {}
        self._suspected: dict[Place, int] = {}

    def write(self, table: str, blocks: list[Block]) -> int:
        """Inserts all rows, those refused as rejects; returns how many were refused.

        Raises UnavailableError where ClickHouse cannot take some of them now; the others are in. Offering all
        again is harmless, since each row is one row however often it comes. A reason that is not known to lie
        in rows is "not now": only a single row that was refused ``BLAMED_AFTER`` times, each time between two
        inserts of a neighbour that were taken, becomes a reject.
        """
        if not blocks:
            return 0
        division = Division()
        self._divide(table, blocks, division)
        refused = division.refused
        for row, error in division.undecided:
            if self._to_blame(table, row):
                refused.append((row, error))
            elif not self._takes(table, row):
                raise UnavailableError(brief(error)) from error
        if refused:
            self._keep_refused(table, refused)
        self._suspected.clear()
        return len(refused)

    def _divide(self, table: str, blocks: list[Block], division: Division) -> None:
        """Halves what is refused until single rows remain: a bad row among n costs about 2 log n inserts, and
        a block that is too much at once goes in by parts."""
        try:
            self._insert(TARGETS[table], blocks)
        except Error as error:
            if _unanswered(error):
                raise UnavailableError(brief(error)) from error
            first, second = _halves(blocks)
            if second:
                self._divide(table, first, division)
                self._divide(table, second, division)
            elif error.code in DATA_CODES or _unreadable(error):
                division.refused.append((first[0], error))
            else:
                division.undecided.append((first[0], error))
                if self._too_many(division):
                    raise UnavailableError(brief(error)) from error
        else:
            self._on_rows(table, sum(each.rows for each in blocks))
            last = _last_row(blocks[-1])
            if len(last.data) <= WITNESS_BYTES_MAX:
                self._witnesses[table] = last

    def _too_many(self, division: Division) -> bool:
        unknown = [row for row, _ in division.undecided if self._suspected.get(_place(row), 0) < BLAMED_AFTER]
        return len(unknown) >= UNDECIDED_MAX

    def _to_blame(self, table: str, row: Block) -> bool:
        """Tries a refused row once more between two inserts of a neighbour that was taken before, and says
        whether that was refused often enough by now."""
        place, witness = _place(row), self._witnesses.get(table)
        if self._suspected.get(place, 0) < BLAMED_AFTER:
            between = self._takes(table, witness) and not self._takes(table, row)
            if not (between and self._takes(table, witness)):
                return False
            self._suspected[place] = self._suspected.get(place, 0) + 1
        return self._suspected[place] >= BLAMED_AFTER

    def _takes(self, table: str, row: Block | None) -> bool:
        if row is None:
            return False
        try:
            self._insert(TARGETS[table], [row])
        except Error:
            return False
        return True

    def _insert(self, target: Target, blocks: list[Block]) -> None:
        try:
            self._client = self._client or self._engine.writer()
            self._client.raw_insert(
                f"{self._engine.internal}.{target.table}" if target.internal else target.table,
                column_names=target.columns or None,
                insert_block=b"".join(each.data for each in blocks),
                fmt=target.format,
                settings=INSERT_SETTINGS,
            )
        except Error as error:
            if error.code not in DATA_CODES:
                self.close()
            raise

    def _keep_refused(self, table: str, refused: list[tuple[Block, Error]]) -> None:
        rows = [msgspec.json.encode(_reject(table, each, error)) for each, error in refused]
        place = refused[0][0].origin
        log.error(
            "ClickHouse refused %d row(s) of %s, see rejects; the first, from %s partition %d offset %d: %s",
            *(len(rows), table, place.topic, place.partition, place.offset, _reason(refused[0][1])),
        )
        lines = b"\n".join(rows) + b"\n"
        try:
            self._insert(TARGETS["rejects"], [Block(lines, len(rows), place)])
        except Error as error:
            raise UnavailableError(f"rejects cannot be stored: {brief(error)}") from error
        self._on_rows("rejects", len(rows))

    def close(self) -> None:
        """Gives the client back; the next insert opens another one."""
        if self._client is not None:
            self._engine.discard(self._client)
            self._client = None


def _unanswered(error: Error) -> bool:
    """Whether this is no answer of ClickHouse, since it has no number. With two exceptions: the embedded
    engine quotes a row that is not UTF-8, and its words cannot be read either; and what stands before a
    server may refuse a request for its size or its words (RFC 9110, section 15.5), and take smaller ones."""
    return error.code is None and not (_unreadable(error) or _TOO_MUCH.search(str(error)))


def _unreadable(error: Error) -> bool:
    return isinstance(error.__cause__, UnicodeDecodeError)


def _place(row: Block) -> Place:
    return row.origin.topic, row.origin.partition, row.origin.offset, row.line


def _last_row(block: Block) -> Block:
    if block.rows == 1:
        return block
    last = block.data[:-1].rpartition(b"\n")[2] + b"\n"
    return replace(block, data=last, rows=1, line=block.line + block.rows - 1)


def _halves(blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """Two halves: of blocks, of the rows of one block; the second is empty for a single row."""
    if len(blocks) == 1 and blocks[0].rows > 1:
        only = blocks[0]
        lines = [line + b"\n" for line in only.data.split(b"\n")[:-1]]
        middle = max(1, len(lines) // 2)
        first = replace(only, data=b"".join(lines[:middle]), rows=middle)
        rest = replace(only, data=b"".join(lines[middle:]), rows=len(lines) - middle, line=only.line + middle)
        return [first], [rest] if rest.rows else []
    middle = max(1, len(blocks) // 2)
    return blocks[:middle], blocks[middle:]


def _reject(table: str, refused: Block, error: Error) -> dict[str, str | int]:
    """A row of the table of rejects: the place and the engine's reason, never the row."""
    return {
        "source": "deliver",
        "instance": "default",
        "topic": refused.origin.topic,
        "partition": refused.origin.partition,
        "offset": refused.origin.offset,
        "line": refused.line,
        "place": table,
        "field": "",
        "reason": _reason(error),
        "arrived": refused.origin.time,
        "size": len(refused.data),
        "sha256": hashlib.sha256(refused.data).hexdigest(),
    }


def _reason(error: Error) -> str:
    """Its name for the error; its words may quote the row."""
    return f"ClickHouse does not take the row: {error.name or 'error'} ({error.code})"
