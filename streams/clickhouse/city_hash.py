"""CityHash128 of version 1.0.2, the checksum of ClickHouse's compressed blocks.

Written from the algorithm's description (Google's CityHash 1.0.2, MIT); later versions of CityHash give other
numbers. A megabyte takes a few tenths of a second, which is why answers are hashed after they are packed.
"""

from __future__ import annotations

from struct import unpack_from

_M = 2**64 - 1
_K0, _K1, _K2, _K3 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F, 0xC949D7C7509E6557
_MUL = 0x9DDFEA08EB382D69


def city_hash_128(data: bytes) -> bytes:
    """Returns the sixteen bytes as they stand before a block, low half first."""
    size = len(data)
    if size >= 16:
        low, high = unpack_from("<QQ", data)
        pair = _seeded(data[16:], low ^ _K3, high)
    elif size >= 8:
        pair = _seeded(b"", _at(data, 0) ^ (size * _K0 & _M), _at(data, size - 8) ^ _K1)
    else:
        pair = _seeded(data, _K0, _K1)
    return pair[0].to_bytes(8, "little") + pair[1].to_bytes(8, "little")


def _at(data: bytes, place: int) -> int:
    value: int = unpack_from("<Q", data, place)[0]
    return value


def _turn(value: int, by: int) -> int:
    value &= _M
    return (value >> by | value << 64 - by) & _M if by else value


def _mix(value: int) -> int:
    return value ^ value >> 47


def _pair(low: int, high: int) -> int:
    low &= _M
    high &= _M
    first = _mix((low ^ high) * _MUL & _M)
    return _mix((high ^ first) * _MUL & _M) * _MUL & _M


def _few(data: bytes) -> int:
    size = len(data)
    if size > 8:
        last = _at(data, size - 8)
        return _pair(_at(data, 0), _turn(last + size, size)) ^ last
    if size >= 4:
        first, last = unpack_from("<I", data)[0], unpack_from("<I", data, size - 4)[0]
        return _pair(size + (first << 3), last)
    if size:
        near, far = data[0] + (data[size >> 1] << 8), size + (data[-1] << 2)
        return _mix(near * _K2 & _M ^ far * _K3 & _M) * _K2 & _M
    return _K2


def _murmur(data: bytes, a: int, b: int) -> tuple[int, int]:
    size = len(data)
    if size <= 16:
        a = _mix(a * _K1 & _M) * _K1 & _M
        c = (b * _K1 + _few(data)) & _M
        d = _mix((a + (_at(data, 0) if size >= 8 else c)) & _M)
    else:
        c = _pair(_at(data, size - 8) + _K1, a)
        d = _pair(b + size, c + _at(data, size - 16))
        a = a + d & _M
        for place in range(0, size - 16, 16):
            a = (a ^ _mix(_at(data, place) * _K1 & _M) * _K1) * _K1 & _M
            b ^= a
            c = (c ^ _mix(_at(data, place + 8) * _K1 & _M) * _K1) * _K1 & _M
            d ^= c
    a, b = _pair(a, c), _pair(d, b)
    return a ^ b, _pair(b, a)


def _weak(words: tuple[int, ...], a: int, b: int) -> tuple[int, int]:
    w, x, y, z = words
    a += w
    c = a
    b = _turn(b + a + z, 21)
    a += x + y
    return a + z & _M, b + _turn(a, 44) + c & _M


def _seeded(data: bytes, x: int, y: int) -> tuple[int, int]:
    size = len(data)
    if size < 128:
        return _murmur(data, x, y)
    z = size * _K1 & _M
    v0 = _turn(y ^ _K1, 49) * _K1 + _at(data, 0) & _M
    v1 = _turn(v0, 42) * _K1 + _at(data, 8) & _M
    w0 = _turn(y + z, 35) * _K1 + x & _M
    w1 = _turn(x + _at(data, 88), 53) * _K1 & _M
    for place in range(0, size - size % 128, 64):
        words = unpack_from("<8Q", data, place)
        x = _turn(x + y + v0 + words[2], 37) * _K1 & _M ^ w1
        y = _turn(y + v1 + words[6], 42) * _K1 & _M ^ v0
        z = _turn(z ^ w0, 33)
        v0, v1 = _weak(words[:4], v1 * _K1, x + w0)
        w0, w1 = _weak(words[4:], z + w1, y)
        z, x = x, z
    y = y + _turn(w0, 37) * _K0 + z & _M
    x = x + _turn(v0 + z, 49) * _K0 & _M
    for back in range(32, size % 128 + 32, 32):
        words = unpack_from("<4Q", data, size - back)
        y = _turn(y - x, 42) * _K0 + v1 & _M
        w0 = w0 + words[2] & _M
        x = _turn(x, 49) * _K0 + w0 & _M
        w0 = w0 + v0 & _M
        v0, v1 = _weak(words, v0, v1)
    x, y = _pair(x, v0), _pair(y, w0)
    return _pair(x + v1, w1) + y & _M, _pair(x + w1, y + v1)
