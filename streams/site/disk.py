"""The disk of the data folder: what is wrong with it, in words."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

PROBE = bytes(65_536)
"""What is written to see whether anything can be: more than a file system keeps in its own tables."""

WORDS = {
    errno.ENOSPC: "The disk that holds {} is full: make room, what waits is stored then.",
    errno.EDQUOT: "The quota of the disk that holds {} is used up: make room, what waits is stored then.",
    errno.EROFS: "The disk that holds {} can only be read: mount it for writing.",
    errno.EACCES: "{} may not be written by this user: give it back, or name another folder.",
}


def trouble_with(folder: Path) -> str:
    """Returns why nothing can be written there; "" where it can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(PROBE)
            probe.flush()
    except OSError as error:
        words = WORDS.get(error.errno or 0)
        return words.format(folder) if words else f"{folder} cannot be written: {error.strerror or error}."
    return ""
