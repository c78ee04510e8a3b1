"""What exports do to a CloudTrail event, undone: small letters, parts as text, times under another name."""

from __future__ import annotations

import json
from typing import Any

import orjson

NAMES = {
    name.lower(): name
    for name in (
        "eventID", "eventTime", "eventName", "eventSource", "errorCode", "errorMessage", "sourceIPAddress",
        "userAgent", "vpcEndpointId", "recipientAccountId", "awsRegion", "userIdentity", "requestParameters",
        "responseElements", "resources", "insightDetails", "eventContext", "additionalEventData",
        "principalId", "accountId", "accessKeyId", "credentialId", "userName", "invokedBy",
        "identityProvider", "sessionContext", "sessionIssuer", "onBehalfOf", "inScopeOf", "userId",
        "credentialsIssuedTo", "attributes", "creationDate", "sessionCredentialFromConsole",
    )
}  # fmt: skip
"""Athena and CloudTrail Lake write column names in small letters; inside request and response they stay."""

PARTS = (
    "userIdentity", "requestParameters", "responseElements", "additionalEventData", "insightDetails",
    "eventContext",
)  # fmt: skip
"""Objects that exports write as text."""
TEXTS = (
    "eventID", "eventTime", "eventName", "eventSource", "errorCode", "errorMessage", "sourceIPAddress",
    "userAgent", "vpcEndpointId", "recipientAccountId", "awsRegion",
)  # fmt: skip
NEVER_NULL = ("eventID", "eventTime", "eventName", "eventSource")
OTHER_TIMES = ("@timestamp", "event_time", "timestamp", "time")
IDENTITY = "userIdentity"
NESTED = ("context", "issuer", "of", "attributes")
"""How the names of the objects inside ``userIdentity`` end."""


def decoded(text: str) -> Any:
    """Returns the JSON value. Raises ``json.JSONDecodeError`` (orjson's is one) or ``RecursionError``."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass
    try:
        value = json.loads(text, strict=False, parse_constant=lambda name: None)
        # Half a letter, written as an escape, can be neither stored nor sent.
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise json.JSONDecodeError("a number without end", "", 0) from None


def restored(document: dict[str, Any]) -> dict[str, Any]:
    """Returns the event under CloudTrail's own names. What cannot be read as its part is left out, except who
    did it: that is left as it is, so that the reject can name it."""
    event = {NAMES.get(name.lower(), name): value for name, value in document.items()}
    for name in PARTS:
        part = _part(event.get(name))
        if isinstance(part, dict):
            event[name] = _identity(part) if name == IDENTITY else part
        elif name != IDENTITY or part is None:
            event.pop(name, None)
    resources = _part(event.get("resources"))
    event["resources"] = resources if isinstance(resources, list) else None
    for name in TEXTS:
        value = event.get(name)
        if isinstance(value, list):
            event[name] = value[0] if value else None
        event[name] = _number_as_text(event.get(name))
        if event.get(name) is None and name in NEVER_NULL:
            event.pop(name, None)
    if not event.get("eventTime"):
        event["eventTime"] = next((event[name] for name in OTHER_TIMES if event.get(name)), "")
    return event


def _part(value: Any) -> Any:
    """A part that an export wrote as text, read; other text as it is, an empty one as None."""
    if not isinstance(value, str):
        return value
    if not value.strip() or value.strip() == "null":
        return None
    try:
        return decoded(value)
    except (json.JSONDecodeError, RecursionError):
        return value


def _identity(part: dict[str, Any]) -> dict[str, Any]:
    """``userIdentity`` under its own names, at every depth."""
    whole: dict[str, Any] = {}
    for name, value in part.items():
        inner = _part(value) if name.lower().endswith(NESTED) else value
        inside = _identity(inner) if isinstance(inner, dict) else _number_as_text(inner)
        whole[NAMES.get(name.lower(), name)] = inside
    return whole


def _number_as_text(value: Any) -> Any:
    """Ids and account numbers that an export made numbers of are text again."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
