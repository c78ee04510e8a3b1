"""Vault and OpenBao audit logs, as the file, socket and syslog devices write them: JSON lines of requests
and responses.

A request line is written before the call is carried out, so it is passed, but for calls whose refusal
has no response line. Keys: ``vault:<instance>:entity/<id>`` for identities; for credentials
``accessor/…`` (or ``token/…`` where a token has no accessor), ``secret-id/…``, ``lease/…``. HMACs are
kept as logged: each audit device has its own salt, so of two devices' lines only those of one join by
HMAC; the same event of both is one by its request id. Out of sight: sealed time, malformed requests,
uses of leases (the leased system logs them), a lease's revocation where its id is HMAC'd (until a
renewal shows both), and what ``unjoined`` says of a line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import chain

import msgspec
from pydantic import ValidationError

from schemas.activity import Activity, Effect, Known
from schemas.records import GZIP, events_max, gunzipped, more_than
from schemas.rejected import Rejected
from schemas.shippers import PREFIX_MAX
from schemas.sources import Context, Reading
from schemas.sources.vault.call import TEXT_MAX, Call
from schemas.sources.vault.ends import ends_of, exhausted, unjoined
from schemas.sources.vault.envelopes import ENVELOPES, OTHER_LISTENERS
from schemas.sources.vault.issues import SPONSORED, issues_of
from schemas.sources.vault.naming import name_of
from schemas.sources.vault.use import SILENT, Use, action_of, asked_of, is_aside, use_of
from schemas.sources.vault.wire import Line, head_of
from schemas.summary import Blind, Summary
from schemas.times import micros_of

NAME = "vault"
SIGNS = frozenset({"request"})

BOM = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
REQUEST_MARK = b'"type":"request"'
MARK_WITHIN = 128
"""Servers write time and type first; a line that has them elsewhere only takes the longer way."""


SUMMARY = Summary(
    gives=(
        "Vault and OpenBao audit: every request with token, accessor, entity, mount, role, place; "
        "tokens, secret ids, leases and wrapping tokens from issue to end; refused tries of dead "
        "tokens"
    ),
    cannot_show=(
        "A dead token's refusal names nobody (joined by its HMAC within one audit device); expiry "
        "writes no line; the use of a lease is in the leased system's log; with "
        "`hmac_accessor=false` a revocation by accessor cannot be joined unless the mount lists "
        "it in `audit_non_hmac_request_keys`; feed one audit device per Vault"
    ),
    ship=(
        "The file device followed (receiver `receive_files`), the socket device (receiver `receive_vault`), "
        "or any shipper into `raw.vault.<name>`"
    ),
    blind=(
        Blind(
            name="masked accessors",
            hides="which token a revocation by accessor ended",
            switch_on=(
                "`hmac_accessor=false` on the audit device together with "
                "`audit_non_hmac_request_keys=accessor` on the token mount"
            ),
            shown_by=r"\|named\|",
        ),
        Blind(
            name="un-audited paths",
            hides="requests that a filter of the audit device leaves out",
            switch_on="an audit device without `filter` and `exclude`",
        ),
    ),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record is an audit line: a request or a response with the request that it is
    about, or a shipper's envelope around one."""
    if isinstance(document, bytes):
        head = _bare(document)[:2048]
        return head.startswith(b'{"time":') and b'"type":"re' in head and b'"request":{' in _bare(document)
    return ENVELOPES.recognises(document)


def read(record: bytes, context: Context) -> Reading:
    """Returns the line's activity, or why there is none. Several lines in one record (a socket's read) are
    read one by one; never raises."""
    reading = Reading([], [], 0)
    if record.startswith(GZIP):
        unpacked = gunzipped(record)
        if isinstance(unpacked, str):
            return Reading([], [Rejected(NAME, unpacked)], 0)
        record = unpacked
    text = _bare(record)
    wrong = _line(text, "", context, reading)
    if wrong is None:
        return reading
    lines = text.splitlines()
    if len(lines) > 1 and any(line.startswith(b'{"') and line.endswith(b"}") for line in lines):
        _read_lines(text, lines, context, reading)
    elif _shipped(text, "", context, reading):
        return reading
    elif record.startswith(UTF_16):
        reading.rejects.append(Rejected(NAME, "UTF-16, where JSON lines are UTF-8"))
    else:
        reading.rejects.append(wrong)
    return reading


def _line(text: bytes, place: str, context: Context, reading: Reading) -> Rejected | None:
    """Reads one line; why it is none, where it is none."""
    if _passes(text):
        reading.passed += 1
        return None
    try:
        line = Line.model_validate_json(text)
    except ValidationError as error:
        return _wrong(error, place)
    _read(line, text, context, reading, place)
    return None


def _shipped(text: bytes, place: str, context: Context, reading: Reading) -> bool:
    """Reads the lines in a shipper's envelope. False where there is none."""
    held = list(ENVELOPES.objects(text))
    if held and not held[0][0]:
        return False
    for inner, found in held:
        where = f"{place}: {inner}" if place else inner
        # Not orjson: it does not write the whole numbers beyond 64 bits that it reads.
        whole = b"" if isinstance(found, Rejected) else json.dumps(found, separators=(",", ":")).encode()
        wrong = found if isinstance(found, Rejected) else _line(whole, where, context, reading)
        if wrong:
            reading.rejects.append(wrong)
    return bool(held)


def _passes(text: bytes) -> bool:
    """Whether this is a well-formed request line that says nothing (the common half, told at a tenth of
    the price)."""
    if text.find(REQUEST_MARK, 0, MARK_WITHIN) < 0:
        return False
    try:
        head = head_of(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return head.type == "request" and not _silent(head.error, head.request.path)


def _silent(error: str | None, path: str | None) -> bool:
    """Whether a request line is all that will ever be said of this call: it was refused where refusals
    have no response line."""
    return bool(error) and path in SILENT


def _read_lines(record: bytes, lines: list[bytes], context: Context, reading: Reading) -> None:
    most = events_max(record)
    for number, line in enumerate(lines, 1):
        text, place = _bare(line), f"line {number}"
        if not text:
            continue
        if len(reading.activities) + len(reading.rejects) + reading.passed >= most:
            reading.rejects.append(Rejected(NAME, more_than(most)))
            return
        wrong = _line(text, place, context, reading)
        if wrong and not _shipped(text, place, context, reading):
            reading.rejects.append(wrong)


def _bare(record: bytes) -> bytes:
    """The JSON of a record without byte order mark, white space around it and a device's prefix."""
    text = record.removeprefix(BOM).strip()
    if text[:1] != b"{":
        start = text.find(b'{"', 0, PREFIX_MAX)
        return text[start:] if start > 0 else text
    return text


def _wrong(error: ValidationError, place: str) -> Rejected:
    """The first thing wrong, without what stood there: it may be a secret."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return Rejected(NAME, first["msg"], ".".join(str(step) for step in first["loc"])[:TEXT_MAX], place)


def _read(line: Line, text: bytes, context: Context, reading: Reading, place: str) -> None:
    if line.type == "request" and not _silent(line.error, line.request.path):
        reading.passed += 1
        return
    if line.type.endswith(OTHER_LISTENERS):
        reading.passed += 1
        return
    if line.type not in ("request", "response"):
        reading.rejects.append(Rejected(NAME, "neither request nor response", "type", place))
        return
    time = micros_of(line.time, zoned=True)
    if not time:
        reading.rejects.append(Rejected(NAME, "not a time with a zone, after 1970", "time", place))
        return
    call = Call(line, time, context)
    reading.activities.append(_activity(call, _uid(line, text)))
    field, why = unjoined(call) if line.type == "response" else ("", "")
    if field:
        reading.rejects.append(Rejected(NAME, why, field, place))


def _uid(line: Line, text: bytes) -> str:
    """The request id. Versions before 0.5 wrote none: then a digest of the line."""
    uid = line.request.id or ""
    return uid if 0 < len(uid) <= TEXT_MAX else f"sha256:{hashlib.sha256(text).hexdigest()[:32]}"


def _activity(call: Call, uid: str) -> Activity:
    use = use_of(call)
    effects = tuple(_effects(call, use)) if call.line.type == "response" else ()
    return Activity(
        uid=uid,
        time=call.time,
        source=NAME,
        instance=call.context.instance,
        identity=use.identity,
        actor_name=call.scrubbed(name_of(call.auth)),
        credential=use.credential,
        names=use.names,
        operation=f"{call.operation} {call.shown_path}",
        service=call.request.mount_type or "",
        outcome=use.outcome,
        action="aside" if is_aside(call, use.outcome) else action_of(call),
        place=call.scrubbed(call.request.remote_address or ""),
        client=_client(call),
        target=_target(effects),
        resource=call.shown_path,
        error=_error(call),
        incarnation=SPONSORED if "secret-id/" in use.credential else "",
        asked=asked_of(call),
        effects=effects,
        arrived=call.context.arrived,
        processed=call.context.processed,
    )


def _effects(call: Call, use: Use) -> Iterator[Effect]:
    effects = ends_of(call, use.outcome)
    if use.outcome == "succeeded":
        effects = chain(effects, issues_of(call))
    if call.authenticated and not call.issued:
        effects = chain(exhausted(call), effects)
    yield from effects
    if use.outcome == "succeeded" and use.credential and _root(call):
        yield Known(use.credential, use.credential, "root", use.names)


def _root(call: Call) -> bool:
    """Whether the caller's token is a root token, which nothing in the log may have issued."""
    return call.authenticated and not call.identity and "root" in (call.auth.policies or ())


def _target(effects: tuple[Effect, ...]) -> str:
    """What the call was about: the first thing that an effect names."""
    for effect in effects:
        for name in ("credential", "identity", "group"):
            if key := getattr(effect, name, ""):
                return str(key)
    return ""


def _client(call: Call) -> str:
    """The user agent, where the installation audits that header (in clear or as an HMAC)."""
    for name, values in (call.request.headers or {}).items():
        if name.lower() == "user-agent" and isinstance(values, list):
            return call.scrubbed(" ".join(value for value in values if isinstance(value, str)))
    return ""


def _error(call: Call) -> str:
    if not call.refused:
        return ""
    said = call.scrubbed(" ".join((call.line.error or "refused, the reason is HMAC'd").split()))
    return f"{said}; a token stood in clear in the path of this log" if call.clear_token else said
