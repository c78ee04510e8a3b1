"""The entry of a stage whose clock can be moved while it runs, by the number of seconds in a file.

`python -m tests.chaos.disturbed NAME`. The monotonic clock goes on as it is, as it does on a machine whose
wall clock is set.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import time
from pathlib import Path

OFFSET_VARIABLE = "CHAOS_CLOCK"
"""Names the file: eight bytes, a number of nanoseconds."""


def set_clock(path: Path, seconds: float) -> None:
    """Moves the clock of every stage that looks at this file; it may run already."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.write(struct.pack("<q", int(seconds * 1e9)))


def main() -> None:
    """Moves this process's clock, then is the stage that is named."""
    with open(os.environ[OFFSET_VARIABLE], "rb") as file:
        moved = mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)
    true_ns = time.time_ns

    def time_ns() -> int:
        return true_ns() + int(struct.unpack("<q", moved[:8])[0])

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9
    from streams.supervision import stages

    stages.main()


if __name__ == "__main__":
    if sys.path[0] != os.getcwd():
        sys.path.insert(0, os.getcwd())
    main()
