"""Unpacking what a sender packed, never into more than it may."""

from __future__ import annotations

import zlib

STEP_BYTES = 2**18
"""Most bytes unpacked at once."""
WINDOW_BITS = {"gzip": 31, "deflate": 15}
"""Of zlib, by content coding (RFC 9110, section 8.4.1): gzip and zlib headers."""


class TooLargeError(Exception):
    """More than allowed came out."""


class BrokenError(Exception):
    """Not what it says it is, or cut short."""


class Unpacker:
    """`coding` is one of WINDOW_BITS, or identity; `limit` is the most bytes that may come out."""

    def __init__(self, coding: str, limit: int) -> None:
        self._bits = WINDOW_BITS.get(coding)
        self._unzip = zlib.decompressobj(self._bits) if self._bits else None
        self._limit = limit
        self._parts: list[bytes] = []
        self._fed = 0
        self.size = 0

    def feed(self, chunk: bytes) -> None:
        """Raises TooLargeError, BrokenError."""
        self._fed += len(chunk)
        if self._fed > self._limit:
            raise TooLargeError
        if self._unzip is None:
            self._keep(chunk)
        while self._unzip and chunk:
            # One gzip member may follow another (RFC 1952, section 2.2).
            if self._unzip.eof:
                self._unzip = zlib.decompressobj(self._bits or 0)
            self._inflate(self._unzip, chunk)
            chunk = self._unzip.unused_data

    def _inflate(self, unzip: zlib._Decompress, chunk: bytes) -> None:
        while True:
            try:
                part = unzip.decompress(chunk, STEP_BYTES)
            except zlib.error as error:
                raise BrokenError(str(error)) from None
            self._keep(part)
            chunk = unzip.unconsumed_tail
            # A full step may have left output behind although all input is used up.
            if unzip.eof or (not chunk and len(part) < STEP_BYTES):
                return

    def content(self) -> bytes:
        """Returns the whole unpacked content. Raises BrokenError where it was cut short."""
        if self._unzip and self._fed and not self._unzip.eof:
            raise BrokenError("the compressed body is cut short")
        return b"".join(self._parts)

    def _keep(self, part: bytes) -> None:
        self.size += len(part)
        if self.size > self._limit:
            self._parts.clear()
            raise TooLargeError
        self._parts.append(part)
