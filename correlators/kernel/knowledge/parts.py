"""Parts: a dossier cut into smaller ones whose join is the dossier. Facts join, so a fact of any size travels
in messages below the broker's limit.

What joins as one (a span, a declaration, an event, an expiry) stays whole. Everything else is cut by entries:
of a map, of a set, of sightings; a record is cut by its fields, and what a record cannot be without stands in
each part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from schemas import frozen
from schemas.dossier import Address, Ancestor, Calls, Credential, Descendant, Dossier, Grant, Sightings

DIVISIBLE = (Dossier, Credential, Address, Ancestor, Descendant, Calls, Grant, Sightings)
"""Records that join field by field, where an empty field says nothing."""

WHOLE = frozenset({"expiry", "gone", "truncated"})
"""Fields whose value joins as one; they are never cut themselves."""


def parts(dossier: Dossier, bytes_max: int) -> Iterator[Dossier]:
    """Yields dossiers whose join is this one, each of at most ``bytes_max`` bytes of JSON where it can be cut
    so far."""
    return _parts(dossier, bytes_max, lambda part: part)


def _parts(value: Any, bytes_max: int, inside: Callable[[Any], Any]) -> Iterator[Any]:
    """``inside`` puts a part of the value where the value stands in the dossier."""
    whole = inside(value)
    halves = None if frozen.size_of(whole) <= bytes_max else halved(value)
    if halves is None:
        yield from _deeper(value, bytes_max, inside, whole)
        return
    for half in halves:
        yield from _parts(half, bytes_max, inside)


def _deeper(value: Any, bytes_max: int, inside: Callable[[Any], Any], whole: Any) -> Iterator[Any]:
    """A value with a single entry, or a single field that says something: the cut goes on inside of it."""
    if frozen.size_of(whole) > bytes_max:
        if isinstance(value, dict) and len(value) == 1:
            ((key, only),) = value.items()
            yield from _parts(only, bytes_max, lambda part: inside({key: part}))
            return
        said = said_by(value)
        if len(said) == 1 and said[0] not in WHOLE:
            name = said[0]
            yield from _parts(
                getattr(value, name), bytes_max, lambda part: inside(frozen.changed(value, **{name: part}))
            )
            return
    yield whole


def halved(value: Any) -> tuple[Any, Any] | None:
    """Returns two halves whose join is the value; None where it has no two halves."""
    if isinstance(value, dict) and len(value) > 1:
        keys = list(value)
        middle = len(keys) // 2
        return {key: value[key] for key in keys[:middle]}, {key: value[key] for key in keys[middle:]}
    if isinstance(value, tuple) and len(value) > 1:
        return value[: len(value) // 2], value[len(value) // 2 :]
    said = said_by(value)
    if len(said) < 2:
        return None
    first, rest = said[: len(said) // 2], said[len(said) // 2 :]
    return _without(value, rest), _without(value, first)


def said_by(value: Any) -> list[str]:
    """Returns the fields by which a record may be cut: it can be without them, and they say something."""
    if not isinstance(value, DIVISIBLE):
        return []
    return [
        name for name, bare in _bare(value).items() if name != "truncated" and getattr(value, name) != bare
    ]


def _bare(value: Any) -> dict[str, Any]:
    """The fields that a record can be without, and what they are then; the default of a map makes maps."""
    fields, defaults = value.__struct_fields__, value.__struct_defaults__
    named = dict(zip(fields[len(fields) - len(defaults) :], defaults, strict=True))
    return {name: {} if hasattr(default, "factory") else default for name, default in named.items()}


def _without(value: Any, names: list[str]) -> Any:
    bare = _bare(value)
    return frozen.changed(value, **{name: bare[name] for name in names})
