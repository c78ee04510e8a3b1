"""The objects in a folder that CloudTrail's bucket is synchronised to: which are new, whole, small enough."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from streams.files.gunzip import gunzip
from streams.files.reading import CHUNK_BYTES, open_regular
from streams.receivers.files.remembered import Remembered
from streams.receivers.unfit import Unfit
from streams.site.units import show_size

SUFFIXES = (".json.gz", ".json")
PASSED_OVER = "CloudTrail-Digest"
"""Folder of the digests that sign the objects; they hold no records."""
SETTLED_SECONDS = 2.0
"""A folder or a plain file that changed so recently may change again within the clock's step."""
UNFINISHED_SECONDS = 600.0
"""An object that is still incomplete so long after its last change is taken as it is."""

log = logging.getLogger("gapwatch.receivers")


class Found(NamedTuple):
    """An object to take, and the key under which it is remembered afterwards."""

    path: Path
    key: str


class Folder:
    """Finds the objects not taken yet. Folders that did not change are not listed again."""

    def __init__(
        self, root: Path, remembered: Remembered, limit: int, now: Callable[[], float] = time.time
    ) -> None:
        """``limit``: unpacked bytes of an object; a larger one counts as complete, and is told when it is
        read."""
        self._root = root
        self._limit = limit
        self._remembered = remembered
        self._now = now
        self._settled: dict[str, tuple[int, list[str]]] = {}
        self._unfinished: dict[str, tuple[int, int]] = {}

    def fresh(self) -> Iterator[Found]:
        """Yields complete objects, and incomplete ones that nobody completes any more.

        Raises OSError where the folder itself is gone.
        """
        waiting = [str(self._root)]
        os.stat(self._root)
        while waiting:
            folder = waiting.pop()
            try:
                changed = os.stat(folder).st_mtime_ns
            except FileNotFoundError:
                continue
            known = self._settled.get(folder)
            if known and known[0] == changed:
                waiting += known[1]
                continue
            below, files = _listed(folder)
            waiting += below
            fresh = [path for path in files if self._name(path) not in self._remembered]
            yield from filter(None, map(self._found, fresh))
            # Only what was remembered since is not looked for again.
            if not fresh and self._now() - changed / 1e9 > SETTLED_SECONDS:
                self._settled[folder] = changed, below

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _found(self, path: Path) -> Found | None:
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        # The change of the inode, since who copies may set the other time as he likes.
        age = self._now() - status.st_ctime
        version = status.st_size, status.st_ctime_ns
        key = self._name(path)
        if path.suffix != ".gz" and age < SETTLED_SECONDS:
            return None
        if self._unfinished.get(key) != version and _is_complete(path, self._limit):
            self._unfinished.pop(key, None)
            return Found(path, key)
        self._unfinished[key] = version
        # As it is; should it grow yet, it is another one.
        as_it_is = f"{key}#{status.st_size}"
        if age < UNFINISHED_SECONDS or as_it_is in self._remembered:
            return None
        log.warning("%s is still incomplete; taken as it is", path)
        return Found(path, as_it_is)


def _listed(folder: str) -> tuple[list[str], list[Path]]:
    """The folders in a folder, and the objects."""
    folders, files = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders += [entry.path] if entry.name != PASSED_OVER else []
                elif entry.name.endswith(SUFFIXES) and entry.is_file():
                    files.append(Path(entry.path))
    except FileNotFoundError:
        return [], []
    return folders, sorted(files)


def _is_complete(path: Path, limit: int) -> bool:
    """Whether the gzip stream has its end, or the JSON: as one document, or that of the last line."""
    try:
        with open_regular(path) as file:
            if path.suffix != ".gz":
                content = file.read(limit + 1).rstrip()
                last = content[content.rfind(b"\n") + 1 :]
                return len(content) > limit or _is_json(content) or _is_json(last)
            troubles: list[str] = []
            size = 0
            for part in gunzip(iter(lambda: file.read(CHUNK_BYTES), b""), troubles):
                size += len(part)
                # Too large to be taken: that is said when it is read.
                if size > limit:
                    return True
            return size > 0 and not troubles
    except OSError:
        return False


def _is_json(content: bytes) -> bool:
    try:
        # Looked through without making anything of it.
        msgspec.json.decode(content, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def too_large(path: Path, limit: int) -> Unfit | None:
    """Returns an object that would unpack to more than can be read, told without keeping any of it."""
    digest, size, plain = hashlib.sha256(), 0, 0
    troubles: list[str] = []

    def chunks(file: BinaryIO) -> Iterator[bytes]:
        nonlocal size
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    try:
        with open_regular(path) as file:
            parts = gunzip(chunks(file), troubles) if path.suffix == ".gz" else chunks(file)
            for part in parts:
                plain += len(part)
                if plain > limit:
                    # The rest of the file belongs to its digest.
                    for _ in chunks(file):
                        pass
                    reason = f"unpacks to more than {show_size(limit)} (receive_cloudtrail_limit)"
                    return Unfit(reason, digest.hexdigest(), size, str(path))
    except OSError:
        # Said by who reads it next.
        return None
    return None
