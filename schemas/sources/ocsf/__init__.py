"""OCSF events, as security lakes and pipelines write them: API Activity 6003, Datastore Activity 6005,
Authentication 3002, Account Change 3001, Entity Management 3004.

A record is one event, an array, ``{"events": […]}`` or JSON lines; gz too. Other classes (findings, network)
say nothing about credentials and are rejected, with their class. Out of sight: what a mapping to OCSF left
out, which is most of requests and answers; so lineage of cloud sessions is better read from the cloud's own
log.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from schemas.activity import Action, Activity, Outcome
from schemas.addresses import address_of, system_number
from schemas.providers.aws.actions import action_of as aws_action_of
from schemas.providers.aws.outcome import outcome_of as aws_outcome_of
from schemas.records import Contents, head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading
from schemas.sources.gcp.outcome import action_of as gcp_action_of
from schemas.sources.ocsf.captions import (
    ACCOUNT_CHANGE,
    AUTHENTICATION,
    CLASSES,
    ENTITY_MANAGEMENT,
    Kind,
    denied,
    kind_of,
    status_of,
)
from schemas.sources.ocsf.effects import effects_of
from schemas.sources.ocsf.keys import Keys
from schemas.sources.ocsf.wire import Event
from schemas.summary import Summary
from schemas.times import micros_of
from schemas.wire import as_list, as_number, as_text, text_at

NAME = "ocsf"
SIGNS = frozenset({"class_uid"})

READ = frozenset(CLASSES.values())
WRITES = frozenset({ACCOUNT_CHANGE})
READ_ONLY = 2
"""Entity Management's activity Read."""

SHOWN_MAX = 512
CLIENT_MAX = 200


SUMMARY = Summary(
    gives=(
        "OCSF API Activity 6003, Authentication 3002, Account Change 3001, Entity Management "
        "3004, Datastore Activity 6005"
    ),
    cannot_show=("What the producer left out: many give no credential id"),
    ship=("Any OCSF producer into `raw.ocsf`"),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that no JSON parser took) is an OCSF event, of whatever
    class."""
    if isinstance(document, bytes):
        head = head_of(document)
        return '"class_uid"' in head and '"metadata"' in head
    return ENVELOPES.recognises(document)


def _is_event(document: dict[str, Any]) -> bool:
    numbered = any(as_number(document.get(name)) is not None for name in ("class_uid", "type_uid"))
    named = as_text(document.get("class_name")).lower() in CLASSES
    return (numbered or named) and isinstance(document.get("metadata"), dict)


def read(record: bytes, context: Context) -> Reading:
    """Returns every event of the record as an activity or a reject with its place; never raises."""
    reading = Reading([], [], 0)
    for place, found in ENVELOPES.objects(record):
        activity = found if isinstance(found, Rejected) else _activity(found, place, context)
        if isinstance(activity, Rejected):
            reading.rejects.append(activity)
        else:
            reading.activities.append(activity)
    return reading


def _opened(document: dict[str, Any]) -> Contents | None:
    if isinstance(many := document.get("events"), list) and "metadata" not in document:
        return [(f"events[{i}]", one) for i, one in enumerate(many)]
    return None


ENVELOPES = Envelopes(NAME, _is_event, _opened, is_bare=lambda document: "metadata" in document)


def _activity(raw: dict[str, Any], place: str, context: Context) -> Activity | Rejected:
    event = Event.model_validate(raw)
    kind = kind_of(event)
    if kind.class_uid not in READ:
        return Rejected(
            NAME,
            f"{kind.class_uid or event.class_name or 'none'} is not a class that is read",
            "class_uid",
            place,
        )
    time = micros_of(event.time_dt) or micros_of(event.time)
    if not time:
        return Rejected(NAME, "is missing or not a time", "time", place)
    keys = Keys(event, context)
    logs_on = kind.class_uid == AUTHENTICATION
    identity = (keys.user(event.user) if logs_on else "") or keys.actor(event.actor)
    outcome, error = _ended(event, kind)
    credential = _credential(event, kind, keys)
    effects = effects_of(event, kind, keys, outcome, identity, credential)
    operation = event.api.operation or event.activity_name
    return Activity(
        uid=_uid(event, raw),
        time=time,
        source=NAME,
        instance=context.instance,
        identity=identity,
        actor_name=(
            event.user.name if logs_on and event.user else event.actor.user.name or event.actor.app_name
        )[:SHOWN_MAX],
        credential=credential,
        operation=(operation or f"activity {kind.activity_id}")[:SHOWN_MAX],
        service=(event.api.service.name or event.service.name)[:SHOWN_MAX],
        outcome=outcome,
        action="service" if event.actor.invoked_by else _action(event, kind),
        place=address_of(event.src_endpoint.ip),
        asn=system_number(event.src_endpoint.autonomous_system.number),
        client=event.http_request.user_agent[:CLIENT_MAX],
        target=_target(event, kind, keys, effects),
        resource=_resource(event)[:SHOWN_MAX],
        error=error[:SHOWN_MAX],
        effects=effects,
        arrived=context.arrived,
        processed=context.processed,
    )


def _uid(event: Event, raw: dict[str, Any]) -> str:
    uid = event.metadata.uid or event.metadata.original_event_uid
    if 0 < len(uid) <= SHOWN_MAX:
        return uid
    return f"sha256:{hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"


def _credential(event: Event, kind: Kind, keys: Keys) -> str:
    """What the caller presented. A user that is changed shows its own credentials, which nobody presented."""
    if kind.class_uid == AUTHENTICATION and event.user:
        uid = event.user.credential_uid or event.session.credential_uid
        return keys.credential(uid) or keys.token(event.authentication_token)
    actor = event.actor
    known = keys.credential(actor.user.credential_uid, actor.session.credential_uid)
    return known or keys.token(event.api.token) or keys.session(actor.session)


def _ended(event: Event, kind: Kind) -> tuple[Outcome, str]:
    error = event.api.response.error or event.status_code
    code = event.http_response.code or event.api.response.code or as_number(event.status_code)
    status = status_of(event)
    if status == "succeeded":
        return status, ""
    if status == "unknown":
        return status, error
    if code == 401 or kind.class_uid == AUTHENTICATION:
        return "unauthenticated", error or event.status_detail or str(code or "")
    if code == 403 or denied(event):
        return "forbidden", error or str(code or "")
    return (aws_outcome_of(error, event.status_detail) if error else "failed"), error


def _action(event: Event, kind: Kind) -> Action:
    if kind.class_uid in WRITES:
        return "identity_write"
    if kind.class_uid == ENTITY_MANAGEMENT:
        return "" if kind.activity_id == READ_ONLY else "identity_write"
    if kind.class_uid == AUTHENTICATION:
        return ""
    service = event.api.service.name.partition(".")[0].lower()
    return aws_action_of(service, event.api.operation, False) or gcp_action_of(event.api.operation)


def _target(event: Event, kind: Kind, keys: Keys, effects: tuple[object, ...]) -> str:
    for effect in effects:
        for name in ("credential", "identity"):
            if key := getattr(effect, name, ""):
                return str(key)
    return keys.changed(event.user) if kind.class_uid == ACCOUNT_CHANGE else ""


def _resource(event: Event) -> str:
    for named in (event.table, event.databucket, event.database):
        if named.uid or named.name:
            return named.uid or named.name
    for one in as_list(event.resources):
        if name := text_at(one, "uid") or text_at(one, "name"):
            return name
    return event.entity.name or event.entity.uid
