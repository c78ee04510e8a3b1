"""YAML or JSON with lines: a document as plain values, and the line on which each of them stands."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
import yaml

NODES_MAX = 2_000_000
"""Values of one document, aliases written out: a few lines of YAML can name thousands of millions."""
DEPTH_MAX = 32

Place = tuple[str | int, ...]

_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float"))
_TRUE = frozenset({"true", "yes", "on"})


class Located(NamedTuple):
    """A decoded document. ``lines``: by place (keys and indexes from the top), counted from 1; empty for
    JSON."""

    value: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest one around it; 0 where none is known."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 0)


class Unreadable(ValueError):
    """Text that is no document: why, and on which line (0 unknown)."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def load(data: bytes) -> Located:
    """One YAML or JSON document. Raises ``Unreadable``."""
    try:
        return Located(orjson.loads(data.removeprefix(b"\xef\xbb\xbf")), {})
    except orjson.JSONDecodeError:
        return load_yaml(data)


def load_yaml(data: bytes) -> Located:
    """As ``load``, slower, with lines for JSON too. Times stay text. Raises ``Unreadable``."""
    try:
        node = yaml.compose(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(error.problem or str(error), mark.line + 1 if mark else 0) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unreadable(str(error).splitlines()[0]) from None
    reader = _Reader()
    value = reader.read(node, ()) if node else None
    return Located(value, reader.lines)


class _Reader:
    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self._left = NODES_MAX

    def read(self, node: yaml.Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        self._left -= 1
        if self._left < 0 or len(place) > DEPTH_MAX:
            raise Unreadable("too many values, or nested too deep", line)
        self.lines.setdefault(place, line)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*place, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        return _scalar(node.tag, node.value)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise Unreadable("a field's name is a word", line)
            key = str(key_node.value)
            if key in found:
                raise Unreadable(f"{key} stands here twice", line)
            found[key] = self.read(value_node, (*place, key))
            self.lines[(*place, key)] = line
        return found


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
