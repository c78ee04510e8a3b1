"""YAML or JSON with lines: a document as plain values, and the line on which each of them stands."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
import yaml

VALUES_MAX = 2_000_000
"""Values of one document, aliases written out: a few lines of YAML can name thousands of millions."""
DEPTH_MAX = 32

Place = tuple[str | int, ...]

_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float"))
_RESOLVER = yaml.resolver.Resolver()
_TRUE = frozenset({"true", "yes", "on"})


class Document(NamedTuple):
    """A decoded document. ``lines``: by place (keys and indexes from the top), counted from 1; empty for
    JSON."""

    value: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """Returns the line of a value, or of the nearest one around it; 0 where none is known."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 0)


class Unreadable(ValueError):
    """Text that is no document: why, and on which line (0 unknown)."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def load(data: bytes) -> Document:
    """Returns one YAML or JSON document. Raises ``Unreadable``."""
    try:
        return Document(orjson.loads(data.removeprefix(b"\xef\xbb\xbf")), {})
    except orjson.JSONDecodeError:
        return load_yaml(data)


def load_yaml(data: bytes) -> Document:
    """Returns what ``load`` does, slower, with lines for JSON too; times stay text. Raises ``Unreadable``."""
    reader = _Reader()
    try:
        for event in yaml.parse(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(error.problem or str(error), mark.line + 1 if mark else 0) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unreadable(str(error).splitlines()[0]) from None
    return Document(reader.value, reader.lines)


class _Open:
    """A list or map that is being read."""

    __slots__ = ("anchor", "key", "place", "size", "value")

    def __init__(self, value: list[Any] | dict[str, Any], place: Place, anchor: str | None) -> None:
        self.value = value
        self.place = place
        self.anchor = anchor
        self.key: str | None = None
        self.size = 1


class _Reader:
    """Builds the document from the parser's events: the composer of libyaml overflows the stack on deep
    nesting."""

    def __init__(self) -> None:
        self.value: Any = None
        self.lines: dict[Place, int] = {}
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0
        self._line = 0

    def take(self, event: yaml.Event) -> None:
        self._line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._start([], event.anchor)
        elif isinstance(event, yaml.MappingStartEvent):
            self._start({}, event.anchor)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            done = self._open.pop()
            self._add(done.value, done.size, done.anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._bad(f"*{event.anchor} stands for nothing before it")
            self._mark()
            self._add(*self._anchors[event.anchor], None)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._bad("one document in a file is meant")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            if event.value in top.value:
                raise self._bad(f"{event.value} stands here twice")
            top.key = event.value
            self._mark()
            return
        plain = event.implicit[0] and event.tag is None
        tag = _plain(event.value) if plain else ""
        self._mark()
        self._add(_scalar(tag, event.value), 1, event.anchor)

    def _start(self, value: list[Any] | dict[str, Any], anchor: str | None) -> None:
        self._mark()
        if len(self._open) >= DEPTH_MAX:
            raise self._bad("nested too deep")
        self._open.append(_Open(value, self._place(), anchor))

    def _place(self) -> Place:
        """Where the next value stands."""
        if not self._open:
            return ()
        top = self._open[-1]
        if isinstance(top.value, list):
            return (*top.place, len(top.value))
        if top.key is None:
            raise self._bad("a field's name is a word")
        return (*top.place, top.key)

    def _mark(self) -> None:
        self.lines.setdefault(self._place(), self._line)

    def _add(self, value: Any, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value, size
        if not self._open:
            self.value = value
            return
        top = self._open[-1]
        top.size += size
        if top.size > VALUES_MAX:
            raise self._bad("too many values")
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is not None:
            top.value[top.key] = value
            top.key = None

    def _bad(self, reason: str) -> Unreadable:
        return Unreadable(reason, self._line)


def _plain(word: str) -> str:
    """The tag of a word without quotation marks."""
    return str(_RESOLVER.resolve(yaml.ScalarNode, word, (True, False)))  # type: ignore[no-untyped-call]


def _scalar(tag: str, text: str) -> Any:
    """As YAML reads plain words, but a time (or anything odd) stays the text that was written."""
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return text.lower() in _TRUE
    try:
        if tag == _INT:
            return int(text.replace("_", ""), 0 if text[:2].lower() in ("0x", "0o") else 10)
        if tag == _FLOAT:
            return float(text)
    except ValueError:
        return text
    return text
