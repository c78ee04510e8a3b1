"""JSON documents that are no JSON lines, cut into records without changing a byte of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_scan = json.JSONDecoder(strict=False).raw_decode
_GAP = re.compile(r"[\s\x00,]*")
_ARRAY = re.compile(r"\[")
_RECORDS = re.compile(r'\{\s*"Records"\s*:\s*\[')
_KEY_GAP = re.compile(r"[\s\x00,:]*")

Found = tuple[int, str, str, str]
"""Line (0 inside an array), place inside the document, the record's text, its trouble."""


class Documents:
    """The records of a text that holds documents after each other, each an object, an array or
    `{"Records":[…]}`.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0

    def values(self) -> Iterator[Found]:
        """Yields every record in order. From where the text is no JSON on, the rest comes as one record in
        trouble."""
        self._skip(_GAP)
        while self._at < len(self._text):
            if records := _RECORDS.match(self._text, self._at):
                yield from self._array(records.end(), "Records")
                self._leave_object()
            elif array := _ARRAY.match(self._text, self._at):
                yield from self._array(array.end(), "")
            else:
                yield self._one("")
            self._skip(_GAP)

    def _array(self, start: int, name: str) -> Iterator[Found]:
        self._at, index = start, 0
        self._skip(_GAP)
        while self._at < len(self._text) and self._text[self._at] != "]":
            yield self._one(f"{name}[{index}]")
            index += 1
            self._skip(_GAP)
        self._at += 1

    def _one(self, inside: str) -> Found:
        start = self._at
        line = 0 if inside else self._line_of(start)
        try:
            self._at = _scan(self._text, start)[1]
        except (ValueError, RecursionError) as error:
            self._at = len(self._text)
            deep = isinstance(error, RecursionError)
            return (
                line,
                inside,
                self._text[start:].strip(),
                "nested too deeply" if deep else "no complete JSON",
            )
        return line, inside, self._text[start : self._at], ""

    def _leave_object(self) -> None:
        """Passes over what stands beside `Records` in its object."""
        self._skip(_KEY_GAP)
        while self._at < len(self._text) and self._text[self._at] != "}":
            self._one("-")
            self._skip(_KEY_GAP)
        self._at += 1

    def _skip(self, gap: re.Pattern[str]) -> None:
        found = gap.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _line_of(self, position: int) -> int:
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line
