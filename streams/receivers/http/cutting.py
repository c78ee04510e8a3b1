"""Cutting a request of many items into several, each a request of its own that holds fewer of them.

A batch may be larger than the largest record. What is around the items is repeated, the items keep their
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.records import EVENTS_MAX

ITEMS_MAX = 200_000
"""Items of one request, on all levels. Real batches hold some 10,000; each costs far more memory than its
bytes.
"""
LENGTH_DELIMITED = 2
_FIXED = {1: 8, 5: 4}
"""Bytes of protobuf's fixed wire types."""


class MalformedError(Exception):
    """Not of the form that it should be."""


class _Counted(msgspec.Struct, gc=False):
    """Any object."""


class Shell(NamedTuple):
    """What is around the items: `close` puts some into it; `size` and `each` item add so many bytes."""

    close: Callable[[Sequence[bytes]], bytes]
    size: int
    each: int


Form = Callable[[bytes, Any], tuple[Shell, list[bytes]]]
"""Takes a body and a level, gives what is around the items of that level, and the items.

Raises MalformedError.
"""


def cut(
    body: bytes,
    form: Form,
    levels: Sequence[Any],
    limit: int,
    too_large: Callable[[bytes], None],
    crowded: bool = False,
) -> list[bytes]:
    """Returns bodies of `limit` bytes at most. An item that no level makes small enough goes to `too_large`.
    A `crowded` body is cut by the number of its items too: no more than are read of one record.

    Raises MalformedError.
    """
    return [piece for piece, _ in _cut(body, form, levels, limit, too_large, crowded)]


def _cut(
    body: bytes,
    form: Form,
    levels: Sequence[Any],
    limit: int,
    too_large: Callable[[bytes], None],
    crowded: bool,
) -> list[tuple[bytes, int]]:
    """Pieces, each with the number of its items, which is 1 where nobody counts."""
    if len(body) <= limit and not (crowded and levels):
        return [(body, 1)]
    if not levels or limit <= 0:
        too_large(body)
        return []
    shell, items = form(body, levels[0])
    room = limit - shell.size
    pieces: list[tuple[bytes, int]] = []
    group: list[bytes] = []
    size = count = 0
    for item in items:
        for part, held in _cut(item, form, levels[1:], room - shell.each, too_large, crowded):
            if group and (size + len(part) + shell.each > room or count + held > EVENTS_MAX):
                pieces.append((shell.close(group), count))
                group, size, count = [], 0, 0
            group.append(part)
            size += len(part) + shell.each
            count += held
    if group:
        pieces.append((shell.close(group), count))
    return pieces


def is_crowded(body: bytes) -> bool:
    """Says whether JSON may hold more items than are read of one record: each is an object."""
    return body.count(b"{") > EVENTS_MAX


def json_form(body: bytes, key: str) -> tuple[Shell, list[bytes]]:
    """Returns the way to cut a JSON body. A level is the key under which an object holds its items, as an
    array."""
    fields = json_object(body)
    items = json_items(fields, key)
    around = b",".join(
        msgspec.json.encode(name) + b":" + bytes(raw) for name, raw in fields.items() if name != key
    )
    start = b"{" + around + (b"," if around else b"") + msgspec.json.encode(key) + b":["
    return Shell(lambda group: start + b",".join(group) + b"]}", len(start) + 2, 1), items


def json_object(body: bytes) -> dict[str, msgspec.Raw]:
    """Returns the fields of an object, none of them decoded, all of them checked. Raises MalformedError."""
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except RecursionError:
        raise MalformedError("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(str(error)) from None


def json_items(fields: dict[str, msgspec.Raw], key: str) -> list[bytes]:
    """Returns the items of an array of objects, [] where there is none. Raises MalformedError."""
    try:
        # Counted first, as the smallest that there is: `{},{},…` would take some thirty times its size.
        if len(msgspec.json.decode(fields.get(key, b"[]"), type=list[_Counted])) > ITEMS_MAX:
            raise MalformedError(f"more than {ITEMS_MAX} items in {key}")
        return [bytes(raw) for raw in msgspec.json.decode(fields.get(key, b"[]"), type=list[msgspec.Raw])]
    except RecursionError:
        raise MalformedError("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{key}: {error}") from None


def protobuf_form(body: bytes, number: int) -> tuple[Shell, list[bytes]]:
    """Returns the way to cut a protobuf message. A level is the number of the field that holds the items,
    which are messages."""
    around, items = bytearray(), []
    for field, start, content, end in protobuf_fields(body):
        if field == number:
            items.append(body[content:end])
        else:
            around += body[start:end]
    before = bytes(around)
    tag = varint(number << 3 | LENGTH_DELIMITED)

    def close(group: Sequence[bytes]) -> bytes:
        return before + b"".join(tag + varint(len(item)) + item for item in group)

    return Shell(close, len(before), len(tag) + 5), items


def protobuf_count(body: bytes, levels: Sequence[int]) -> int:
    """Returns the number of items on all levels, told from lengths alone. Raises MalformedError, for more
    than ITEMS_MAX too."""
    seen, bodies = 0, [body]
    for number in levels:
        inner: list[bytes] = []
        for one in bodies:
            for field, _, content, end in protobuf_fields(one):
                if field == number:
                    inner.append(one[content:end])
                if seen + len(inner) > ITEMS_MAX:
                    raise MalformedError(f"more than {ITEMS_MAX} items")
        seen += len(inner)
        bodies = inner
    return seen


def protobuf_fields(body: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yields number, start, start of the content and end of each field of a message. Raises
    MalformedError."""
    at, fields = 0, 0
    while at < len(body):
        start = at
        tag, at = _varint_at(body, at)
        wire = tag & 7
        content = at
        if wire == LENGTH_DELIMITED:
            size, content = _varint_at(body, at)
            at = content + size
        elif wire == 0:
            at = _varint_at(body, at)[1]
        elif wire in _FIXED:
            at += _FIXED[wire]
        else:
            raise MalformedError(f"no protobuf: wire type {wire} at byte {start}")
        fields += 1
        if at > len(body) or fields > ITEMS_MAX:
            raise MalformedError(
                "no protobuf: cut short" if at > len(body) else f"more than {ITEMS_MAX} fields"
            )
        yield tag >> 3, start, content, at


def varint(number: int) -> bytes:
    """Returns a number as protobuf's variable-length integer."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varint_at(body: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        if at >= len(body) or shift > 63:
            raise MalformedError("no protobuf: cut short or a number too long")
        byte = body[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
