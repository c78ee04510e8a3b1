"""Records of every source with a secret put into one of their places in turn."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from schemas.authority import INVENTORY
from schemas.document import Unreadable, load
from tests.fuzz.corpus import Corpus
from tests.support.planted import KINDS, Maker, Path, at, holders, leaves, planted

SEEDS_MAX = 6
"""Records of one source: the largest kinds of them come first in the corpus."""
BYTES_MAX = 5_000
"""Bytes of a record: larger ones hold more of the same."""
PLACES_MAX = 60
"""Places of one record."""
WAYS = 2
"""Kinds of secrets that one field gets: they take turns from field to field."""


def some(paths: Iterator[Path]) -> list[Path]:
    """Places of one record, spread over all of it."""
    every = list(paths)
    return every[:: max(1, len(every) // PLACES_MAX)]


def documents(source: str, seeds: Corpus) -> Iterator[Any]:
    """Records of the source that are JSON, spread over all of them."""
    every = [seed for seed in seeds[source] if seed[:1] in b"{[" or source == INVENTORY]
    every = [seed for seed in every if len(seed) <= BYTES_MAX] or [min(every, key=len)]
    for seed in every[:: max(1, len(every) // SEEDS_MAX)]:
        with contextlib.suppress(Unreadable):
            yield load(seed).value


def putting(text: str) -> Callable[[Any], Any]:
    """Puts the text in the place of what is there."""
    return lambda _: text


def naming(text: str) -> Callable[[Any], Any]:
    """Gives the object that is there a field of that name."""
    return lambda held: held | {text: text}


def variants(document: Any, maker: Maker, kinds: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    """(where and what, what must not be found, the record)"""
    for path in some(leaves(document)):
        for turn in range(WAYS):
            kind = next(kinds)
            result, secret = KINDS[kind](maker)
            before = at(document, path)[:80]
            text = (result, f"{before} {result} x", f"{before}/{result}")[turn % 3]
            yield f"{kind} at {path}", secret, planted(document, path, putting(text))
    for path in some(holders(document)):
        result, secret = KINDS[(kind := next(kinds))](maker)
        yield f"{kind} as a name in {path}", secret, planted(document, path, naming(result))
