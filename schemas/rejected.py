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


def failed_row(key: str, why: str) -> RejectRow:
    """Returns what is known under a key cannot be judged, because our own code fails over it."""
    reason = f"correlator failed: {why}"
    return RejectRow("correlate", "default", "facts", -1, -1, 0, key, "", reason, "", 0, 0)


SET_ASIDE = "set aside: the process died over it, again and again"


def set_aside_row(source: str, place: tuple[str, int, int], size: int) -> RejectRow:
    """Returns a message over which a stage died; ``place``: topic, partition and offset."""
    return RejectRow(source, "default", *place, 0, "", "", SET_ASIDE, "", size, 0)
