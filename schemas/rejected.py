"""A rejection is a value with a place."""

from __future__ import annotations

import msgspec


class Rejected(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record (or one event inside a record) that could not be read.

    ``place`` says where inside the record (``Records[3]``, ``resourceSpans[0].scopeSpans[0].spans[2]``), ""
    for the whole; ``field`` names what is wrong, ``reason`` says why in words. The caller adds topic,
    partition, offset or file, line.
    """

    source: str
    reason: str
    field: str = ""
    place: str = ""


class RejectRow(msgspec.Struct, frozen=True):
    """One row of the table of rejects. ``sha256`` of the whole record tells it again without storing it;
    sizes in bytes."""

    source: str
    instance: str
    topic: str
    partition: int
    offset: int
    line: int
    place: str
    field: str
    reason: str
    sha256: str
    size: int
    arrived: int
