"""From a record of any shape to CloudTrail events: envelopes are opened, exports' changes undone,
faults given their place.

This is the path of unusual records; ``read`` tries the two usual shapes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from schemas.records import Contents, head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources.cloudtrail.restore import restored
from schemas.sources.cloudtrail.wire import Event

Found = tuple[str, Event | Rejected]
"""An event, or why there is none, with its place in the record."""


def looks_like(document: object) -> bool:
    """Says whether a decoded record is CloudTrail's: an event, or an envelope whose first content is one.
    Bytes are what no JSON parser took (gz, UTF-16, half a line)."""
    if isinstance(document, bytes):
        head = head_of(document)
        return "eventSource" in head and "eventID" in head
    return ENVELOPES.recognises(document)


def _is_event(document: dict[str, Any]) -> bool:
    """The names in an export may be in small letters; only a delivery may be empty."""
    if document.get("Records") == [] and len(document) == 1:
        return True
    names = {"eventID", "eventName", "eventSource"}
    return names <= document.keys() or {n.lower() for n in names} <= document.keys() or (
        "insightDetails" in document and "eventID" in document
    )  # fmt: skip


class Envelope(msgspec.Struct):
    """The two envelopes that AWS itself puts around every event, their contents unread."""

    records: list[msgspec.Raw] | None = msgspec.field(name="Records", default=None)
    detail: msgspec.Raw | None = None


_ENVELOPE = msgspec.json.Decoder(Envelope)

HEAD = 256
"""Bytes in which an envelope shows itself: ``Records`` is the first key of a delivery, ``detail-type`` the
third of EventBridge's."""


EVENT = b'{"eventVersion"'
"""How an event begins, as CloudTrail writes it."""


def sliced(record: bytes) -> list[tuple[str, bytes]]:
    """Returns the record cut into events with their places, without reading them; whole where it is in no
    usual envelope."""
    if record.startswith(EVENT):
        return [("", record)]
    if record.find(b'"Records"', 0, HEAD) < 0 and record.find(b'"detail-type"', 0, HEAD) < 0:
        return [("", record)]
    try:
        envelope = _ENVELOPE.decode(record)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return [("", record)]
    if envelope.records is not None:
        return [(f"Records[{i}]", bytes(raw)) for i, raw in enumerate(envelope.records)]
    return [("detail", bytes(envelope.detail))] if envelope.detail else [("", record)]


def unpack(record: bytes, place: str = "") -> Iterator[Found]:
    """Yields every event of the record, in its order; ``place``: where the record itself stands in a larger
    one."""
    for inner, found in ENVELOPES.objects(record):
        where = f"{place}.{inner}" if place and inner else place or inner
        if isinstance(found, Rejected):
            yield where, msgspec.structs.replace(found, place=where)
        else:
            yield where, _event(found, where)


def _opened(document: dict[str, Any]) -> Contents | None:
    """What an envelope holds: S3 delivery, EventBridge, CloudWatch Logs, SNS, SQS, a row of CloudTrail Lake,
    the answer to ``lookup-events``; None for an object that is none."""
    if isinstance(records := document.get("Records"), list):
        return [(f"Records[{i}]", content) for i, content in enumerate(records)]
    if isinstance(lines := document.get("logEvents"), list):
        return [
            (f"logEvents[{i}].message", line.get("message") if isinstance(line, dict) else line)
            for i, line in enumerate(lines)
        ]
    if _is_event(document):
        return None
    for list_name in ("Events", "Messages"):
        if isinstance(many := document.get(list_name), list):
            return [(f"{list_name}[{i}]", content) for i, content in enumerate(many)]
    for name in ("detail", "eventJson", "eventjson", "CloudTrailEvent", "Message", "body", "Body"):
        if isinstance(content := document.get(name), dict | str):
            return [(name, content)]
    return None


ENVELOPES = Envelopes("cloudtrail", _is_event, _opened)


def _event(document: dict[str, Any], place: str) -> Event | Rejected:
    whole = restored(document)
    try:
        return msgspec.convert(whole, Event)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        return _reject(reason.replace("Expected", "should be", 1), place, path.strip("`").removeprefix("$."))


def _reject(reason: str, place: str = "", field: str = "") -> Rejected:
    return Rejected("cloudtrail", reason, field, place)
