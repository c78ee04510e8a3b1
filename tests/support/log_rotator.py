"""A log file as a program writes it and logrotate rotates it."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path


class RotatedLog:
    """Writes numbered lines; `lines` are those that were written whole, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[bytes] = []
        self._file = path.open("ab", buffering=0)
        self._half = b""

    def write(self, count: int = 1, padding: int = 0) -> None:
        for _ in range(count):
            line = b'{"id":"%d","pad":"%s"}' % (len(self.lines), b"x" * padding)
            self._file.write(line[len(self._half) :] + b"\n")
            self._half = b""
            self.lines.append(line)

    def write_half(self) -> None:
        """The beginning of the next line; `write` completes it."""
        if not self._half:
            self._half = b'{"id":"%d",' % len(self.lines)
            self._file.write(self._half)

    def rename(self, reopen: bool = True) -> None:
        """As logrotate by default; without `reopen` the writer goes on with the renamed file."""
        self._shift()
        self.path.rename(self._rotated(1))
        if reopen:
            self.reopen()
        else:
            self.path.touch()

    def reopen(self) -> None:
        """As a program does on SIGHUP: a line begun before is completed in the file that it was begun
        in.
        """
        if self._half:
            self.write()
        self._file.close()
        self._file = self.path.open("ab", buffering=0)

    def copy_and_truncate(self) -> None:
        """As logrotate's copytruncate, with nothing written in between."""
        if self._half:
            self.write()
        self._shift()
        shutil.copyfile(self.path, self._rotated(1))
        os.truncate(self.path, 0)

    def pack(self) -> None:
        """The latest rotated file, as gzip does it: with the time of the original. Not while it is written
        to: that would lose lines whoever reads them."""
        plain = self._rotated(1)
        if not plain.exists() or plain.stat().st_ino == os.fstat(self._file.fileno()).st_ino:
            return
        status = plain.stat()
        packed = Path(f"{plain}.gz")
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
        plain.unlink()

    def close(self) -> None:
        self._file.close()

    def _rotated(self, number: int) -> Path:
        return Path(f"{self.path}.{number}")

    def _shift(self) -> None:
        for number in range(99, 0, -1):
            for suffix in ("", ".gz"):
                old = Path(f"{self._rotated(number)}{suffix}")
                if old.exists():
                    old.rename(f"{self._rotated(number + 1)}{suffix}")
