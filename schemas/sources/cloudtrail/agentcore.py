"""Gateways of Amazon Bedrock AgentCore: an agent's call of a tool, as CloudTrail's data events hold it.

The request is a JSON-RPC message in ``requestParameters.body``, its answer in ``responseElements.body`` with
``statusCode``; who called is the subject of the token that the gateway verified
(``additionalEventData.jwt.claims``), and not the event's ``userIdentity``; where it asks for AWS's own
signature instead, who signed. The target's name stands before
that of the tool, with three underscores between. Source: AWS, "Understanding Amazon Bedrock AgentCore Gateway
CloudTrail events" (https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide).
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.activity import Activity, Aliased, Effect
from schemas.sources import Context, Reading
from schemas.sources.cloudtrail.wire import AnyEvent, text
from schemas.sources.mcp import read_document
from schemas.span import agent_key
from schemas.wire import as_fields

SERVICE = "bedrock-agentcore"
CALLS = frozenset({"InvokeGateway", "InvokeMcp"})
"""``InvokeMcp`` is what the preview called it."""

BETWEEN = "___"
"""Between the name of a target and that of its tool (AWS, "Gateway target naming")."""


def called(event: AnyEvent, plain: Activity, context: Context) -> Activity:
    """Returns the activity of a call to a gateway: ``plain``, with who called, by which token, which tool,
    and how it ended."""
    request, response = event.request or {}, event.response or {}
    message, server = _message(request.get("body"))
    own: tuple[Effect, ...] = ()
    claims = _part(_part(event.additional).get("jwt")).get("claims")
    document = {
        "ts": event.event_time,
        "direction": "client_to_server",
        "gateway": SERVICE,
        "server": server,
        "http": {"status": response.get("statusCode")},
        "address": event.source,
        "message": message,
        "answer": _part(response.get("body")),
        "subject": text(claims, "sub"),
        "issuer": text(claims, "iss"),
        "token_id": text(claims, "jti"),
        "client_id": text(claims, "client_id"),
    }
    if not document["subject"] and plain.identity:
        # A gateway that asks for AWS's own signature knows its caller by the event itself.
        document["agent"] = {"service": SERVICE, "name": plain.identity}
        own = (Aliased(agent_key(SERVICE, plain.identity), plain.identity),)
    reading = Reading([], [], 0)
    read_document(document, "", context, reading)
    seen = reading.activities
    effects: tuple[Effect, ...] = tuple(
        dict.fromkeys([*own, *(effect for one in seen for effect in one.effects)])
    )
    first, last = (seen[0], seen[-1]) if seen else (plain, plain)
    status = response.get("statusCode")
    outcome = last.outcome if seen and last.outcome != "unknown" else OUTCOMES.get(status, plain.outcome)
    return msgspec.structs.replace(
        plain,
        identity=plain.identity if own else first.identity or plain.identity,
        actor_name=plain.actor_name if own else first.actor_name or plain.actor_name,
        credential=plain.credential if own else first.credential or plain.credential,
        operation=first.operation if seen else plain.operation,
        outcome=outcome,
        error=last.error or plain.error,
        effects=effects,
    )


OUTCOMES: dict[Any, Any] = {401: "unauthenticated", 403: "forbidden"}
"""By status of HTTP, of messages that are about no tool."""


def _message(body: object) -> tuple[dict[str, Any], str]:
    """The message with the tool's own name, and the target that serves it."""
    message = dict(_part(body))
    params = _part(message.get("params"))
    target, between, tool = text(params, "name").partition(BETWEEN)
    if not between:
        return message, ""
    message["params"] = {**params, "name": tool}
    return message, target


def _part(value: object) -> dict[str, Any]:
    """An object, also one that an export wrote as text."""
    return as_fields(value)
