"""How far followed files were taken, kept in the data folder: written anew and put in place in one step."""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import orjson

HEAD_BYTES = 1024
"""Of a file's beginning that tell it again under another name: audit lines begin with a time or an id."""

log = logging.getLogger("gapwatch.receivers")


@dataclass
class Mark:
    """A file and how far it was taken: `offset` in bytes (unpacked ones of a packed file), `done` once it is
    over. Its first `head_size` bytes hash to `head`.
    """

    device: int
    inode: int
    offset: int = 0
    head: str = ""
    head_size: int = 0
    done: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """The device and inode of the file, which a rename keeps."""
        return self.device, self.inode

    def fits(self, head: bytes) -> bool:
        """Says whether a file that begins so is this one. Of an empty beginning nothing can be said:
        False."""
        return 0 < self.head_size <= len(head) and digest(head[: self.head_size]) == self.head

    def moved(self, status: os.stat_result) -> Mark:
        """Returns the same content as another file."""
        return replace(self, device=status.st_dev, inode=status.st_ino)


def digest(head: bytes) -> str:
    """Returns the SHA-256 of the first bytes of a file in hex, by which a reused inode is told apart."""
    return hashlib.sha256(head).hexdigest()


class Marks(NamedTuple):
    """Of one followed path, oldest file first. Its rotated files that did not change since `looked` (ns) were
    considered.
    """

    marks: list[Mark]
    looked: int = 0


class MarkFile:
    """Keeps the marks of one followed path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Marks:
        """Returns the marks of the last run, None where there are none yet or none that can be read: the file
        is then taken anew."""
        try:
            kept = orjson.loads(self._path.read_bytes())
            return Marks([Mark(**mark) for mark in kept["marks"]], kept["looked"])
        except FileNotFoundError:
            return Marks([])
        except (OSError, orjson.JSONDecodeError, TypeError, LookupError) as error:
            log.error("%s is not readable (%s); its file is taken from the beginning", self._path, error)
            return Marks([])

    def save(self, marks: Marks) -> None:
        """Returns when they are on the disk: what was taken and forgotten would be taken twice."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with draft.open("wb") as out:
            kept = {"looked": marks.looked, "marks": [asdict(mark) for mark in marks.marks]}
            out.write(orjson.dumps(kept))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._path)
