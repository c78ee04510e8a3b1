"""One open file that is followed, plain or packed: its next lines, and whether it is still what it was."""

from __future__ import annotations

import gzip
import os
import zlib
from dataclasses import replace
from pathlib import Path

from streams.files.reading import open_regular
from streams.receivers.files.lines import Line, Lines
from streams.receivers.files.marks import HEAD_BYTES, Mark, digest
from streams.receivers.unfit import Unfit

CHUNK_BYTES = 2**20
PACKED = ".gz"
BROKEN = (OSError, EOFError, zlib.error)


class TruncatedError(Exception):
    """The file was cut off, or holds something else now."""


def head_of(path: Path) -> bytes:
    """Returns the first HEAD_BYTES of a file's content, unpacked; b"" where it cannot be read."""
    try:
        with open_regular(path) as file:
            if path.suffix != PACKED:
                return os.pread(file.fileno(), HEAD_BYTES, 0)
            with gzip.GzipFile(fileobj=file) as packed:
                return packed.read(HEAD_BYTES)
    except BROKEN:
        return b""


class Followed:
    """An open file from its mark on. `retired` is when (on the tail's clock) it was last current or growing;
    None while it is the current one.

    Raises OSError where it cannot be opened.
    """

    def __init__(self, path: Path, mark: Mark | None, limit: int, retired: float | None = None) -> None:
        self.path = path
        self._file = open_regular(path)
        self._limit = limit
        self.mark = mark.moved(os.fstat(self._file.fileno())) if mark else self._new_mark()
        self.retired = retired
        self.progressed = False
        self.over = False
        self._lines = Lines(limit, str(path))
        self._packed = self._unpacked_from(self.mark.offset) if path.suffix == PACKED else None
        self._trouble = ""

    @property
    def packed(self) -> bool:
        """Whether the file is gz, so that offsets count unpacked bytes."""
        return self._packed is not None

    def read(self) -> list[Line]:
        """Returns the next lines; `progressed` is whether there was anything to read. Raises
        TruncatedError."""
        chunk = self._next_packed(self._packed) if self._packed else self._next_plain()
        self.progressed = bool(chunk)
        return self._lines.feed(chunk)

    def begin_anew(self) -> None:
        """Starts at the beginning of the file, whose content is another one's now."""
        self.mark = self._new_mark()
        self._lines = Lines(self._limit, str(self.path))
        self.progressed = True

    def end(self) -> list[Line]:
        """Returns half a last line, and what was wrong with the file: nothing more will come, the file is
        `over`."""
        self.over = True
        last = self._lines.end()
        lines = [last] if last else []
        if self._trouble:
            lines.append(Line(b"", 0, Unfit.of(b"", self._trouble, str(self.path))))
        return lines

    def taken(self, lines: list[Line]) -> None:
        """Notes that Kafka has these lines."""
        self.mark.offset += sum(line.size for line in lines)

    def close(self) -> None:
        """Closes the file; nothing is remembered by it."""
        self._file.close()

    def _new_mark(self) -> Mark:
        status = os.fstat(self._file.fileno())
        mark = Mark(status.st_dev, status.st_ino)
        if self.path.suffix != PACKED:
            # At once: it may be packed, under another name and number, before anything of it is taken.
            head = os.pread(self._file.fileno(), HEAD_BYTES, 0)
            mark.head, mark.head_size = digest(head), len(head)
        return mark

    def _next_plain(self) -> bytes:
        descriptor = self._file.fileno()
        position = self.mark.offset + self._lines.waiting
        chunk = os.pread(descriptor, CHUNK_BYTES, position)
        # Looked at after reading: what was read before a truncation is told from what came after it.
        status = os.fstat(descriptor)
        head = os.pread(descriptor, min(HEAD_BYTES, position + len(chunk)), 0)
        changed = self.mark.head_size and not self.mark.fits(head)
        if status.st_size < position or changed:
            raise TruncatedError
        if len(head) > self.mark.head_size:
            self.mark = replace(self.mark, head=digest(head), head_size=len(head))
        return chunk

    def _unpacked_from(self, offset: int) -> gzip.GzipFile:
        packed = gzip.GzipFile(fileobj=self._file)
        try:
            while offset > 0 and (skipped := len(packed.read(min(offset, CHUNK_BYTES)))):
                offset -= skipped
        except BROKEN:
            # Said when it is read on.
            return packed
        return packed

    def _next_packed(self, packed: gzip.GzipFile) -> bytes:
        if self._trouble:
            return b""
        try:
            return packed.read(CHUNK_BYTES)
        except BROKEN as error:
            self._trouble = f"the gzip file is broken ({error}); what came before was read"
            return b""
