"""From a record of any shape to CloudTrail events: envelopes are opened, exports' changes undone,
faults given their place.

This is the path of unusual records; ``read`` tries the two usual shapes first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from schemas.records import BYTE_ORDER_MARKS, GZIP, WRAPPINGS_MAX, gunzipped
from schemas.rejected import Rejected
from schemas.shippers import shipped
from schemas.sources.cloudtrail.restore import decoded, restored
from schemas.sources.cloudtrail.wire import Event

Found = tuple[str, Event | Rejected]
"""An event, or why there is none, with its place in the record."""


def looks_like(document: object) -> bool:
    """Whether a decoded record is CloudTrail's: an event, or an envelope whose first content is one. Bytes
    are what no JSON parser took (gz, UTF-16, half a line)."""
    return _looks_like(document, WRAPPINGS_MAX)


def _looks_like(document: object, left: int) -> bool:
    if not left:
        return False
    match document:
        case dict():
            return _is_event(document) or any(
                _looks_like(content, left - 1) for _, content in _opened(document)[:1]
            )
        case list():
            return bool(document) and _looks_like(document[0], left - 1)
        case str():
            return "eventSource" in document and "eventID" in document
        case bytes():
            head = _text(document)
            return isinstance(head, str) and _looks_like(head, left - 1)
        case _:
            return False


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


def sliced(record: bytes) -> list[tuple[str, bytes]]:
    """The record cut into events with their places, without reading them; whole where it is in no usual
    envelope."""
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
    """Every event of the record, in its order; ``place``: where the record itself stands in a larger one."""
    content = _text(record)
    if isinstance(content, Rejected):
        yield place, msgspec.structs.replace(content, place=place)
        return
    document = _parsed(content)
    if isinstance(document, Rejected) and "\n" in content.strip():
        for number, line in enumerate(content.splitlines(), 1):
            if line.strip():
                yield from _walk(_parsed(line), f"line {number}", WRAPPINGS_MAX)
        return
    yield from _walk(document, place, WRAPPINGS_MAX)


def _walk(document: object, place: str, left: int) -> Iterator[Found]:
    if not left:
        yield place, _reject("is wrapped too deeply", place)
        return
    match document:
        case Rejected():
            yield place, Rejected(document.source, document.reason, document.field, place)
        case dict():
            contents = _opened(document)
            if contents is _NONE:
                yield place, _event(document, place)
            for name, content in contents:
                yield from _walk(content, f"{place}.{name}" if place else name, left - 1)
        case list():
            for i, content in enumerate(document):
                yield from _walk(content, f"{place}[{i}]", left - 1)
        case str():
            yield from _walk(_parsed(document), place, left - 1)
        case _:
            yield place, _reject("is not a JSON object", place)


_NONE: list[tuple[str, object]] = []


def _opened(document: dict[str, Any]) -> list[tuple[str, object]]:
    """What an envelope holds: S3 delivery, EventBridge, CloudWatch Logs, SNS, SQS, a row of CloudTrail Lake,
    the answer to ``lookup-events``, a shipper's. ``_NONE`` for no envelope (an empty one is another list)."""
    if isinstance(records := document.get("Records"), list):
        return [(f"Records[{i}]", content) for i, content in enumerate(records)]
    if isinstance(lines := document.get("logEvents"), list):
        return [
            (f"logEvents[{i}].message", line.get("message") if isinstance(line, dict) else line)
            for i, line in enumerate(lines)
        ]
    if _is_event(document):
        return _NONE
    for list_name in ("Events", "Messages"):
        if isinstance(many := document.get(list_name), list):
            return [(f"{list_name}[{i}]", content) for i, content in enumerate(many)]
    for name in ("detail", "eventJson", "eventjson", "CloudTrailEvent", "Message", "body", "Body"):
        if isinstance(content := document.get(name), dict | str):
            return [(name, content)]
    return shipped(document) or _NONE


def _event(document: dict[str, Any], place: str) -> Event | Rejected:
    whole = restored(document)
    try:
        return msgspec.convert(whole, Event)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        return _reject(reason.replace("Expected", "should be", 1), place, path.strip("`").removeprefix("$."))


def _text(record: bytes) -> str | Rejected:
    """The record as text: gz undone (what a cut one still gives), UTF-16 and byte order marks read, NULs
    dropped."""
    if record.startswith(GZIP):
        unpacked = gunzipped(record)
        if isinstance(unpacked, str):
            return _reject(unpacked)
        record = unpacked
    for mark, encoding in BYTE_ORDER_MARKS:
        if record.startswith(mark):
            return record.decode(encoding, "replace")
    if record[1:2] == b"\0":
        return record.decode("utf-16-le", "replace")
    return record.decode("utf-8", "replace").replace("\0", "")


def _parsed(content: str) -> Any:
    """The JSON value, or why it is none (Python's own parser, the second to try, takes NaN and lone
    surrogates)."""
    try:
        return decoded(content)
    except RecursionError:
        return _reject("is nested too deeply")
    except (orjson.JSONDecodeError, json.JSONDecodeError) as error:
        return _reject(f"is not JSON: {error.msg} at character {error.pos}")


def _reject(reason: str, place: str = "", field: str = "") -> Rejected:
    return Rejected("cloudtrail", reason, field, place)
