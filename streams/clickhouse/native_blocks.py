"""Native blocks of the protocol version that a client asks for (`client_protocol_version`).

The embedded engine writes Native of version 0. Later versions put BlockInfo before each block and, from
54454 on, a byte for custom serialization before each column's data. Where a column ends is known to the
engine alone, so it is asked for its format Buffers (lengths and the same data) and for names and types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import unpack_from

CUSTOM_SERIALIZATION = 54454
"""The first version with a byte per column that says whether its data is in the ordinary form."""
BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""No overflow of totals (field 1), no bucket (field 2: -1), end of fields."""


def native(buffers: bytes, columns: Sequence[tuple[str, str]], version: int) -> bytes:
    """Returns an answer in Buffers as Native; without rows it is one block that names the columns (name,
    type)."""
    heads = [_head(name, kind, version) for name, kind in columns]
    info = BLOCK_INFO if version > 0 else b""
    parts: list[bytes | memoryview] = []
    for rows, datas in _blocks(memoryview(buffers)):
        if len(datas) != len(heads):
            raise ValueError(f"{len(datas)} columns of data and {len(heads)} names")
        parts += [info, _number(len(heads)), _number(rows)]
        for head, data in zip(heads, datas, strict=True):
            parts += [head, data]
    return b"".join(parts or [info, _number(len(heads)), _number(0), *heads])


def _blocks(buffers: memoryview) -> Iterator[tuple[int, list[memoryview]]]:
    place = 0
    while place < len(buffers):
        columns, rows = unpack_from("<QQ", buffers, place)
        place += 16
        datas = []
        for _ in range(columns):
            (size,) = unpack_from("<Q", buffers, place)
            datas.append(buffers[place + 8 : place + 8 + size])
            place += 8 + size
        yield rows, datas


def _head(name: str, kind: str, version: int) -> bytes:
    custom = b"\x00" if version >= CUSTOM_SERIALIZATION else b""
    return b"".join(_number(len(text)) + text for text in (name.encode(), kind.encode())) + custom


def _number(value: int) -> bytes:
    """LEB128, ClickHouse's VarUInt."""
    spelled = bytearray()
    while value > 0x7F:
        spelled.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*spelled, value])
