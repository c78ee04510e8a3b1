"""Answers of the embedded engine, whole or as they are made.

The engine gives an answer block by block, each written in the format that was asked for, so blocks make one
answer in formats that have neither head nor tail; a header that each block repeats is taken off. What else is
asked for is made whole, within `sql_result_limit`. clickhouse-connect streams in fewer formats and tells no
figures, so the engine behind its client is asked here, and nowhere else.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver._backend.chdb_backend import _finalize_stream
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

FIRST_BYTES = 4 * 2**20
"""An answer up to this size goes out whole: what goes wrong until then is told with a status of its own."""
AS_BLOCKS = frozenset({
    "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow", "JSONLines", "Native", "Buffers",
})  # fmt: skip
WITH_NAMES = frozenset({"TabSeparatedWithNames", "TSVWithNames", "CSVWithNames"})
"""Each block begins with the names of the columns."""
_WHOLE = re.compile(r"\bWITH (?:TOTALS|ROLLUP|CUBE)\b")
"""Totals stand outside of the blocks."""
_PREFIX = "Streaming query failed: "


@dataclass
class Figures:
    """What the engine read for an answer and how many rows it has."""

    read_rows: int = 0
    read_bytes: int = 0
    result_rows: int = 0

    def add(self, result: Any) -> None:
        """Adds those of a block, or of a whole answer."""
        self.read_rows += result.storage_rows_read()
        self.read_bytes += result.storage_bytes_read()
        self.result_rows += result.rows_read()


def flows(text: str, form: str, settings: Mapping[str, str]) -> bool:
    """Says whether the answer to this canonical text can be given block by block."""
    asks = text.startswith(("SELECT ", "WITH ")) and not _WHOLE.search(text)
    return asks and form in AS_BLOCKS | WITH_NAMES and "extremes" not in settings


def whole(client: Client, sql: str, bound: Mapping[str, str]) -> tuple[bytes, Figures]:
    """Returns the answer to a query that names its format. Raises ClickHouseError."""
    result = _backend(client)._run(sql, "TabSeparated", params=dict(bound))
    figures = Figures()
    figures.add(result)
    return result.bytes() or b"", figures


class Flow:
    """An answer while it is made: an iterator of bytes, to be closed. One thread at a time."""

    def __init__(self, client: Client, sql: str, form: str, bound: Mapping[str, str]) -> None:
        self._backend = _backend(client)
        self._names = form in WITH_NAMES
        self._header: bytes | None = None
        self._closed = [False]
        self._lock = threading.Lock()
        self.figures = Figures()
        self.on_close: Callable[[], None] = lambda: None
        self._blocks = self._backend._open_stream(sql, "TabSeparated", dict(bound), None)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._lock:
            if self._closed[0]:
                raise StopIteration
            try:
                block = next(self._blocks)
            except StopIteration:
                raise
            except Exception as error:
                raise self._said(error) from None
            self.figures.add(block)
            return self._without_header(block.bytes() or b"")

    def close(self) -> None:
        """Ends the query and gives back what it held; a second time does nothing."""
        with self._lock:
            if self._closed[0]:
                return
            _finalize_stream(self._blocks, self._backend._handle, self._closed)
        self.on_close()

    def _without_header(self, body: bytes) -> bytes:
        if not self._names:
            return body
        if self._header is None:
            self._header = header_of(body)
            return body
        return body.removeprefix(self._header)

    def _said(self, error: Exception) -> ClickHouseError:
        wrapped: ClickHouseError = self._backend._wrap_exception(Exception(str(error).removeprefix(_PREFIX)))
        return wrapped


def header_of(body: bytes) -> bytes:
    """Returns the first row: in CSV a name may hold a line break, inside quotes."""
    end = body.find(b"\n") + 1
    while body.count(b'"', 0, end) % 2 and (more := body.find(b"\n", end) + 1):
        end = more
    return body[:end]


def _backend(client: Client) -> Any:
    return client._backend  # type: ignore[attr-defined]
