"""Effects of an activity by their kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from schemas.activity import Effect

Kind = TypeVar("Kind")


def all_of(kind: type[Kind], effects: Iterable[Effect]) -> list[Kind]:
    """Those of one kind, where all must be of it."""
    found: list[Kind] = []
    for effect in effects:
        assert isinstance(effect, kind)
        found.append(effect)
    return found


def only(kind: type[Kind], effects: Iterable[Effect]) -> Kind:
    """The one effect there is, which must be of this kind."""
    (effect,) = all_of(kind, effects)
    return effect
