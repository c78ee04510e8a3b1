"""Stored: dossiers as bytes, of this version and of others. The one place that meets what it does not know.

A stored dossier says which version wrote it. What a version does not know (a field, a value) is never
dropped: the dossier holds what could be understood, and the text itself in ``unread``, which is written back
with it for the version that knows it. Reading never raises. Version 1 said nothing of its version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from schemas.dossier import Dossier
from schemas.fact import Envelope, Tick, decode_envelope

VERSION = 2
"""Raised when the meaning of something stored changes; a field more needs no other version."""

UNREAD_MARK = "written by another version"

GONE_SINCE = {1: ("watched",)}
"""Fields that a version wrote and its successors do without."""

_HEAD = b'{"version":%d' % VERSION
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Dossier)
_NOTHING = object()


def encode(dossier: Dossier) -> bytes:
    """Returns the dossier as JSON, with the version that wrote it."""
    body = _ENCODER.encode(dossier)
    return _HEAD + (b"," if len(body) > 2 else b"") + body[1:]


def decode(body: bytes | str) -> Dossier:
    """Returns the dossier that some version wrote: what is understood of it, and the text where that is not
    all."""
    raw = body.encode() if isinstance(body, str) else body
    if raw.startswith(_HEAD):
        try:
            return _DECODER.decode(b"{" + raw[len(_HEAD) :].removeprefix(b","))
        except msgspec.DecodeError:
            pass
    return _of_another_version(raw)


def read_envelope(body: bytes) -> Envelope:
    """Returns the envelope, each fact of it read as stored dossiers are. Raises ``msgspec.DecodeError`` for
    what is no envelope."""
    try:
        return decode_envelope(body)
    except msgspec.ValidationError:
        rough = msgspec.json.decode(body, type=_Rough)
        return Envelope([(key, decode(bytes(fact))) for key, fact in rough.facts], rough.tick, rough.hold)


class _Rough(msgspec.Struct):
    facts: list[tuple[str, msgspec.Raw]] = []
    tick: Tick | None = None
    hold: int = 0


def _of_another_version(raw: bytes) -> Dossier:
    text = raw.decode("utf-8", "backslashreplace")
    try:
        document = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return Dossier(unread=text, marks=(UNREAD_MARK,))
    version = document.pop("version", 1)
    for field in GONE_SINCE.get(version if isinstance(version, int) else 0, ()):
        document.pop(field, None)
    if version in range(1, VERSION + 1) and _fits(document):
        return _converted(document)
    kept = _pruned(document, _fits)
    known = Dossier() if kept is _NOTHING else _converted(kept)
    marks = tuple(sorted({*known.marks, UNREAD_MARK}))
    return msgspec.structs.replace(known, unread=known.unread or text, marks=marks)


def _converted(document: object) -> Dossier:
    return msgspec.convert(document, Dossier, str_keys=True)


def _fits(document: object) -> bool:
    try:
        _converted(document)
    except msgspec.ValidationError:
        return False
    return True


def _pruned(value: object, fits: Callable[[object], bool]) -> object:
    """The value without the parts that are not understood; ``_NOTHING`` where nothing of it is."""
    if fits(value):
        return value
    left: object = _NOTHING
    if isinstance(value, dict):
        parts = {key: _pruned(part, _inside(fits, key)) for key, part in value.items()}
        left = {key: part for key, part in parts.items() if part is not _NOTHING}
    elif isinstance(value, list):
        many = [_pruned(part, lambda one: fits([one])) for part in value]
        left = [part for part in many if part is not _NOTHING]
    return left if left is not _NOTHING and fits(left) else _NOTHING


def _inside(fits: Callable[[object], bool], key: str) -> Callable[[object], bool]:
    return lambda part: fits({key: part})
