"""Okta's System Log: API tokens, service apps and their credentials, from issue to end.

A record is one LogEvent, an array of them as ``GET /api/v1/logs`` answers, an event hook's body
(``{"data": {"events": […]}}``), a log stream's EventBridge event (``detail``), or a shipper's envelope
around any; JSON lines and gz too. Layout: see ``wire``. The log does not name its org: name the installation
after it (``raw.okta.<org>``).

Out of scope, and passed: people signing in (``user.session.*``, ``user.authentication.*``, evaluations of
sign-on policies). Out of sight: requests with a dead API token (where no token is known, nobody is); which
secret or key a client presented; reads through the API, most of which write no event.
"""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity
from schemas.addresses import address_of, system_number
from schemas.records import Contents, head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading
from schemas.sources.okta.effects import action_of, effects_of, key_of_actor, name_of, outcome_of, target_of
from schemas.sources.okta.grants import refused_self
from schemas.sources.okta.wire import Event
from schemas.summary import Summary
from schemas.times import micros_of
from schemas.wire import as_fields

NAME = "okta"
SIGNS = frozenset({"legacyEventType", "eventType", "published"})

SUMMARY = Summary(
    gives=(
        "API tokens (made, used, revoked), service apps and agents with their token grants, client "
        "secrets and keys (made, switched off, deleted), apps and accounts switched off and deleted, "
        "administrator roles given and taken, also by an account to itself"
    ),
    cannot_show=(
        "A request with a revoked API token writes no event, so its death is assumed; which secret or "
        "key a client presented and which role allowed a call is not told; most reads through the API are "
        "not logged; the log does not name the org; people signing in are passed"
    ),
    ship=(
        "A poller of `/api/v1/logs` (Vector, Elastic Agent), an event hook, or log streaming through "
        "EventBridge, into `raw.okta.<org>`"
    ),
)
"""Its row in docs/sources.md."""

PEOPLE = ("user.session.", "user.authentication.", "policy.evaluate_sign_on", "user.mfa.")
"""How types of events begin that are about people signing in."""
MARKS = ('"eventType"', '"published"', '"uuid"')
TEXT_MAX = 512
"""Letters that are kept of a text that somebody else chose."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that no JSON parser took) holds events of the System Log."""
    if isinstance(document, bytes):
        head = head_of(document)
        return all(mark in head for mark in MARKS)
    return ENVELOPES.recognises(document)


def _is_event(document: dict[str, Any]) -> bool:
    names = {"eventType", "published", "uuid", "actor"}
    return names <= document.keys() and isinstance(document["eventType"], str)


def _opened(document: dict[str, Any]) -> Contents | None:
    """An event hook's body, a log stream's event."""
    events = as_fields(document.get("data")).get("events")
    if isinstance(events, list):
        return [(f"data.events[{i}]", one) for i, one in enumerate(events)]
    detail = document.get("detail")
    return [("detail", detail)] if isinstance(detail, dict) and _is_event(detail) else None


ENVELOPES = Envelopes(NAME, _is_event, _opened, is_bare=lambda document: "eventType" in document)


def read(record: bytes, context: Context) -> Reading:
    """Returns every event of the record as an activity, passed, or a reject with its place; never raises."""
    reading = Reading([], [], 0)
    for place, found in ENVELOPES.objects(record):
        read_one = found if isinstance(found, Rejected) else _read(found, place, context)
        if read_one is None:
            reading.passed += 1
        elif isinstance(read_one, Rejected):
            reading.rejects.append(read_one)
        else:
            reading.activities.append(read_one)
    return reading


def _read(document: dict[str, Any], place: str, context: Context) -> Activity | Rejected | None:
    event = Event.model_validate(document)
    for name, value in (("eventType", event.event_type), ("uuid", event.uuid), ("actor.id", event.actor.id)):
        if not value:
            return Rejected(NAME, "is missing or empty", name, place)
    time = micros_of(event.published)
    if not time:
        return Rejected(NAME, "is missing or not a time", "published", place)
    return None if event.event_type.startswith(PEOPLE) else _activity(event, time, context)


def _activity(event: Event, time: int, context: Context) -> Activity:
    org = f"okta:{context.instance}:"
    outcome, identity = outcome_of(event), key_of_actor(org, event.actor)
    token = event.transaction.detail.request_api_token_id
    return Activity(
        uid=event.uuid,
        time=time,
        source=NAME,
        instance=context.instance,
        identity=identity,
        actor_name=name_of(event.actor)[:TEXT_MAX],
        credential=f"{org}api-token/{token}" if token else "",
        operation=event.event_type[:TEXT_MAX],
        service=event.debug_context.debug_data.grant_type[:TEXT_MAX],
        outcome=outcome,
        action=action_of(event),
        place=address_of(event.client.ip_address),
        allowed_by=refused_self(org, event, outcome, identity),
        asn=system_number(event.security_context.as_number),
        client=event.client.user_agent.raw_user_agent[:TEXT_MAX],
        target=target_of(org, event),
        resource=event.debug_context.debug_data.request_uri.partition("?")[0][:TEXT_MAX],
        error=event.outcome.reason[:TEXT_MAX] if outcome != "succeeded" else "",
        effects=tuple(effects_of(org, event, outcome)),
        arrived=context.arrived,
        processed=context.processed,
    )
