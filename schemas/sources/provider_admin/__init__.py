"""Administrative logs of model providers: OpenAI's audit log and Anthropic's activity feed.

A record is one event, a page of the vendor's API (``{"data": […]}``), a shipper's envelope, an array or JSON
lines; gz too.
They tell who made and revoked keys, added MCP servers and connected integrations, and who was given which
role.

Out of sight: what a key was used for (neither vendor logs calls of models here), so the death of one
stays assumed; which key was meant, where the event does not name it: such an event is kept without an
effect.
"""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity
from schemas.addresses import address_of
from schemas.records import Contents, head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading
from schemas.sources.provider_admin.effects import action_of, effects_of, outcome_of, target_of
from schemas.sources.provider_admin.event import Event, anthropic_event, openai_event
from schemas.summary import Summary
from schemas.times import micros_of

NAME = "provider_admin"
SIGNS = frozenset({"effective_at", "organization_id"})

AUDIT_LOG = "organization.audit_log"
FEED_ID = "activity_"
RESOURCES = ("mcp_server_name", "integration_type", "resource_id", "project", "name")


SUMMARY = Summary(
    gives=(
        "Model providers' administration logs: service keys made and revoked, connectors and MCP "
        "servers added"
    ),
    cannot_show=("What a key was used for is not in these logs"),
    ship=("The provider's audit export into `raw.provider_admin`"),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that is no JSON) is an event, or a page of them."""
    if isinstance(document, bytes):
        head = head_of(document)
        return f'"{AUDIT_LOG}"' in head or (f'"{FEED_ID}' in head and '"organization_id"' in head)
    return ENVELOPES.recognises(document)


def _is_event(document: dict[str, Any]) -> bool:
    match document:
        case {"object": "organization.audit_log"}:
            return True
        case {"type": str(), "actor": dict(), "organization_id": _, "created_at": _}:
            return True
        case _:
            return False


def read(record: bytes, context: Context) -> Reading:
    """Returns every event of the record as an activity or a reject with its place; never raises."""
    reading = Reading([], [], 0)
    for place, found in ENVELOPES.objects(record):
        activity = found if isinstance(found, Rejected) else _read_one(found, place, context)
        if isinstance(activity, Rejected):
            reading.rejects.append(activity)
        else:
            reading.activities.append(activity)
    return reading


def _page(document: dict[str, Any]) -> Contents | None:
    if isinstance(many := document.get("data"), list) and "type" not in document:
        return [(f"data[{i}]", one) for i, one in enumerate(many)]
    return None


ENVELOPES = Envelopes(NAME, _is_event, _page, is_bare=lambda document: "type" in document)


def _read_one(row: dict[str, Any], place: str, context: Context) -> Activity | Rejected:
    ours = row.get("object") == AUDIT_LOG or "effective_at" in row
    event = openai_event(row, context.instance) if ours else anthropic_event(row, context.instance)
    names = ("id", "type", "effective_at") if ours else ("id", "type", "created_at")
    for name, value in zip(names[:2], (event.uid, event.type), strict=True):
        if not value:
            return Rejected(NAME, "is missing or empty", name, place)
    time = micros_of(event.time)
    if not time:
        return Rejected(NAME, "is missing or not a time", names[2], place)
    return _activity(event, time, context)


def _activity(event: Event, time: int, context: Context) -> Activity:
    actor, outcome = event.actor, outcome_of(event)
    return Activity(
        uid=event.uid,
        time=time,
        source=NAME,
        instance=context.instance,
        identity=actor.identity,
        actor_name=actor.name,
        credential=actor.credential,
        operation=event.type,
        service=event.vendor,
        outcome=outcome,
        action=action_of(event),
        place=address_of(actor.place),
        asn=actor.asn,
        client=actor.client,
        target=target_of(event),
        resource=event.text(*RESOURCES),
        error=event.text("error_code") if outcome != "succeeded" else "",
        effects=effects_of(event),
        arrived=context.arrived,
        processed=context.processed,
    )
