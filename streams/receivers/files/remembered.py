"""Which files were taken already: eight bytes each, in one database file of the data folder."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger("gapwatch.receivers")


class Remembered:
    """Names of files that were taken. A database that is broken is put aside: files are then taken again."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._base = _opened(path)
        except sqlite3.DatabaseError as error:
            aside = path.with_suffix(".broken")
            log.error("%s is not readable (%s); put aside as %s", path, error, aside)
            path.replace(aside)
            self._base = _opened(path)

    def __contains__(self, name: str) -> bool:
        found = self._base.execute("SELECT 1 FROM taken WHERE name = ?", (_digest(name),))
        return found.fetchone() is not None

    def add(self, names: Iterable[str]) -> None:
        """Returns when it is on the disk."""
        with self._base:
            self._base.executemany(
                "INSERT OR IGNORE INTO taken (name) VALUES (?)", ((_digest(name),) for name in names)
            )

    def close(self) -> None:
        """Closes the data base; what was remembered is on disk already."""
        self._base.close()


def _opened(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE IF NOT EXISTS taken (name INTEGER PRIMARY KEY)")
    return base


def _digest(name: str) -> int:
    """64 bits: among ten million files two meet with a chance of three in a million."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
