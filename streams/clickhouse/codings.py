"""Content codings of HTTP (RFC 9110 §8.4, RFC 8878) for requests and answers, as ClickHouse names them."""

from __future__ import annotations

from typing import Any

import cramjam

_CODECS: dict[str, Any] = {
    "lz4": cramjam.lz4,
    "zstd": cramjam.zstd,
    "gzip": cramjam.gzip,
    "x-gzip": cramjam.gzip,
    "deflate": cramjam.zlib,
    "br": cramjam.brotli,
}
"""`lz4` is its frame format. The cheapest comes first, and is taken where a client reads several."""
_LEVELS = {"gzip": 1, "x-gzip": 1, "deflate": 1, "zstd": 1, "br": 1}
"""An answer goes to a neighbour: packing must not take longer than sending."""


def decoded(coding: str, body: bytes, most: int) -> bytes:
    """Returns the body without its coding. Raises ValueError for one that is not read here, for what is
    damaged and for what would be longer than `most` bytes."""
    codec = _CODECS.get(coding.strip().lower())
    if codec is None:
        raise ValueError(f"a body in {coding[:40]!r} is not read here, only {', '.join(_CODECS)}")
    # A buffer of this size is all that it can fill, however well it is packed.
    plain = bytearray(most + 1)
    try:
        written = codec.decompress_into(body, plain)
    except (cramjam.DecompressionError, ValueError):
        raise ValueError(f"a body in {coding} is damaged or holds more than {most} bytes") from None
    if written > most:
        raise ValueError(f"a body in {coding} holds more than {most} bytes")
    return bytes(plain[:written])


def encoded(coding: str, body: bytes) -> bytes:
    """Returns the body in one of the codings that `chosen` gives."""
    level = _LEVELS.get(coding)
    codec = _CODECS[coding]
    return bytes(codec.compress(body) if level is None else codec.compress(body, level=level))


class Packing:
    """Puts one coding around an answer that comes in parts."""

    def __init__(self, coding: str) -> None:
        level = _LEVELS.get(coding)
        make = _CODECS[coding].Compressor
        self._made = make() if level is None else make(level=level)

    def part(self, body: bytes) -> bytes:
        """Returns what can go out with this part."""
        self._made.compress(body)
        return bytes(self._made.flush())

    def end(self) -> bytes:
        """Returns what stands at the end."""
        return bytes(self._made.finish())


def chosen(accepted: str) -> str:
    """Returns the coding for an Accept-Encoding header, empty where none of ours is among them."""
    wanted = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        wanted[name.strip()] = weight.replace(" ", "").strip("0.") != "q="
    return next((name for name in _CODECS if wanted.get(name)), "")
