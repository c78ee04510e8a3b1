"""Blocks of rows into ClickHouse; a row that it refuses is told apart from its block and kept as a reject."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
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
}

DATA_CODES = frozenset(
    {6, 25, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 407, 441, 469, 675, 691}
)
"""ClickHouse's numbers for "not what the table takes": cannot parse, out of range, constraint violated."""
LASTING_CODES = frozenset(
    {
        16,
        60,
        74,
        75,
        76,
        81,
        95,
        96,
        107,
        159,
        160,
        164,
        173,
        192,
        193,
        194,
        198,
        202,
        203,
        209,
        210,
        225,
        236,
    }
    | {
        241,
        242,
        243,
        244,
        246,
        252,
        279,
        285,
        286,
        290,
        307,
        308,
        319,
        394,
        425,
        439,
        473,
        497,
        516,
        571,
        659,
    }
    | {999, 1000, 1001, 1002}
)
"""Its numbers for "not now": no memory, disk, table, right, connection. The rows are not to blame."""


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
    """How rows of a table are inserted; `columns` empty: the rows name theirs."""

    table: str
    format: str
    columns: tuple[str, ...] = ()

    @property
    def lines(self) -> bool:
        return self.format == "JSONEachRow"


TARGETS = {
    "activities": Target("activities_in", "JSONEachRow"),
    "rejects": Target("rejects_in", "JSONEachRow"),
    "credentials": Target("credentials_in", "JSONEachRow"),
    "findings": Target("findings", "RowBinary", ("version", "ocsf")),
    "assurance": Target("assurance", "RowBinary", ("version", "ocsf")),
    "dossiers": Target("dossiers", "RowBinary", ("version", "key", "body")),
}


def block(table: str, key: bytes | None, value: bytes | None, origin: Origin, epoch: int) -> Block:
    """One message as a block of rows of this table; its bytes are not parsed here."""
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


class Sink:
    """Inserts blocks. One thread at a time; its client is made at the first insert and after an error."""

    def __init__(
        self, engine: Engine, on_rows: Callable[[str, int], None] = lambda table, rows: None
    ) -> None:
        self._engine = engine
        self._client: Client | None = None
        self._on_rows = on_rows

    def write(self, table: str, blocks: list[Block]) -> int:
        """Inserts all rows, those refused as rejects; returns how many were refused.

        Raises UnavailableError where ClickHouse cannot take them now. Some may be in by then: offering all
        again is harmless, since each row is one row however often it comes.
        """
        if not blocks:
            return 0
        refused: list[tuple[Block, Error]] = []
        self._divide(table, blocks, refused)
        if not refused:
            return 0
        rows = sum(each.rows for each in blocks)
        if rows > 1 and len(refused) == rows and refused[0][1].code not in DATA_CODES:
            # Not one row was taken and the reason is not known to lie in rows: it lies elsewhere.
            raise UnavailableError(brief(refused[0][1]))
        self._keep_refused(table, refused)
        return len(refused)

    def _divide(self, table: str, blocks: list[Block], refused: list[tuple[Block, Error]]) -> None:
        """Halves what is refused until single rows remain: a bad row among n costs about 2 log n inserts."""
        try:
            self._insert(TARGETS[table], blocks)
        except Error as error:
            if _lasting(error):
                raise UnavailableError(brief(error)) from error
            first, second = _halves(blocks)
            if not second:
                refused.append((first[0], error))
                return
            self._divide(table, first, refused)
            self._divide(table, second, refused)
        else:
            self._on_rows(table, sum(each.rows for each in blocks))

    def _insert(self, target: Target, blocks: list[Block]) -> None:
        try:
            self._client = self._client or self._engine.writer()
            self._client.raw_insert(
                target.table,
                column_names=target.columns or None,
                insert_block=b"".join(each.data for each in blocks),
                fmt=target.format,
                settings=INSERT_SETTINGS,
            )
        except Error as error:
            if _lasting(error):
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
        if self._client is not None:
            self._engine.discard(self._client)
            self._client = None


def _lasting(error: Error) -> bool:
    """Whether ClickHouse, not the rows, is the reason. What has no number is not its answer, but for one
    case: the embedded engine quotes a row that is not UTF-8, and its words cannot be read either."""
    if error.code is None:
        return not isinstance(error.__cause__, UnicodeDecodeError)
    return error.code in LASTING_CODES


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
