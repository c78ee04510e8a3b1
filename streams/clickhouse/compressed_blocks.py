"""ClickHouse's own framing of what is compressed (`compress=1`, `decompress=1`): blocks with checksums.

A block is sixteen bytes of CityHash128 over the rest, one byte for the method, four for the length of method,
lengths and data together, four for the length of what is packed, then the data (little endian).
"""

from __future__ import annotations

from struct import pack, unpack_from

import cramjam

from streams.clickhouse.city_hash import city_hash_128

LZ4, ZSTD, PLAIN = 0x82, 0x90, 0x02
METHODS = {"": LZ4, "LZ4": LZ4, "LZ4HC": LZ4, "ZSTD": ZSTD, "NONE": PLAIN}
"""What `network_compression_method` may say; both readings of LZ4 are unpacked alike."""
BLOCK_BYTES = 2**20
"""Bytes in one block before it is packed, as ClickHouse's own buffers have it."""
_CHECKSUM, _HEAD = 16, 9


def packed(body: bytes, method: int) -> bytes:
    """Returns the bytes as blocks; nothing stays nothing."""
    parts = []
    for place in range(0, len(body), BLOCK_BYTES):
        plain = body[place : place + BLOCK_BYTES]
        data = _pack(plain, method)
        block = pack("<BII", method, len(data) + _HEAD, len(plain)) + data
        parts += [city_hash_128(block), block]
    return b"".join(parts)


def unpacked(body: bytes, most: int) -> bytes:
    """Returns what the blocks hold. Raises ValueError where they are none, are damaged or hold more than
    `most` bytes."""
    parts: list[bytes] = []
    place = size = 0
    while place < len(body):
        if len(body) < place + _CHECKSUM + _HEAD:
            raise ValueError("a compressed block is cut off")
        method, length, plain = unpack_from("<BII", body, place + _CHECKSUM)
        size += plain
        if size > most:
            raise ValueError(f"the compressed blocks hold more than {most} bytes")
        end = place + _CHECKSUM + length
        block = body[place + _CHECKSUM : end]
        if length < _HEAD or len(block) != length or city_hash_128(block) != body[place : place + _CHECKSUM]:
            raise ValueError("a compressed block is damaged")
        parts.append(_unpack(block[_HEAD:], method, plain))
        place = end
    return b"".join(parts)


def _pack(plain: bytes, method: int) -> bytes:
    if method == LZ4:
        return bytes(cramjam.lz4.compress_block(plain, store_size=False))
    return bytes(cramjam.zstd.compress(plain, level=1)) if method == ZSTD else plain


def _unpack(data: bytes, method: int, size: int) -> bytes:
    plain = bytearray(size)
    try:
        if method == LZ4:
            written = cramjam.lz4.decompress_block_into(data, plain)
        elif method == ZSTD:
            written = cramjam.zstd.decompress_into(data, plain)
        elif method == PLAIN:
            return data
        else:
            raise ValueError(f"the method {method:#x} is not read here")
    except cramjam.DecompressionError as error:
        raise ValueError(f"a compressed block cannot be unpacked: {error}") from None
    if written != size:
        raise ValueError("a compressed block holds less than it says")
    return bytes(plain)
