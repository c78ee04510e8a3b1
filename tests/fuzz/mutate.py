"""Mutations: what goes wrong with records on their way, and what an enemy writes into them."""

from __future__ import annotations

import contextlib
import copy
import gzip
import re
from collections.abc import Callable
from random import Random
from typing import Any

import orjson

Bytes = Callable[[bytes, Random], bytes]

NESTED = 3_000
LONG = 20_000

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 1e308, -1e-308, 0.1, "", " ",
    "\x00", "NaN", "null", "[]", "{}", '{"a": 1}', "[1]", "\u202e", "\ufeff", "\U0001f600", "-1",
    "1e999", "0x10", "9" * 400, "0001-01-01T00:00:00Z", "9999-12-31T23:59:60Z",
    "+292277026596-12-04T15:30:07Z", "2026-02-30T25:61:61Z", "2026-09-21T14:13:20.123456789012345678Z",
    "2026-09-21", "1790000000", "99999999999999999999", "::1", "0.0.0.0", "999.1.1.1", "[::1]:80",
    "arn:aws:iam::1:role/", "arn:::::", "system:serviceaccount:", ":", "/", "#", "\t", "*",
    "eyJhbGciOiJub25lIn0.e30.", "hmac-sha256:", [], {}, [[]], [None], {"": None}, {"\x00": 1},
    ["a"] * 50,
)  # fmt: skip


def truncate(record: bytes, chance: Random) -> bytes:
    return record[: chance.randrange(len(record) + 1)]


def flip_bits(record: bytes, chance: Random) -> bytes:
    body = bytearray(record)
    for _ in range(chance.randint(1, 8)):
        if body:
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return bytes(body)


def insert(what: Callable[[Random], bytes]) -> Bytes:
    def inserted(record: bytes, chance: Random) -> bytes:
        at = chance.randrange(len(record) + 1)
        return record[:at] + what(chance) + record[at:]

    return inserted


def noise(chance: Random) -> bytes:
    return chance.randbytes(chance.randint(1, 40))


def invalid_utf8(chance: Random) -> bytes:
    return chance.choice((b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"))


def cut_out(record: bytes, chance: Random) -> bytes:
    start, end = sorted(chance.randrange(len(record) + 1) for _ in range(2))
    return record[:start] + record[min(end, start + 200) :]


def repeat_part(record: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(record) + 1)
    return record[:start] + record[start : start + 200] * chance.randint(1, 5) + record[start:]


def as_lines(record: bytes, chance: Random) -> bytes:
    end = chance.choice((b"\n", b"\r\n", b"\n\n", b"\x00\n"))
    return end.join([record] * chance.randint(2, 3)) + chance.choice((b"", end, record[: len(record) // 2]))


def as_array(record: bytes, chance: Random) -> bytes:
    return b"[" + b",".join([record] * chance.randint(1, 3)) + chance.choice((b"]", b",]", b"", b"]]"))


def recode(record: bytes, chance: Random) -> bytes:
    text = record.decode("utf-8", "replace")
    encoding = chance.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32", "latin-1"))
    return text.encode(encoding, "replace")


def zipped(record: bytes, chance: Random) -> bytes:
    body = gzip.compress(record, 1, mtime=0)
    return chance.choice(
        (body, body[: len(body) // 2], body + b"\x00" * 8, body + body, flip_bits(body, chance))
    )


_NUMBER = re.compile(rb"(?<=[:\[,])\s*-?\d+(?:\.\d+)?")


def odd_number(record: bytes, chance: Random) -> bytes:
    """A number as JSON does not have them."""
    odd = chance.choice(
        (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5_000, b"-0", b"0x1", b"1.", b"00")
    )
    found = list(_NUMBER.finditer(record))
    if not found:
        return record
    place = chance.choice(found)
    return record[: place.start()] + odd + record[place.end() :]


_FIELD = re.compile(rb'"(?:[^"\\]|\\.){1,40}"\s*:')


def twice(record: bytes, chance: Random) -> bytes:
    """A field that stands in its object two times."""
    found = list(_FIELD.finditer(record))
    if not found:
        return record
    place = chance.choice(found)
    value = chance.choice((b"null", b"1", b'"x"', b"[]", b"{}"))
    return record[: place.start()] + place.group() + value + b"," + record[place.start() :]


def surrogate(record: bytes, chance: Random) -> bytes:
    """Half a letter, written as an escape."""
    return insert(lambda c: c.choice((b"\\ud800", b"\\udfff", b"\\u0000", b"\\ud83d\\u0041")))(record, chance)


def nest(record: bytes, chance: Random) -> bytes:
    """More levels than any parser's stack should bear."""
    levels = chance.choice((100, 300, 1_100, NESTED))
    opened, closed = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
    body = opened * levels + b"1" + closed * levels
    found = list(_FIELD.finditer(record))
    if not found or chance.random() < 0.2:
        return body
    place = chance.choice(found)
    return record[: place.end()] + body + b"," + b'"z":' + record[place.end() :]


BYTES: tuple[Bytes, ...] = (
    truncate, flip_bits, insert(noise), insert(invalid_utf8), insert(lambda c: b"\x00" * c.randint(1, 4)),
    cut_out, repeat_part, as_lines, as_array, recode, zipped, odd_number, odd_number, twice, twice, surrogate,
    nest,
)  # fmt: skip


Spot = tuple[Any, Any]
"""A place in a tree: what holds it, and its key or number there."""

DESCEND = 0.75


def spot(tree: Any, chance: Random) -> Spot | None:
    """Any place of a tree, those near its top as likely as those far down; None in an empty one."""
    found: Spot | None = None
    while isinstance(tree, dict | list) and tree:
        key = chance.choice(list(tree)) if isinstance(tree, dict) else chance.randrange(len(tree))
        found, tree = (tree, key), tree[key]
        if chance.random() > DESCEND:
            break
    return found


def change_type(tree: Any, chance: Random, others: list[Any]) -> Any:
    for _ in range(chance.randint(1, 4)):
        if found := spot(tree, chance):
            found[0][found[1]] = copy.deepcopy(chance.choice(ODD))
    return tree


def swap(tree: Any, chance: Random, others: list[Any]) -> Any:
    a, b = spot(tree, chance), spot(tree, chance)
    if a and b and not (_holds(a[0][a[1]], b[0]) or _holds(b[0][b[1]], a[0])):
        a[0][a[1]], b[0][b[1]] = b[0][b[1]], a[0][a[1]]
    return tree


RENAMED: tuple[Callable[[str], str], ...] = (
    str.upper, str.lower, lambda k: k + "_", lambda k: "", lambda k: k[:-1], lambda k: k * 50,
)  # fmt: skip


def rename(tree: Any, chance: Random, others: list[Any]) -> Any:
    found = spot(tree, chance)
    if found and isinstance(found[0], dict):
        found[0][chance.choice(RENAMED)(found[1])] = found[0].pop(found[1])
    return tree


def remove(tree: Any, chance: Random, others: list[Any]) -> Any:
    if found := spot(tree, chance):
        del found[0][found[1]]
    return tree


def mix(tree: Any, chance: Random, others: list[Any]) -> Any:
    """A part of another source's record inside this one."""
    other = chance.choice(others)
    ours, theirs = spot(tree, chance), spot(other, chance)
    if ours and theirs:
        ours[0][ours[1]] = theirs[0][theirs[1]]
        if isinstance(tree, dict) and isinstance(other, dict) and chance.random() < 0.3:
            tree = {**other, **tree}
    return tree


def as_string(tree: Any, chance: Random, others: list[Any]) -> Any:
    """A part as text, as exports write it; now and then twice."""
    if found := spot(tree, chance):
        for _ in range(chance.choice((1, 1, 2))):
            with contextlib.suppress(TypeError):  # nested deeper than it can be written
                found[0][found[1]] = orjson.dumps(found[0][found[1]]).decode()
    return tree


def wrap(tree: Any, chance: Random, others: list[Any]) -> Any:
    if found := spot(tree, chance):
        for _ in range(chance.choice((1, 2, 60))):
            inner = found[0][found[1]]
            found[0][found[1]] = chance.choice(([inner], {"a": inner}))
    return tree


def lengthen(tree: Any, chance: Random, others: list[Any]) -> Any:
    if found := spot(tree, chance):
        value = found[0][found[1]]
        if isinstance(value, str):
            longer: Any = (value or "x") * (chance.choice((10, LONG)) // max(1, len(value)) + 1)
        else:
            longer = value[:3] * 20 if isinstance(value, list) and value else "x" * chance.choice((300, LONG))
        found[0][found[1]] = longer
    return tree


TREE: tuple[Callable[[Any, Random, list[Any]], Any], ...] = (
    change_type, change_type, change_type, swap, rename, remove, mix, mix, as_string, wrap, lengthen,
)  # fmt: skip


def mutant(record: bytes, chance: Random, others: list[Any]) -> bytes:
    """The record, changed one to three times; ``others``: trees of records of any source."""
    if chance.random() < 0.65:
        try:
            tree = orjson.loads(record)
        except orjson.JSONDecodeError:
            tree = None
        if isinstance(tree, dict | list):
            for _ in range(chance.randint(1, 3)):
                tree = chance.choice(TREE)(tree, chance, others)
            with contextlib.suppress(TypeError):
                record = orjson.dumps(tree)
            if chance.random() < 0.8:
                return record
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        record = chance.choice(BYTES)(record, chance)
    return record


def _holds(outer: Any, inner: Any) -> bool:
    """Whether a swap would make a tree that holds itself."""
    left = [outer]
    while left:
        at = left.pop()
        if at is inner:
            return True
        if isinstance(at, dict | list):
            left += at.values() if isinstance(at, dict) else at
    return False
