"""A log file that is followed over rotation (renamed or copied and truncated, packed or not) and restarts.

What is read is `poll`ed; once Kafka has it, `taken` moves the marks. Between the two nothing is kept that a
crash could lose: after it the same is read again.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from streams.receivers.files.followed import Followed, TruncatedError
from streams.receivers.files.lines import Line
from streams.receivers.files.marks import Mark, MarkFile, Marks
from streams.receivers.files.siblings import find, missed, rotated

GRACE_SECONDS = 10.0
"""How long a rotated file is watched after its last line: its writer goes on with it until told to reopen."""
REMEMBERED = 8
"""Finished files that are still known by their beginning, so that none is taken for a missed one."""
MISSED_MAX = 100
"""Missed files opened at once: a rotation that ran away must not use up the descriptors."""
SETTLED_NS = 10**9
"""A folder that changed so recently may change again within the step of its clock."""

log = logging.getLogger("gapwatch.receivers")

Polled = list[tuple[Followed, list[Line]]]


class FileTail:
    """`limit` is the most bytes of a line. A path never followed before is taken from its beginning."""

    def __init__(
        self,
        path: Path,
        marks: MarkFile,
        limit: int,
        grace: float = GRACE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self.progressed = False
        self._file = marks
        self._limit = limit
        self._grace = grace
        self._clock = clock
        self._retired: list[Followed] = []
        self._current: Followed | None = None
        self._done: list[Mark] = []
        self._resumed = False
        self._looked = 0
        self._folder_changed = 0

    def poll(self) -> Polled:
        """Returns the next lines of each open file, one chunk each at the most; `progressed` is whether there
        were any bytes. Raises OSError for a file that cannot be read."""
        if not self._resumed:
            self._resume()
        looked = self._look_for_rotation()
        # Before more is read: what was written and copied away since the last look is told by its time.
        self._look_for_missed()
        self._looked = max(self._looked, looked)
        polled: Polled = []
        self.progressed = False
        for followed in self._open():
            try:
                lines = followed.read()
            except TruncatedError:
                self._truncated(followed)
                continue
            self.progressed = self.progressed or followed.progressed
            if self._is_over(followed):
                lines = followed.end()
            if lines:
                polled.append((followed, lines))
        return polled

    def taken(self, polled: Polled) -> None:
        """Notes that Kafka has all that was polled."""
        for followed, lines in polled:
            followed.taken(lines)
        over = [followed for followed in self._retired if followed.over]
        for followed in over:
            self._forget(followed)
        if polled or over:
            self._save()

    @property
    def quiet(self) -> bool:
        """Whether no rotated file is watched any more."""
        return not self._retired

    def close(self) -> None:
        """Closes all files that are open; ``read`` would open them again where it stopped."""
        for followed in self._open():
            followed.close()
        self._retired, self._current, self._resumed = [], None, False

    def _open(self) -> list[Followed]:
        return [*self._retired, *([self._current] if self._current else [])]

    def _known(self) -> list[Mark]:
        return [*self._done, *(followed.mark for followed in self._open())]

    def _is_over(self, followed: Followed) -> bool:
        if followed.retired is None:
            return False
        if followed.progressed:
            followed.retired = self._clock()
            return False
        return followed.packed or self._clock() - followed.retired >= self._grace

    def _look_for_rotation(self) -> int:
        """Follows the file that is at the path now; gives when that was changed last, in ns."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            # Renamed, and not made again yet; what is written to it meanwhile is still read.
            return 0
        before = self._current
        if before is not None and before.mark.place == (status.st_dev, status.st_ino):
            return status.st_mtime_ns
        self._current = Followed(self.path, None, self._limit)
        if before is None:
            # Files that were rotated before the first of all looks are not wanted.
            self._looked = self._looked or status.st_mtime_ns
        else:
            log.info("%s was rotated", self.path)
            before.retired = self._clock()
            self._retired.append(before)
        self._save()
        return status.st_mtime_ns

    def _truncated(self, followed: Followed) -> None:
        """What was not read before the truncation is in the copy that was made first, if one was."""
        before = followed.mark
        followed.begin_anew()
        copy = find(before, rotated(self.path))
        if copy is None:
            log.warning("%s was truncated after %d bytes and no copy is there", followed.path, before.offset)
            self._remember(before)
        else:
            log.info("%s was truncated; %s is its copy", followed.path, copy)
            self._retired.append(Followed(copy, before, self._limit, self._clock()))
        self._save()

    def _look_for_missed(self) -> None:
        changed = os.stat(self.path.parent).st_mtime_ns
        if changed == self._folder_changed or not self._looked:
            return
        if time.time_ns() - changed > SETTLED_NS:
            self._folder_changed = changed
        found = missed(self.path, self._looked, self._known())
        for path in found[:MISSED_MAX]:
            log.info("%s was rotated while nobody looked", path)
            self._retired.append(Followed(path, None, self._limit, self._clock()))
        for path in found[MISSED_MAX:]:
            log.error("%s is not read: too many files were rotated meanwhile; use gapwatch send", path)
        if found:
            self._save()

    def _resume(self) -> None:
        """Opens what was open when the marks were written, wherever it lies now."""
        marks, self._looked = self._file.load()
        self._done = [mark for mark in marks if mark.done]
        for mark in marks:
            if not mark.done:
                self._reopen(mark)
        self._resumed = True

    def _reopen(self, mark: Mark) -> None:
        path = find(mark, [self.path, *rotated(self.path)])
        if path is None:
            log.warning("%s: the file that was read up to byte %d is gone", self.path, mark.offset)
            self._remember(mark)
        elif path == self.path and self._current is None:
            self._current = Followed(path, mark, self._limit)
        else:
            self._retired.append(Followed(path, mark, self._limit, self._clock()))

    def _forget(self, followed: Followed) -> None:
        followed.close()
        self._retired.remove(followed)
        self._remember(followed.mark)

    def _remember(self, mark: Mark) -> None:
        mark.done = True
        self._done = [*self._done, mark][-REMEMBERED:]

    def _save(self) -> None:
        self._file.save(Marks(self._known(), self._looked))
