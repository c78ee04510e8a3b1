"""AWS Health and Trusted Advisor through EventBridge: AWS found an access key where others can read it.

The quarantine policy that AWS attaches then is a CloudTrail event, and read there.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field

from schemas.activity import Activity, Exposed
from schemas.providers.aws.keys import key_of, user_of
from schemas.rejected import Rejected
from schemas.sources import Context
from schemas.sources.shown_secrets import AWS_KEY
from schemas.times import micros_of
from schemas.wire import Items, Part, Text, Wire, as_fields, pick, text_at

NAME = "leaks"

RISKS = (
    "AWS_RISK_CREDENTIALS_EXPOSED", "AWS_RISK_CREDENTIALS_COMPROMISED",
    "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED", "AWS_RISK_IAM_QUARANTINE",
)  # fmt: skip
ADVISOR_CHECK = "Exposed Access Keys"
SHOWN_MAX = 512
USER = re.compile(r"[\w+=,.@-]{1,64}")
"""A name as IAM allows it: no arn, no path."""


class Health(Wire):
    """The ``detail`` of an AWS Health or Trusted Advisor event."""

    event_arn: Text = ""
    event_type_code: Text = ""
    start_time: Text = ""
    affected_entities: Items = Field(default_factory=list)
    affected_account: Text = ""


class Bridge(Wire):
    """EventBridge's envelope."""

    id: Text = ""
    source: Text = ""
    account: Text = ""
    time: Text = ""
    detail: Part = Field(default_factory=dict)


def is_health(document: dict[str, Any]) -> bool:
    """Says whether a document is an event of AWS Health or Trusted Advisor."""
    return document.get("source") in ("aws.health", "aws.trustedadvisor") and "detail" in document


def read(document: dict[str, Any], place: str, context: Context) -> Activity | Rejected | None:
    """Returns the activity; None for an event about something else than credentials."""
    bridge = Bridge.model_validate(document)
    if bridge.source == "aws.trustedadvisor":
        return _advised(bridge, place, context)
    health = Health.model_validate(bridge.detail)
    if not health.event_type_code.startswith(RISKS):
        return None
    time = micros_of(health.start_time) or micros_of(bridge.time)
    if not time:
        return Rejected(NAME, "is missing or not a time", "detail.startTime", place)
    how = f"AWS Health {health.event_type_code}"
    effects = _exposed([text_at(one, "entityValue") for one in health.affected_entities], how)
    if not effects:
        account = health.affected_account or bridge.account
        effects = _exposed_users(health.affected_entities, account, how)
    return _made(bridge, time, health.event_type_code, health.event_arn, effects, context)


def _exposed(entities: list[str], how: str) -> tuple[Exposed, ...]:
    keys = dict.fromkeys(AWS_KEY.findall(" ".join(entities)))
    return tuple(Exposed(how, key_of(key)) for key in keys)


def _exposed_users(entities: list[object], account: str, how: str) -> tuple[Exposed, ...]:
    """Entities that are bare names: users, of whom some key is meant."""
    names = [text_at(one, "entityValue") for one in entities]
    return tuple(
        Exposed(how, identity=user_of(account, name)) for name in names if account and USER.fullmatch(name)
    )


def _advised(bridge: Bridge, place: str, context: Context) -> Activity | Rejected | None:
    if text_at(bridge.detail, "check-name") != ADVISOR_CHECK:
        return None
    item = as_fields(pick(bridge.detail, "check-item-detail"))
    time = micros_of(text_at(item, "Time Updated")) or micros_of(bridge.time)
    if not time:
        return Rejected(NAME, "is missing or not a time", "time", place)
    found = AWS_KEY.search(text_at(item, "Access Key ID"))
    user = user_of(bridge.account, text_at(item, "User Name (IAM or Root)"))
    effects = (Exposed(f"Trusted Advisor {ADVISOR_CHECK}", key_of(found[0]), user),) if found else ()
    return _made(bridge, time, ADVISOR_CHECK, text_at(item, "Location"), effects, context)


def _made(
    bridge: Bridge, time: int, operation: str, resource: str, effects: tuple[Exposed, ...], context: Context
) -> Activity:
    return Activity(
        uid=bridge.id[:SHOWN_MAX] or f"{operation}@{time}"[:SHOWN_MAX],
        time=time,
        source=NAME,
        instance=context.instance,
        operation=operation[:SHOWN_MAX],
        service=bridge.source.removeprefix("aws."),
        outcome="succeeded",
        target=next((e.credential or e.identity for e in effects), ""),
        resource=resource.partition("?")[0][:SHOWN_MAX],
        error="" if effects else "names no access key",
        effects=effects,
        arrived=context.arrived,
        processed=context.processed,
    )
