"""The answer of ClickHouse as a command shows it: what others wrote is in it."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from typing import TextIO

import orjson

from streams.site.errors import Stop
from streams.site.foreign import for_cell, for_json, shown_lines

CELLS = "JSONCompactEachRowWithNamesAndTypes"
"""The format of ClickHouse of which CSV is made: it says which cells are numbers and which are text."""
_NUMBER = ("Int", "UInt", "Float", "Decimal")
_NUMBERS = (*_NUMBER, *(f"Nullable({kind}" for kind in _NUMBER))


def show_answer(chunks: Iterable[bytes], json: bool, out: TextIO) -> None:
    """Writes it as it comes: on a terminal nothing of it is obeyed, in JSON nothing anywhere; what goes to a
    file or a pipe as columns stays as it is."""
    if not json and not out.isatty():
        out.flush()
        for chunk in chunks:
            out.buffer.write(chunk)
        out.buffer.flush()
        return
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    show = for_json if json else shown_lines
    for chunk in chunks:
        out.write(show(decoder.decode(chunk)))
    out.write(show(decoder.decode(b"", final=True)))
    out.flush()


def show_cells(chunks: Iterable[bytes], out: TextIO) -> None:
    """Writes an answer in the format ``CELLS`` as CSV, in which no text begins a formula. Raises Stop where
    the query named a format of its own."""
    lines = _lines(chunks)
    try:
        names, kinds = orjson.loads(next(lines, b"[]")), orjson.loads(next(lines, b"[]"))
        rows = map(orjson.loads, lines)
        writer = csv.writer(out, lineterminator="\n")
        if names:
            writer.writerow(map(for_cell, names))
        plain = [str(kind).startswith(_NUMBERS) for kind in kinds]
        for row in rows:
            writer.writerow(_cell(value, number) for value, number in zip(row, plain, strict=True))
    except (orjson.JSONDecodeError, TypeError, ValueError):
        raise Stop("Leave FORMAT out of the query where --csv is asked for.", code=2) from None
    out.flush()


def _cell(value: object, number: bool) -> object:
    if value is None:
        return ""
    if number:
        return value
    return for_cell(value if isinstance(value, str) else orjson.dumps(value).decode())


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from filter(None, whole)
    if rest:
        yield rest
