"""From a record of any shape to the JSON objects in it, each with its place; what cannot be read is a reject
with that place.

For sources that differ only in their envelopes: gz, byte order marks, UTF-16, arrays, JSON lines and half
records are the same for all of them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import orjson

from schemas.rejected import Rejected

Contents = list[tuple[str, object]]
Open = Callable[[dict[str, Any]], Contents | None]
"""What an envelope holds, each content with its name; None for an object that is no envelope."""

T = TypeVar("T")

Found = tuple[str, dict[str, Any] | Rejected]
"""An object, or why there is none, with its place in the record."""

GZIP = b"\x1f\x8b"
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

UNPACKED_MAX = 32 * 1024 * 1024
"""Bytes that one gz record may unpack to: deliveries stay far below; more is a mistake or a bomb. (Files are
unpacked as a stream, and are sent record by record.)"""
CONTAINERS_MAX = 1_000_000
"""Objects and lists in what a gz record unpacks to: each takes up to forty times its two letters in
memory.
"""

VALUES_MAX = 750_000
"""Values that one record may hold, told from its commas, brackets and lines before anything is built of it.
Logs have one in ten bytes or fewer: 4 MiB of them stay below, 4 MiB of ``{},`` hold four times as many."""

VALUE_BYTES = 6
"""A larger record, as files hold them, may have a value for so many bytes of it."""

EVENTS_MAX = 50_000
"""Events that are read of one record: a reader takes some 60 µs for each, so they bound what a record delays
others by. Deliveries hold hundreds; receivers cut what holds more into several records."""

EVENT_BYTES = 64
"""A larger record may have an event for so many bytes of it: no vendor writes a smaller one."""

SMALL = 64 * 1024
"""Bytes of a record whose values need not be counted: it cannot hold many."""

DEPTH_MAX = 200
"""Levels of nesting of an object. Logs have a dozen; what is nested deeper than 254 could be read but not
written."""

WRAPPINGS_MAX = 8
"""Envelopes inside envelopes (queue, notification, list, base64) that are opened; their texts count too."""


def too_many(record: bytes) -> str:
    """Returns why a record is not read for what it holds of values, "" where it may be: bytes are counted,
    nothing is built."""
    if len(record) <= SMALL:
        return ""
    most = max(VALUES_MAX, len(record) // VALUE_BYTES)
    values = sum(map(record.count, (b"{", b"[", b",", b"\n")))
    return f"holds more than {most:,} values" if values > most else ""


def events_max(record: bytes) -> int:
    """Returns how many events are read of this record."""
    return max(EVENTS_MAX, len(record) // EVENT_BYTES)


def more_than(most: int) -> str:
    """Returns the reason of the reject that stands for what is not read."""
    return f"holds more than {most:,} events: the others are not read"


def within(found: Iterable[T], record: bytes, over: Callable[[Rejected], T], source: str) -> Iterator[T]:
    """Yields what was found in a record, up to the most that is read of it; then, as ``over`` makes it, why
    no more is."""
    most = events_max(record)
    for number, one in enumerate(found):
        if number >= most:
            yield over(Rejected(source, more_than(most)))
            return
        yield one


def objects(record: bytes, source: str, opened: Open) -> Iterator[Found]:
    """Yields every object of the record that is no envelope, in its order, as many as are read of one; never
    raises."""
    return within(_objects(record, source, opened), record, lambda over: ("", over), source)


def _objects(record: bytes, source: str, opened: Open) -> Iterator[Found]:
    try:
        document: object = orjson.loads(record)
    except (orjson.JSONDecodeError, RecursionError):
        yield from _unusual(record, source, opened)
        return
    yield from _walk(document, "", source, opened, WRAPPINGS_MAX)


def head_of(record: bytes, size: int = 4096) -> str:
    """Returns the beginning of a record that no JSON parser took, as text, so that a source can know its
    own."""
    if record.startswith(GZIP):
        try:
            record = zlib.decompressobj(wbits=31).decompress(record, size)
        except zlib.error:
            return ""
    return _decoded(record[: 2 * size])[:size]


def _unusual(record: bytes, source: str, opened: Open) -> Iterator[Found]:
    if record.startswith(GZIP):
        unpacked = gunzipped(record)
        if isinstance(unpacked, str):
            yield "", Rejected(source, unpacked)
            return
        record = unpacked
    text = _decoded(record)
    document = parsed(text)
    if not isinstance(document, Broken):
        yield from _walk(document, "", source, opened, WRAPPINGS_MAX)
        return
    filled = ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())
    lines = [(number, parsed(line)) for number, line in islice(filled, events_max(record) + 1)]
    if not any(isinstance(line, dict | list) for _, line in lines):
        yield "", Rejected(source, document.reason)
        return
    for number, line in lines:
        yield from _walk(line, f"line {number}", source, opened, WRAPPINGS_MAX)


def _walk(document: object, place: str, source: str, opened: Open, left: int) -> Iterator[Found]:
    if not left:
        yield place, Rejected(source, "is wrapped too deeply", "", place)
        return
    match document:
        case Broken():
            yield place, Rejected(source, document.reason, "", place)
        case dict():
            contents = opened(document)
            if contents is None:
                deep = _is_deep(document)
                yield place, Rejected(source, TOO_DEEP, "", place) if deep else document
                return
            for name, content in contents:
                yield from _walk(content, f"{place}.{name}" if place else name, source, opened, left - 1)
        case list():
            for i, content in enumerate(document):
                yield from _walk(content, f"{place}[{i}]", source, opened, left - 1)
        case str():
            yield from _walk(parsed(document), place, source, opened, left - 1)
        case _:
            yield place, Rejected(source, "is not a JSON object", "", place)


def _is_deep(document: dict[str, Any]) -> bool:
    """Whether the object is nested beyond ``DEPTH_MAX``."""
    layer: list[Any] = [document]
    for _ in range(DEPTH_MAX):
        layer = [
            inner
            for holder in layer
            for inner in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return False
    return True


TOO_DEEP = "is nested too deeply"


class Broken:
    """Text that is no JSON, and why, without a word of it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def parsed(text: str) -> object:
    """Returns the JSON value, or why there is none. The second parser takes NaN (as null) and lone surrogates
    (as ``?``)."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass
    except RecursionError:
        return Broken(TOO_DEEP)
    try:
        value = json.loads(text, strict=False, parse_constant=lambda name: None)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        return Broken(TOO_DEEP)
    except json.JSONDecodeError as error:
        return Broken(f"is not JSON: {error.msg} at character {error.pos}")
    except ValueError:
        return Broken("is not JSON: a number without end")


def _decoded(record: bytes) -> str:
    """The record as text: byte order marks and UTF-16 read, NULs dropped."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if record.startswith(mark):
            return record.decode(encoding, "replace")
    if record[1:2] == b"\0":
        return record.decode("utf-16-le", "replace")
    return record.decode("utf-8", "replace").replace("\0", "")


def gunzipped(record: bytes) -> bytes | str:
    """Returns what the members of a gz hold (of one cut short, what it still gives), or why that cannot be
    told."""
    parts: list[bytes] = []
    size = 0
    try:
        while record.startswith(GZIP):
            engine = zlib.decompressobj(wbits=31)
            parts.append(engine.decompress(record, UNPACKED_MAX - size + 1))
            size += len(parts[-1])
            if size > UNPACKED_MAX:
                return f"unpacks to more than {UNPACKED_MAX >> 20} MiB"
            record = engine.unused_data
    except zlib.error as error:
        return f"is not readable as gzip: {error}"
    whole = b"".join(parts)
    if whole.count(b"{") + whole.count(b"[") > CONTAINERS_MAX:
        return f"unpacks to more than {CONTAINERS_MAX:,} objects and lists"
    return whole
