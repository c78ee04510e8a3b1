"""Lines out of a stream of bytes, in bounded memory: half lines wait, lines above the limit are only told."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from streams.receivers.unfit import Unfit

WHITE = b" \t\r\x00"


class Line(NamedTuple):
    """`content` without its end, b"" for an empty line; `size` in bytes with its end; `unfit` where it cannot
    be a record.
    """

    content: bytes
    size: int
    unfit: Unfit | None = None


class Lines:
    """`limit` is the most bytes of a line; `place` is where they come from, for people."""

    def __init__(self, limit: int, place: str = "") -> None:
        self._limit = limit
        self._place = place
        self._held = bytearray()
        self._size = 0
        self._digest: hashlib._Hash | None = None

    @property
    def waiting(self) -> int:
        """Bytes since the last end of a line."""
        return self._size

    def feed(self, chunk: bytes) -> list[Line]:
        """Returns the lines that end in this chunk."""
        *ends, rest = chunk.split(b"\n")
        lines = []
        for part in ends:
            self._take(part)
            lines.append(self._line(1))
        self._take(rest)
        return lines

    def end(self) -> Line | None:
        """Returns what waits and will not go on; None where nothing does."""
        return self._line(0) if self._size else None

    def _take(self, part: bytes) -> None:
        self._size += len(part)
        if self._digest is not None:
            self._digest.update(part)
            return
        if not self._held:
            # A writer that goes on at its old place in a truncated file leaves a hole, as large as you like.
            part = part.lstrip(b"\x00")
        self._held += part
        if len(self._held) > self._limit:
            self._digest = hashlib.sha256(self._held)
            self._held = bytearray()

    def _line(self, end: int) -> Line:
        content, size, digest = bytes(self._held).strip(WHITE), self._size, self._digest
        self._held, self._size, self._digest = bytearray(), 0, None
        if digest is None:
            return Line(content, size + end)
        reason = f"longer than {self._limit} bytes (record_limit)"
        return Line(b"", size + end, Unfit(reason, digest.hexdigest(), size, self._place))
