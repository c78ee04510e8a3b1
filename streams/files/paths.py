"""Which files a command reads, which source each record is of, and which files hold no records."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from streams.files.limits import DEFAULTS, FileLimits
from streams.files.reading import Piece, read, read_stream
from streams.site.errors import Stop

STANDARD_INPUT = "-"
PIECES_LOOKED_AT = 200
"""Records after which a file in which no source knows one counts as holding none: logs may begin with
rubbish.
"""

BROKEN_GZIP = "the gzip file"
"""How the trouble of a gzip file begins that is cut short or broken."""
UNKNOWN = "unknown"

Detect = Callable[[bytes], str | None]


def files(paths: Iterable[str]) -> Iterator[Path]:
    """Yields the named files, and all files in the named folders in order of name; hidden ones are left out.

    Raises Stop for a path that does not exist.
    """
    for name in paths:
        path = Path(name)
        if path.is_dir():
            inside = (p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path)))
            yield from sorted(inside)
        elif name == STANDARD_INPUT or path.exists():
            yield path
        else:
            raise Stop(f"There is no file or folder {name}.", code=2)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


@dataclass
class Reader:
    """Reads files record by record; `passed_over` names the files that hold none.

    `hint` is the source that people named: then every record is of it, in files where any source knows any
    record. A file that was named itself (not found in a folder) is read under a hint whatever it holds.
    """

    detect: Detect
    limit: int
    hint: str | None = None
    on_passed_over: Callable[[str], None] = lambda name: None
    limits: FileLimits = DEFAULTS
    passed_over: list[str] = field(default_factory=list)

    def read(self, path: Path, named: bool = True) -> Iterator[tuple[str, Piece]]:
        """Yields (source, record) of one file; `-` is standard input."""
        if str(path) == STANDARD_INPUT:
            pieces = read_stream(sys.stdin.buffer, "standard input", self.limit, self.limits)
        else:
            pieces = read(path, self.limit, self.limits)
        if self.hint and named:
            for piece in pieces:
                yield self.hint, piece
            return
        yield from self._recognised(pieces, str(path))

    def _recognised(self, pieces: Iterator[Piece], name: str) -> Iterator[tuple[str, Piece]]:
        """A record that no source knows is of the same source as the one before it, and a reject there."""
        waiting: list[Piece] = []
        current: str | None = None
        for piece in pieces:
            found = None if piece.trouble else self.detect(piece.content)
            if found is None and current is None:
                waiting.append(piece)
                if len(waiting) >= PIECES_LOOKED_AT:
                    break
                continue
            current = found or current
            assert current is not None
            for earlier in waiting:
                yield self.hint or current, earlier
            waiting.clear()
            yield self.hint or current, piece
        cut = [piece for piece in waiting if piece.trouble.startswith(BROKEN_GZIP)]
        if current is None and cut:
            # Somebody's evidence, of which too little is left to tell whose.
            yield from ((self.hint or UNKNOWN, piece) for piece in cut)
        elif current is None:
            why = next((f" ({piece.trouble})" for piece in waiting if piece.trouble), "")
            self.passed_over.append(name)
            self.on_passed_over(name + why)
