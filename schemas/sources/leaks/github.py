"""GitHub secret scanning: webhooks, alerts as the REST API lists them, and partners' notices."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from schemas.activity import Activity, Effect, Ended, Exposed
from schemas.rejected import Rejected
from schemas.sources import Context
from schemas.sources.cloudtrail.times import micros_of
from schemas.sources.leaks.secrets import Found, found_in, kind_of
from schemas.wire import Flag, Part, Text, Wire, as_fields, text_at

NAME = "leaks"

FALSE_ALARM = frozenset({"false_positive", "used_in_tests"})
"""Resolutions that take the exposure back."""

SHOWN_MAX = 512


class Alert(Wire):
    """A webhook's alert holds no ``secret``; the REST API's does, in clear."""

    number: Text = ""
    created_at: Text = ""
    updated_at: Text = ""
    resolved_at: Text = ""
    html_url: Text = ""
    url: Text = ""
    state: Text = ""
    resolution: Text = ""
    secret_type: Text = ""
    secret: object = None
    publicly_leaked: Flag = None
    validity: Text = ""
    resolved_by: Part = Field(default_factory=dict)
    repository: Part = Field(default_factory=dict)


def is_webhook(document: dict[str, Any]) -> bool:
    alert = document.get("alert")
    return (
        isinstance(alert, dict)
        and "action" in document
        and ("secret_type" in alert or "locations_url" in alert)
    )


def is_alert(document: dict[str, Any]) -> bool:
    return "secret_type" in document and "created_at" in document and "number" in document


def is_notice(document: dict[str, Any]) -> bool:
    """``{"token", "type", "url", "source"}``, as GitHub sends it to the issuer of a token."""
    return {"token", "type", "url"} <= document.keys()


def read(document: dict[str, Any], place: str, context: Context) -> Activity | Rejected:
    if is_notice(document):
        return _notice(document, place, context)
    alert = Alert.model_validate(as_fields(document.get("alert")) or document)
    action = text_at(document, "action")
    repository = text_at(as_fields(document.get("repository")) or alert.repository, "full_name")
    time = _time(alert, action)
    if not time:
        return Rejected(NAME, "is missing or not a time", "alert.created_at", place)
    if not alert.number:
        return Rejected(NAME, "is missing", "alert.number", place)
    secret = alert.secret if isinstance(alert.secret, str) else ""
    found = found_in(secret, alert.secret_type, context)
    told = f"{repository or 'alert'}#{alert.number}"
    return Activity(
        uid=f"github:{told}:{action or alert.state or 'listed'}"[:SHOWN_MAX],
        time=time,
        source=NAME,
        instance=context.instance,
        actor_name=text_at(as_fields(document.get("sender")) or alert.resolved_by, "login")[:SHOWN_MAX],
        operation=f"secret_scanning_alert {action or alert.state}".strip()[:SHOWN_MAX],
        service="github",
        outcome="succeeded",
        target=found.credential,
        resource=(alert.html_url or alert.url or told)[:SHOWN_MAX],
        error="" if found.credential else f"names no credential, only its kind: {kind_of(alert.secret_type)}",
        effects=_effects(alert, action, found, told),
        arrived=context.arrived,
        processed=context.processed,
    )


def _time(alert: Alert, action: str) -> int:
    """A resolution's own time; the alert's for the exposure, which may be older still."""
    if action == "created" or (not action and alert.state != "resolved"):
        return micros_of(alert.created_at)
    return micros_of(alert.resolved_at) or micros_of(alert.updated_at) or micros_of(alert.created_at)


def _effects(alert: Alert, action: str, found: Found, told: str) -> tuple[Effect, ...]:
    """Exposed since the alert was made, whatever became of it; that somebody says it is revoked is a
    claim."""
    if not found.credential:
        return ()
    since = micros_of(alert.created_at)
    public = "publicly leaked: " if alert.publicly_leaked or action == "publicly_leaked" else ""
    effects: list[Effect] = [Exposed(f"{public}GitHub {told}", found.credential, found.identity, at=since)]
    if alert.resolution in FALSE_ALARM:
        how = f"GitHub {told}: {alert.resolution}"
        effects.append(Exposed(how, found.credential, found.identity, True, micros_of(alert.resolved_at)))
    elif alert.resolution == "revoked":
        how, at = f"GitHub {told}: resolved as revoked", micros_of(alert.resolved_at)
        effects.append(Ended(how, "declared", found.credential, found.identity, claims_cut=False, at=at))
    return tuple(effects)


def _notice(document: dict[str, Any], place: str, context: Context) -> Activity | Rejected:
    """A notice has no time: it is as old as its arrival."""
    if not context.arrived:
        return Rejected(NAME, "is not told by a partner's notice, and neither is its arrival", "time", place)
    found = found_in(text_at(document, "token"), text_at(document, "type"), context)
    where = text_at(document, "url").partition("?")[0]
    return Activity(
        uid=f"github:{found.credential}@{where}"[:SHOWN_MAX],
        time=context.arrived,
        source=NAME,
        instance=context.instance,
        operation="secret_scanning_notice",
        service="github",
        outcome="succeeded",
        target=found.credential,
        resource=where[:SHOWN_MAX],
        effects=(Exposed(f"GitHub {where}"[:SHOWN_MAX], found.credential, found.identity),)
        if found.credential
        else (),
        arrived=context.arrived,
        processed=context.processed,
    )
