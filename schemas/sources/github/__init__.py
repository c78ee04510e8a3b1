"""GitHub's audit log: tokens, deploy keys and installed apps, from issue to end, and what is done with them.

A record is one event as streaming writes it (JSON lines, gz), an array of them as the REST API answers, an
export, or a shipper's envelope around any. Times are milliseconds. Layout: see ``wire``. One event of a
person's token in an organisation is two activities: the second is the use of the token's authorization for
that organisation, which SAML single sign-on gives and takes on its own.

Out of sight: requests with a dead token; which secret of a token that was regenerated was presented; reads
in the browser; Git events and API requests where they are not streamed or exported; ends that name a token
by the name that its user gave it, alone.
"""

from __future__ import annotations

from typing import Any

import orjson

from schemas.activity import Activity
from schemas.addresses import address_of
from schemas.records import head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading
from schemas.sources.github.effects import action_of, effects_of, outcome_of, target_of
from schemas.sources.github.who import authorization_key, credential_of, identity_of, is_authorized_apart
from schemas.sources.github.wire import Event
from schemas.span import derived_id
from schemas.summary import Summary
from schemas.times import micros_of
from schemas.wire import as_fields

NAME = "github"
SIGNS = frozenset(
    {"_document_id", "actor_location", "programmatic_access_type", "operation_type", "actor_ip"}
)

SUMMARY = Summary(
    gives=(
        "Personal access tokens, OAuth and app tokens, SSH and deploy keys, installed apps and their "
        "authorizations for an organisation, from issue to end; what they did, Git and API requests included "
        "where they are streamed"
    ),
    cannot_show=(
        "A request with a dead token writes no event, so its death is assumed; a regenerated token keeps its "
        "id; ends that tell a token by its name alone; reads in the browser"
    ),
    ship=(
        "Audit log streaming (an object store, Event Hubs, Splunk), or a poller of `/orgs/<org>/audit-log` "
        "or `/enterprises/<enterprise>/audit-log` with `include=all`, into `raw.github.<enterprise>`"
    ),
)
"""Its row in docs/sources.md."""

FIELDS = frozenset({
    "_document_id", "actor_location", "programmatic_access_type", "operation_type", "actor_ip", "org",
    "business", "hashed_token", "token_id", "transport_protocol_name", "user_id", "actor_id",
})  # fmt: skip
"""Fields of which an event has some beside its action, its actor and its time."""
FIELDS_MIN = 2
MARKS = ('"action"', '"actor"', '"@timestamp"')
TEXT_MAX = 512
"""Letters that are kept of a text that somebody else chose."""
UID_BYTES = 16


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that no JSON parser took) holds events of the audit log."""
    if isinstance(document, bytes):
        head = head_of(document)
        return all(mark in head for mark in MARKS)
    return ENVELOPES.recognises(document)


def _is_event(document: dict[str, Any]) -> bool:
    action = document.get("action")
    timed = "@timestamp" in document or "created_at" in document
    if not (timed and "actor" in document and isinstance(action, str) and "." in action):
        return False
    return isinstance(document["actor"], str) and len(FIELDS & document.keys()) >= FIELDS_MIN


ENVELOPES = Envelopes(NAME, _is_event, is_bare=lambda document: "action" in document and "actor" in document)


def read(record: bytes, context: Context) -> Reading:
    """Returns every event of the record as activities or a reject with its place; never raises."""
    reading = Reading([], [], 0)
    for place, found in ENVELOPES.objects(record):
        activity = found if isinstance(found, Rejected) else _read(found, place, context)
        if isinstance(activity, Rejected):
            reading.rejects.append(activity)
        else:
            reading.activities.extend(activity)
    return reading


def _read(document: dict[str, Any], place: str, context: Context) -> list[Activity] | Rejected:
    # Events of GitHub Enterprise Server keep what is special to them in `data`.
    event = Event.model_validate({**as_fields(document.get("data")), **document})
    if not event.action:
        return Rejected(NAME, "is missing or empty", "action", place)
    time = micros_of(event.timestamp) or micros_of(event.created_at)
    if not time:
        return Rejected(NAME, "is missing or not a time", "@timestamp", place)
    # Git events may have no id: the same event is the same wherever it is delivered again.
    uid = event.document_id or derived_id(UID_BYTES, _written(document))
    activity = _activity(event, uid[:TEXT_MAX], time, context)
    return [activity, *_authorization(activity, event)]


def _written(document: dict[str, Any]) -> str:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).hex()


def _activity(event: Event, uid: str, time: int, context: Context) -> Activity:
    site = f"github:{context.instance}:"
    outcome = outcome_of(event)
    credential, names = credential_of(site, event)
    return Activity(
        uid=uid,
        time=time,
        source=NAME,
        instance=context.instance,
        identity=identity_of(site, event),
        actor_name=event.actor[:TEXT_MAX],
        credential=credential,
        names=names,
        operation=event.action[:TEXT_MAX],
        service=event.programmatic_access_type[:TEXT_MAX],
        outcome=outcome,
        action=action_of(event),
        place=address_of(event.actor_ip),
        client=event.user_agent[:TEXT_MAX],
        target=target_of(site, event),
        resource=(event.repo or event.repository or event.org)[:TEXT_MAX],
        effects=tuple(effects_of(site, event)) if outcome == "succeeded" else (),
        arrived=context.arrived,
        processed=context.processed,
    )


def _authorization(activity: Activity, event: Event) -> list[Activity]:
    """The use of the authorization of a person's token for an organisation. It says nothing more of where
    from, and does nothing on its own."""
    if not is_authorized_apart(activity.identity, event) or not activity.credential:
        return []
    sso, *others = [authorization_key(name, event.org) for name in (activity.credential, *activity.names)]
    return [
        Activity(
            uid=f"{activity.uid}#sso",
            time=activity.time,
            source=NAME,
            instance=activity.instance,
            identity=activity.identity,
            actor_name=activity.actor_name,
            credential=sso,
            names=tuple(others),
            operation=activity.operation,
            service=activity.service,
            outcome=activity.outcome,
            resource=activity.resource,
            arrived=activity.arrived,
            processed=activity.processed,
        )
    ]
