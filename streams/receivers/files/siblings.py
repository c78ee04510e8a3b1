"""The files that a log was rotated into: what lies beside it under its name and a number or a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from streams.receivers.files.followed import PACKED, head_of
from streams.receivers.files.marks import Mark

_TURN = re.compile(r"[-._]?[0-9TZ:._+-]*(\.old)?(\.gz)?\Z")
"""logrotate's `.1`, `.2.gz`, `-20261122.gz`; the Kubernetes API server's `-2026-11-22T10-00-00.000`."""


def rotated(path: Path) -> list[Path]:
    """Returns the rotated files of this log, oldest change first; of a file and its packed copy only the
    former."""
    stem, suffix = path.stem, path.suffix
    found: dict[Path, int] = {}
    try:
        entries = list(os.scandir(path.parent))
    except OSError:
        return []
    for entry in entries:
        if entry.name != path.name and _belongs(entry.name, path.name, stem, suffix):
            try:
                if entry.is_file():
                    found[Path(entry.path)] = entry.stat().st_mtime_ns
            except OSError:
                continue
    for one in list(found):
        # While a file is being packed, its copy is not complete.
        if one.suffix == PACKED and one.with_suffix("") in found:
            del found[one]
    return sorted(found, key=lambda one: found[one])


def _belongs(name: str, base: str, stem: str, suffix: str) -> bool:
    if name.startswith(base) and _TURN.match(name, len(base)):
        return True
    # audit-TIME.log, audit-TIME.log.gz
    inner = name.removesuffix(PACKED)
    if not suffix or not inner.startswith(stem) or not inner.endswith(suffix):
        return False
    return bool(_TURN.match(inner[len(stem) : -len(suffix)]))


def find(mark: Mark, candidates: Iterable[Path]) -> Path | None:
    """Returns the file of a mark: the same one under whatever name, else one with the same beginning."""
    known = list(candidates)
    for path in known:
        try:
            status = path.stat()
        except OSError:
            continue
        same = (status.st_dev, status.st_ino) == mark.place
        if same and (not mark.head_size or mark.fits(head_of(path))):
            return path
    return next((path for path in known if mark.fits(head_of(path))), None)


def missed(path: Path, since: int, known: Iterable[Mark]) -> list[Path]:
    """Returns the rotated files changed at `since` (ns) or later that no mark knows: they came and went
    unseen."""
    marks = list(known)
    places = {mark.place for mark in marks}
    out = []
    for one in rotated(path):
        try:
            status = one.stat()
        except OSError:
            continue
        if status.st_mtime_ns < since or (status.st_dev, status.st_ino) in places:
            continue
        head = head_of(one)
        if head and not any(mark.fits(head) for mark in marks):
            out.append(one)
    return out
