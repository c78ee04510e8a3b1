"""The three things that the core needs of the library behind our frozen records, so that it depends on our
schemas alone.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def changed(record: T, **fields: object) -> T:
    """Returns a copy of a frozen record with some fields changed."""
    return msgspec.structs.replace(record, **fields)


_ENCODER = msgspec.json.Encoder()


def encoded(record: object) -> bytes:
    """Returns the record as JSON: the same values, the same bytes."""
    return _ENCODER.encode(record)


def size_of(record: object) -> int:
    """Returns the size of the record's encoding in bytes."""
    return len(_ENCODER.encode(record))
