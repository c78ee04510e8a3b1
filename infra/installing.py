"""Installs what requirements.lock names, and says how far it is: some hundred packages take minutes.

Run by the Makefile in the new environment, before anything is installed there, so it imports nothing else.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

PIP = (
    sys.executable,
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--progress-bar=off",
)
LOCK = Path("requirements.lock")
STEPS = (
    ("--require-hashes", "--requirement", str(LOCK)),
    ("--no-deps", "--no-build-isolation", "--editable", "."),
)
TICK_SECONDS = 0.5
LAST_LINES = 20
"""Of pip's words, where it fails: the reason stands at the end."""

_FETCHED = re.compile(r"\s*(?:Collecting|Requirement already satisfied:?) ([\w.-]+)")
_PINNED = re.compile(r"^[\w.-]+==", re.MULTILINE)


class Progress:
    """What is shown: one line that is written over on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int, out: TextIO) -> None:
        self._total, self._out = total, out
        self._began = time.monotonic()
        self._names: set[str] = set()
        self._doing = "asking for packages"
        self.lines: list[str] = []

    def heard(self, line: str) -> None:
        """Takes a line of pip's."""
        self.lines.append(line.rstrip())
        if found := _FETCHED.match(line):
            self._names.add(found[1].lower())
            self._doing = (
                f"{len(self._names)} of {max(self._total, len(self._names))} fetched, now {found[1]}"
            )
        elif line.startswith("Installing collected packages"):
            self._doing = f"unpacking {len(self._names)} packages"

    def show(self) -> None:
        """Writes how far it is, where somebody looks on."""
        if self._out.isatty():
            seconds = time.monotonic() - self._began
            self._out.write(f"\r\x1b[K  {self._doing} ({seconds:.0f} s)"[:78])
            self._out.flush()

    def end(self) -> None:
        """Takes the line away."""
        if self._out.isatty():
            self._out.write("\r\x1b[K")
            self._out.flush()


def run(command: Sequence[str], progress: Progress) -> int:
    """Runs a command, shows how far it is, and returns its exit code."""
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(TICK_SECONDS):
            progress.show()

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            progress.heard(line)
    ended.set()
    ticking.join()
    progress.end()
    return pip.returncode


def main() -> int:
    """Installs; where pip fails its last words are shown, and its exit code returned."""
    total = len(_PINNED.findall(LOCK.read_text(encoding="utf-8")))
    for step in STEPS:
        progress = Progress(total, sys.stderr)
        if code := run((*PIP, *step), progress):
            print("\n".join(progress.lines[-LAST_LINES:]), file=sys.stderr)
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
