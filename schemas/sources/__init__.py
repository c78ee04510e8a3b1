"""The sources: one file each, with its wire model and its activities. The folder is the registry.

A source module gives ``NAME``, ``recognises(document)`` (is this decoded record one of mine?) and
``read(record, context)``. Whatever a record holds, ``read`` returns: each event in it is an activity or a
reject with its place.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Set
from functools import cache
from typing import Any, Protocol, cast

import msgspec
import orjson

from schemas.activity import Activity
from schemas.authority import INVENTORY
from schemas.masking import Masks, masked
from schemas.rejected import Rejected


class Context(msgspec.Struct, frozen=True):
    """What a reader knows beside the record: the installation's name, the site's key, and when the record
    came (µs, 0 in a replay).

    For security event tokens: ``jwks``, a JSON Web Key Set (``{"keys": […]}``) or one per issuer;
    ``audiences`` that a token must be for, () any; ``unsigned_allowed``: also those that nobody signed.
    ``masks``: remembers what a secret was called under former keys, where there are any.
    """

    instance: str = "default"
    key: bytes = b""
    arrived: int = 0
    processed: int = 0
    jwks: dict[str, Any] = {}
    audiences: tuple[str, ...] = ()
    unsigned_allowed: bool = False
    masks: Masks | None = None

    def time_unless(self, *texts: str | None) -> int:
        """Returns the time of an event that says none: when it came. 0 where it says one (which cannot be
        read), or where nobody knows when it came."""
        return 0 if any(texts) else self.arrived

    def mask(self, secret: str) -> str:
        """Returns a secret credential id as it may be stored (``schemas.masking``)."""
        return masked(self.key, secret) if self.masks is None else self.masks.of(secret)


class Reading(msgspec.Struct):
    """What one record gave. An event that says nothing of interest (a Vault request line) is ``passed``, and
    counted."""

    activities: list[Activity] = []
    rejects: list[Rejected] = []
    passed: int = 0


class Source(Protocol):
    """The module of a source. ``SIGNS``: fields at the top of its documents, by which it is asked before
    others."""

    NAME: str
    SIGNS: frozenset[str]

    @staticmethod
    def recognises(document: object) -> bool:
        """Says whether a decoded JSON document is of this source."""

    @staticmethod
    def read(record: bytes, context: Context) -> Reading:
        """Returns every event of a record as an activity, or a reject with its place. It never raises."""


PARTS = ("NAME", "SIGNS", "recognises")
"""What a module with ``read`` has beside it."""

ENVELOPE_MAX = 6
"""Fields of the envelope of a list: an event has more."""


@cache
def sources() -> dict[str, Source]:
    """Returns every source by its name."""
    modules = (
        importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
    )
    readers = [module for module in modules if hasattr(module, "read")]
    for module in readers:
        lacking = [name for name in PARTS if not hasattr(module, name)]
        if lacking:
            raise TypeError(f"{module.__file__} lacks {', '.join(lacking)}: see Source in {__file__}")
    found = [cast(Source, module) for module in readers]
    return {source.NAME: source for source in found}


DECLARATION = "declaration"
"""What a record in the form of an inventory is called where its content alone says so. It is no source: what
comes with the logs declares nothing."""


def detect(record: bytes) -> str | None:
    """Returns the source of a record, told from its content; None where no source knows it."""
    found = _recognised(record)
    return DECLARATION if found == INVENTORY else found


def _recognised(record: bytes) -> str | None:
    try:
        document: object = orjson.loads(record)
    except orjson.JSONDecodeError:
        document = record
    return next((source.NAME for source in _likely_first(document) if source.recognises(document)), None)


def _likely_first(document: object) -> Iterator[Source]:
    """Every source, in a fixed order, those first of which the document bears a sign."""
    signs = _signs()
    found = {source for name in signs.keys() & _names(document) for source in signs[name]}
    every = sources()
    if found:
        yield from (source for name, source in every.items() if name in found)
    yield from (source for name, source in every.items() if name not in found)


@cache
def _signs() -> dict[str, tuple[str, ...]]:
    """The sources that a field at the top of a document is a sign of."""
    signed: dict[str, tuple[str, ...]] = {}
    for name, source in sources().items():
        for sign in source.SIGNS:
            signed[sign] = (*signed.get(sign, ()), name)
    return signed


def _names(document: object) -> Set[str]:
    """The fields of a document, and of what it holds first where it is a list or the envelope of one."""
    if isinstance(document, list):
        return _names(document[0]) if document and isinstance(document[0], dict) else frozenset()
    if not isinstance(document, dict):
        return frozenset()
    if len(document) > ENVELOPE_MAX:
        return document.keys()
    held = (many[0] for many in document.values() if isinstance(many, list) and many)
    return document.keys() | {name for first in held if isinstance(first, dict) for name in first}
