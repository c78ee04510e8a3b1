"""Kubernetes audit logs: what was asked of an API server, by whom, and what it hands out, ends and grants by
it.

One request has up to three lines of one ``auditID``. ``RequestReceived`` is passed: nothing is decided yet.
``ResponseComplete`` is the use, ``ResponseStarted`` too (a 401 has no other, and an exec or a watch stands
from then on): both say the same of it, so it is one use, and the end of the session is learned when it
comes. The event is at ``requestReceivedTimestamp``, when the credential was checked; what it ends is ended
when its answer was written.

Out of sight: who is meant by a 401 (the server's own look-up beside it often tells, see
``correlators.kernel.routes.lookups``); what a ``deletecollection`` deleted, without bodies; evictions (the
kubelet's delete that follows is seen); static tokens, which have no id; which token Google's and other
clouds' logs leave out.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec
import orjson
from pydantic import ValidationError

from schemas.activity import Activity, Effect
from schemas.addresses import address_of
from schemas.records import head_of as beginning
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading
from schemas.sources.kubernetes.aks import event_of as row_event
from schemas.sources.kubernetes.aks import is_control_plane, is_row
from schemas.sources.kubernetes.call import Call
from schemas.sources.kubernetes.effects import STALE, effects_of, legacy_of, stale_of
from schemas.sources.kubernetes.envelopes import (
    API,
    Envelope,
    is_event,
    is_gke,
    opened,
    said_by_mark,
    said_by_row,
)
from schemas.sources.kubernetes.gke import cluster_of
from schemas.sources.kubernetes.gke import event_of as google_event
from schemas.sources.kubernetes.grants import refused_self
from schemas.sources.kubernetes.reviews import reviewed
from schemas.sources.kubernetes.wire import Event, event_of, head_of
from schemas.summary import Blind, Summary
from schemas.times import micros_of

NAME = "kubernetes"
SIGNS = frozenset({"auditID", "apiVersion", "protoPayload"})

RECEIVED = "RequestReceived"
RECEIVED_MARK = b'"stage":"RequestReceived"'
PLAIN = b'{"kind":"Event","apiVersion":"audit.k8s.io/'
"""How the API server begins a line, and where in it the stage stands."""
MARK_WITHIN = 256
PREFIX_MAX = 128

CLIENT_MAX = 200
UID_MAX = 128
MESSAGE_MAX = 300
SAFE_MESSAGES = frozenset({401, 403, 404, 409})
"""Codes whose message is the server's own words; of others it may quote what was sent, even at level
Metadata."""

TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,2}")

NO_EFFECTS: tuple[Effect, ...] = ()


SUMMARY = Summary(
    gives=(
        "API requests with account, token id (JTI), certificate, place and the binding that "
        "allowed them; tokens issued; accounts, pods, Secrets and bindings deleted; sessions "
        "(exec, watch) with their ends; images set"
    ),
    cannot_show=(
        "A 401 names nobody: the account is inferred where the server's own look-up shows it; a "
        "deleted binding does not say whose access ended unless its creation or uses were seen; "
        "level Metadata has no bodies; dead tokens succeed for up to 10 s, expired ones for 60 s; an "
        "event whose exporter left out every time is as old as its arrival"
    ),
    ship=(
        "The audit webhook (receiver `receive_kubernetes`), the log file followed, or the "
        "provider's export (EKS, GKE, AKS) into `raw.kubernetes.<cluster>`"
    ),
    blind=(
        Blind(
            name="metadata-only audit",
            hides="which token was issued, which image was set, what a binding holds",
            switch_on=(
                "level RequestResponse for token requests, bindings and workloads (Request is enough "
                "for images)"
            ),
            shown_by=r"\|[a-z_,]*(?:imaged|issued)[a-z_,]*$",
        ),
        Blind(
            name="un-audited paths",
            hides="requests that the audit policy leaves out (level None)",
            switch_on="a rule of level Metadata at the end of the audit policy",
        ),
    ),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record is an audit event, a list of them, or an envelope of a cloud or a shipper
    around one."""
    if isinstance(document, bytes):
        head = beginning(document)
        return f'"{API}' in head or ("objectRef" in head and "auditID" in head)
    return ENVELOPES.recognises(document)


def _is_one(document: dict[str, Any]) -> bool:
    if document.get("kind") == "EventList" and str(document.get("apiVersion", "")).startswith(API):
        return True
    return is_event(document) or is_gke(document) or is_row(document) or is_control_plane(document)


ENVELOPES = Envelopes(NAME, _is_one, opened)


def read(record: bytes, context: Context) -> Reading:
    """Returns every event of the record as an activity, passed, or a reject with its place; never raises."""
    reading = Reading([], [], 0)
    if record.startswith(PLAIN):
        if _passes(record):
            reading.passed = 1
            return reading
        event = _validated(record)
        if event is not None and event.received:
            _tell(reading, event, record, "", Envelope(), context)
            return reading
    for place, found in ENVELOPES.objects(_bare(record)):
        if isinstance(found, Rejected):
            reading.rejects.append(found)
        else:
            _read(found, place, context, reading)
    if not (reading.activities or reading.rejects or reading.passed):
        reading.rejects.append(Rejected(NAME, "holds no audit event"))
    return reading


def _bare(record: bytes) -> bytes:
    """The record without what a container runtime or syslog wrote before it."""
    start = record.find(b'{"kind":"Event', 0, PREFIX_MAX)
    return record[start:] if start > 0 and (record[:1].isalnum() or record[:1] == b"<") else record


def _passes(record: bytes) -> bool:
    """Whether this is a well-formed line of a request that was only received."""
    if record.find(RECEIVED_MARK, 0, MARK_WITHIN) < 0:
        return False
    try:
        head = head_of(record)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return head.stage == RECEIVED and bool(head.auditID)


def _validated(record: bytes) -> Event | None:
    try:
        return Event.model_validate_json(record)
    except ValidationError:
        return None


def _read(document: dict[str, Any], place: str, context: Context, reading: Reading) -> None:
    if is_control_plane(document):
        reading.passed += 1
        return
    envelope, plain = _unwrapped(document)
    if plain is None:
        reading.rejects.append(Rejected(NAME, "is no audit event", "kind", place))
        return
    try:
        event = event_of(plain)
    except ValidationError as error:
        reading.rejects.append(_wrong(error, place))
        return
    _tell(reading, event, b"", place, envelope, context, document)


def _unwrapped(document: dict[str, Any]) -> tuple[Envelope, dict[str, Any] | None]:
    """What is told around the event, and the event in Kubernetes' own form; None for what is none."""
    envelope = said_by_mark(document)
    if is_gke(document):
        return Envelope(cluster_of(document), envelope.time), google_event(document)
    if is_row(document):
        return said_by_row(document), row_event(document)
    return envelope, document if is_event(document) else None


def _wrong(error: ValidationError, place: str) -> Rejected:
    """The first thing wrong, without what stood there: it may be a secret."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return Rejected(NAME, first["msg"], ".".join(str(step) for step in first["loc"])[:CLIENT_MAX], place)


def _tell(
    reading: Reading, event: Event, record: bytes, place: str, envelope: Envelope, context: Context,
    document: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    if event.stage == RECEIVED:
        reading.passed += 1
        return
    time = _time(event, envelope, document, context)
    if not time:
        reading.rejects.append(Rejected(NAME, "is missing or no time", "requestReceivedTimestamp", place))
        return
    instance = envelope.cluster if envelope.cluster and context.instance == "default" else context.instance
    call = Call(event, time, micros_of(event.staged), instance, context)
    uid = _uid(event, record, document)
    reading.activities.append(_activity(call, uid))
    reading.activities.extend(reviewed(call, uid))


def _time(event: Event, envelope: Envelope, document: dict[str, Any] | None, context: Context) -> int:
    """When the request came. Older versions and exports say it elsewhere, only on the envelope, or not at
    all: then it is as old as its arrival."""
    time = micros_of(event.received) or micros_of(event.timestamp) or micros_of(event.staged)
    if time:
        return time
    elsewhere = _times_elsewhere(document or {}, envelope)
    time = next((time for text in elsewhere if (time := micros_of(text))), 0)
    return time or context.time_unless(event.received, event.timestamp, event.staged, *elsewhere)


def _times_elsewhere(document: dict[str, Any], envelope: Envelope) -> list[str]:
    metadata = document.get("metadata")
    created = metadata.get("creationTimestamp") if isinstance(metadata, dict) else None
    texts = (created, envelope.time, document.get("@timestamp"), document.get("p_event_time"))
    return [text for text in texts if isinstance(text, str)]


def _uid(event: Event, record: bytes, document: dict[str, Any] | None) -> str:
    """The audit id; where an export left it out, a digest of the event."""
    if 0 < len(event.audit_id) <= UID_MAX:
        return event.audit_id
    try:
        content = record or orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        content = repr(document).encode("utf-8", "replace")
    return f"sha256:{hashlib.sha256(content).hexdigest()[:32]}"


def _activity(call: Call, uid: str) -> Activity:
    event, who = call.event, call.who
    effects = tuple(effects_of(call)) if call.resource or call.code == 401 else NO_EFFECTS
    if who.credential.startswith(f"{call.prefix}secret/") and (known := legacy_of(call)):
        effects = (known, *effects)
    if event.annotations and STALE in event.annotations and (stale := stale_of(call)):
        effects = (stale, *effects)
    allowed_by = call.allowed_by
    if not allowed_by and call.outcome == "forbidden":
        allowed_by = refused_self(call)
    return Activity(
        uid=uid,
        time=call.time,
        source=NAME,
        instance=call.instance,
        identity=who.identity,
        actor_name=who.name[:CLIENT_MAX],
        credential=who.credential,
        operation=call.operation,
        service=call.group or ("core" if call.resource else ""),
        outcome=call.outcome,
        action=call.action,
        place=address_of(call.place) if call.place else "",
        client=(event.user_agent or "")[:CLIENT_MAX],
        target=call.impersonated or _target(effects),
        resource=call.path,
        error=_error(call),
        incarnation=who.incarnation,
        allowed_by=allowed_by,
        effects=effects,
        arrived=call.context.arrived,
        processed=call.context.processed,
    )


def _target(effects: tuple[Effect, ...]) -> str:
    """What the request was about: the first thing that an effect names."""
    for effect in effects:
        for name in ("identity", "credential", "group", "grant", "workload", "about"):
            if key := getattr(effect, name, ""):
                return str(key)
    return ""


def _error(call: Call) -> str:
    if call.outcome in ("succeeded", "unknown"):
        return ""
    said = call.event.response.reason if call.event.response else None
    message = f": {call.message}" if call.message and call.code in SAFE_MESSAGES else ""
    return TOKEN.sub("…", f"{call.code} {said or ''}".rstrip() + message)[:MESSAGE_MAX]
