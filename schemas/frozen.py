"""The three things that the core needs of the library behind our frozen records, so that it depends on our
schemas alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def changed(record: T, **fields: object) -> T:
    """Returns a copy of a frozen record with some fields changed."""
    return msgspec.structs.replace(record, **fields)


encoded: Callable[[object], bytes] = msgspec.json.Encoder().encode
"""Writes a record as JSON: the same values, the same bytes."""


def size_of(record: object) -> int:
    """Returns the size of the record's encoding in bytes."""
    return len(encoded(record))
