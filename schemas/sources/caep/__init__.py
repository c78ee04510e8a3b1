"""Shared signals: security event tokens of CAEP 1.0 and RISC 1.0 over SSF 1.0.

A record is a compact token, the answer to a poll (``{"sets": {jti: token}}``), an array of tokens, or tokens
one a line; a token's decoded claims only where unsigned ones are allowed. The signature is checked against
``Context.jwks``. Events about a stream (verification, updates) are passed. Out of sight: what a transmitter
never tells; a token that was lost on the way, since streams have no numbering.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from schemas.activity import Activity, Outcome
from schemas.addresses import address_of
from schemas.records import within
from schemas.rejected import Rejected
from schemas.sources import Context, Reading
from schemas.sources.caep.effects import EventFields, effects_of
from schemas.sources.caep.subjects import subject_of
from schemas.sources.caep.token import RefusedError, claims_of
from schemas.summary import Summary
from schemas.times import micros_of
from schemas.wire import as_fields, as_list, as_text, pick, text_at

NAME = "caep"
SIGNS = frozenset({"sets", "events"})

EVENTS = "schemas.openid.net/secevent/"
STREAM = "/secevent/ssf/"
COMPACT = re.compile(rb"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
PRESENTED = frozenset({"session-presented", "session-established"})
"""Events that tell a use of a session."""

SHOWN_MAX = 512
CLIENT_MAX = 200


SUMMARY = Summary(
    gives=(
        "Security Event Tokens (CAEP, SSF): credential changed, session revoked, session "
        "presented; the signature is verified with the configured keys"
    ),
    cannot_show=("Tokens without a signature, or signed with a key that is not configured, are refused"),
    ship=("An SSF receiver that passes the tokens into `raw.caep`; the transmitter's JWKS in the settings"),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that is no JSON) is a security event token, or a poll's
    answer of them."""
    match document:
        case bytes():
            first = document.split(maxsplit=1)[:1]
            return bool(first) and COMPACT.fullmatch(first[0]) is not None and _speaks(first[0])
        case str():
            return recognises(document.encode("utf-8", "replace"))
        case list():
            return bool(document) and isinstance(document[0], str) and recognises(document[0])
        case dict():
            if isinstance(sets := document.get("sets"), dict):
                return all(isinstance(one, str) for one in list(sets.values())[:8])
            events = document.get("events")
            return isinstance(events, dict) and any(EVENTS in str(name) for name in events)
        case _:
            return False


def _speaks(token: bytes) -> bool:
    """Whether the payload, unverified, speaks of events."""
    body = token.split(b".")[1]
    try:
        return b'"events"' in base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return False


def read(record: bytes, context: Context) -> Reading:
    """Returns every event of every token as an activity, or a reject with its place; never raises."""
    reading = Reading([], [], 0)
    for place, token in within(_tokens(record), record, lambda over: ("", over), NAME):
        if isinstance(token, Rejected):
            reading.rejects.append(token)
            continue
        try:
            claims = _claims(token, context)
            _check_audience(claims, context)
        except RefusedError as error:
            reading.rejects.append(Rejected(NAME, error.reason, error.field, place))
            continue
        _read(claims, place, context, reading)
    return reading


def _tokens(record: bytes) -> Iterator[tuple[str, object]]:
    try:
        document: object = orjson.loads(record)
    except (orjson.JSONDecodeError, RecursionError):
        lines = [line.strip() for line in record.decode("utf-8-sig", "replace").splitlines() if line.strip()]
        if not any(COMPACT.fullmatch(line.encode("utf-8", "replace")) for line in lines):
            yield "", None
            return
        for number, line in enumerate(lines, 1):
            yield (f"line {number}" if len(lines) > 1 else ""), line
        return
    if isinstance(document, dict) and isinstance(sets := document.get("sets"), dict):
        for name, one in sets.items():
            yield f"sets.{name[:SHOWN_MAX]}", one
    elif isinstance(document, list):
        for i, one in enumerate(document):
            yield f"[{i}]", one
    else:
        yield "", document


def _claims(token: object, context: Context) -> dict[str, Any]:
    if isinstance(token, str):
        return claims_of(token, context.jwks, context.unsigned_allowed)
    if not isinstance(token, dict) or "events" not in token:
        raise RefusedError("token", "is not a security event token")
    if not context.unsigned_allowed:
        raise RefusedError("signature", "is missing: unsigned events are refused")
    return token


def _check_audience(claims: dict[str, Any], context: Context) -> None:
    if not context.audiences:
        return
    audience = claims.get("aud")
    many = [as_text(one) for one in audience] if isinstance(audience, list) else [as_text(audience)]
    if not set(many) & set(context.audiences):
        raise RefusedError("aud", "is for somebody else")


def _read(claims: dict[str, Any], place: str, context: Context, reading: Reading) -> None:
    events = as_fields(claims.get("events"))
    uid = text_at(claims, "jti")
    if not uid or not events:
        reading.rejects.append(Rejected(NAME, "is missing", "events" if uid else "jti", place))
        return
    for name, content in within(events.items(), b"", lambda over: ("", over), NAME):
        if isinstance(content, Rejected):
            reading.rejects.append(content)
            continue
        if STREAM in name:
            reading.passed += 1
            continue
        activity = _activity(claims, name, as_fields(content), context)
        if activity is None:
            reading.rejects.append(Rejected(NAME, "is missing or not a time", "iat", place))
            continue
        own = activity if len(events) == 1 else _apart(activity, name)
        reading.activities.append(own)


def _apart(activity: Activity, name: str) -> Activity:
    """SSF puts one event into a token; of several each has an id of its own."""
    return msgspec.structs.replace(activity, uid=f"{activity.uid}#{name.rpartition('/')[2]}"[:SHOWN_MAX])


def _activity(claims: dict[str, Any], name: str, event: dict[str, Any], context: Context) -> Activity | None:
    time = _time(claims, event)
    if not time:
        return None
    issuer, word = text_at(claims, "iss"), name.rpartition("/")[2]
    subject = subject_of(issuer, claims, event)
    effects = effects_of(EventFields(word, issuer, subject, event, time))
    presented = word in PRESENTED
    outcome: Outcome = "succeeded"
    return Activity(
        uid=text_at(claims, "jti")[:SHOWN_MAX],
        time=time,
        source=NAME,
        instance=context.instance,
        identity=subject.identity if presented else "",
        actor_name=(text_at(event, "initiating_entity") or issuer)[:SHOWN_MAX],
        credential=(subject.session or subject.token) if presented else "",
        operation=word[:SHOWN_MAX],
        # A login in it does not outlive its scheme, by which it would be known.
        service=issuer.removeprefix("https://").rpartition("@")[2][:SHOWN_MAX],
        outcome=outcome,
        place=_place(event),
        client=text_at(event, "fp_ua")[:CLIENT_MAX],
        target=subject.session or subject.token or subject.identity,
        resource=_detail(event)[:SHOWN_MAX],
        effects=effects,
        arrived=context.arrived,
        processed=context.processed,
    )


def _time(claims: dict[str, Any], event: dict[str, Any]) -> int:
    """When it happened: seconds since 1970 (drafts wrote ms), else the token's time of the event, else its
    issue."""
    times = (text_at(event, "event_timestamp"), text_at(claims, "toe"), text_at(claims, "iat"))
    return next((time for text in times if (time := micros_of(text))), 0)


def _place(event: dict[str, Any]) -> str:
    addresses = as_list(event.get("ips")) or [pick(event, "ip")]
    return next((address for one in addresses if (address := address_of(as_text(one)))), "")


def _detail(event: dict[str, Any]) -> str:
    """What changed, in the event's own words; claims' values are not kept."""
    details = (
        text_at(event, "change_type"),
        text_at(event, "credential_type"),
        text_at(event, "current_status"),
    )
    names = ", ".join(sorted(as_fields(event.get("claims")))[:16])
    return " ".join(filter(None, (*details, names)))
