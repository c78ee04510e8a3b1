"""Suspects: what a stage was working on when its process died, so that a message that kills it is set aside.

An exception is caught where it is raised; this is for what leaves nobody to catch it: a fault in a library
written in C, the memory of the machine. After two deaths in a row the next process works carefully for a
while: it writes down each message before it works on it. A message over which two careful processes died is
not tried again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from streams.site.stage import Stage

CAREFUL_AFTER = 2
"""Deaths in a row after which a process is careful: one is an operator's, or the machine's, and to go on
message by message is slow."""
CAREFUL_SECONDS = 60.0
"""After a start: long enough to come to where the one before died. Who lives longer ends the row."""
DEATHS = 2
"""Of careful processes over one message, until it is set aside: one may be an operator's kill."""
SET_ASIDE_MAX = 1_000
"""Messages over which processes died that are remembered; what kills more often than this is no message."""

Place = tuple[str, int, int]
"""Topic, partition, offset."""


class _State(msgspec.Struct):
    broker: str
    in_row: int = 0
    working_on: Place | None = None
    deaths: list[tuple[Place, int]] = []


class Suspects:
    """One stage's file in the run's folder. It is gone after an orderly end."""

    def __init__(self, stage: Stage) -> None:
        folder = stage.run_folder
        self._file = folder / f"suspects-{stage.name}-{stage.worker}.json" if folder else None
        self._began = time.monotonic()
        before = _read(self._file)
        # Another broker's offsets say nothing.
        before = before if before and before.broker == stage.broker_id else None
        self._deaths = dict(before.deaths[-SET_ASIDE_MAX:]) if before else {}
        if before and (place := before.working_on):
            self._deaths[place] = self._deaths.get(place, 0) + 1
        in_row = before.in_row + 1 if before else 0
        self._state = _State(stage.broker_id, in_row, None, list(self._deaths.items()))
        self._write()

    @property
    def careful(self) -> bool:
        """Whether messages are to be worked on one at a time, each written down before."""
        if not self._state.in_row:
            return False
        if time.monotonic() - self._began >= CAREFUL_SECONDS:
            self._state.in_row = 0
            self._write()
        return self._state.in_row >= CAREFUL_AFTER

    def set_aside(self, place: Place) -> bool:
        """Says whether this message killed careful processes often enough."""
        return self._deaths.get(place, 0) >= DEATHS

    @contextmanager
    def over(self, place: Place, *innocent: type[BaseException]) -> Iterator[None]:
        """Marks, while the block runs, the message that is worked on. The block holds what may kill the
        process and nothing that waits for others: whoever is killed while he waits did not die of the
        message. An error that leaves the work counts, since the process ends by it; an ``innocent`` one and
        being cancelled do not."""
        self._working_on(place)
        try:
            yield
        except BaseException as error:
            if isinstance(error, (*innocent, asyncio.CancelledError)):
                self._working_on(None)
            raise
        self._working_on(None)

    def _working_on(self, place: Place | None) -> None:
        self._state.working_on = place
        self._write()

    def end(self) -> None:
        """Notes that the process ends in order."""
        if self._file:
            self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        """Out of the process, not down to the disk: it is the process that dies."""
        if self._file:
            draft = self._file.with_suffix(".new")
            draft.write_bytes(msgspec.json.encode(self._state))
            draft.replace(self._file)


def _read(path: Path | None) -> _State | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_State) if path else None
    except (OSError, msgspec.DecodeError):
        return None
