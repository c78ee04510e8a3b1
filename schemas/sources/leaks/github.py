"""GitHub secret scanning: webhooks, alerts as the REST API lists them, and partners' notices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from schemas.activity import Activity, Effect, Ended, Exposed, Restored
from schemas.evidence import iso
from schemas.rejected import Rejected
from schemas.sources import Context
from schemas.sources.shown_secrets import Found, found_in, kind_of, leak_report_key
from schemas.times import micros_of
from schemas.wire import Flag, Part, Text, Wire, as_fields, text_at

NAME = "leaks"

FALSE_ALARM = frozenset({"false_positive", "used_in_tests"})
"""Resolutions that take the exposure back."""

REOPENED = "reopened"

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
    """Says whether a document is a webhook about a secret scanning alert."""
    alert = document.get("alert")
    return (
        isinstance(alert, dict)
        and "action" in document
        and ("secret_type" in alert or "locations_url" in alert)
    )


def is_alert(document: dict[str, Any]) -> bool:
    """Says whether a document is an alert as the REST API lists it."""
    return "secret_type" in document and "created_at" in document and "number" in document


def is_notice(document: dict[str, Any]) -> bool:
    """Says whether a document is ``{"token", "type", "url", "source"}``, as GitHub sends it to the issuer of
    a token."""
    return {"token", "type", "url"} <= document.keys()


def read(document: dict[str, Any], place: str, context: Context) -> Activity | Rejected:
    """Returns the activity of one alert or notice, or a reject with its place."""
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
    found = found_in(secret, context)
    name = f"{repository or 'alert'}#{alert.number}"
    again = f"@{iso(time)}" if _again(alert, action) else ""
    return Activity(
        uid=f"github:{name}:{action or alert.state or 'listed'}{again}"[:SHOWN_MAX],
        time=time,
        source=NAME,
        instance=context.instance,
        actor_name=text_at(as_fields(document.get("sender")) or alert.resolved_by, "login")[:SHOWN_MAX],
        operation=f"secret_scanning_alert {action or alert.state}".strip()[:SHOWN_MAX],
        service="github",
        outcome="succeeded",
        target=found.credential,
        resource=(alert.html_url or alert.url or name)[:SHOWN_MAX],
        error="" if found.credential else f"names no credential, only its kind: {kind_of(alert.secret_type)}",
        effects=_effects(alert, action, found, name),
        arrived=context.arrived,
        processed=context.processed,
    )


def _again(alert: Alert, action: str) -> bool:
    """Whether it says that the alert stands open at a later time than it was made at: it may have been closed
    in between. Of a webhook, which has no state, the action says so."""
    if action:
        return action == REOPENED
    return alert.state == "open" and micros_of(alert.updated_at) > micros_of(alert.created_at)


def _time(alert: Alert, action: str) -> int:
    """A resolution's own time; the alert's for the exposure, which may be older still."""
    if _again(alert, action):
        return micros_of(alert.updated_at) or micros_of(alert.created_at)
    if action == "created" or (not action and alert.state != "resolved"):
        return micros_of(alert.created_at)
    return micros_of(alert.resolved_at) or micros_of(alert.updated_at) or micros_of(alert.created_at)


def _effects(alert: Alert, action: str, found: Found, name: str) -> tuple[Effect, ...]:
    """Exposed since the alert was made, whatever became of it; that somebody says it is revoked is a claim.

    A webhook names no secret (nor does a list that hides them): then some credential is exposed that only the
    alert itself can name, and the alert, once it is read with its secret, takes that back.
    """
    report = leak_report_key(f"github/{name}")
    named = found if found.credential else Found(report)
    effects = list(_exposures(alert, action, named, name, report))
    if found.credential:
        how, times = f"GitHub {name}: names its secret", (alert.created_at, alert.updated_at)
        exposed_at = dict.fromkeys(at for time in times if (at := micros_of(time)))
        effects += [Exposed(how, report, "", True, at, report) for at in exposed_at]
    return tuple(effects)


def _exposures(alert: Alert, action: str, named: Found, name: str, report: str) -> Iterator[Effect]:
    credential, identity = named
    public = "publicly leaked: " if alert.publicly_leaked or action == "publicly_leaked" else ""
    how = f"{public}GitHub {name}"
    yield Exposed(how, credential, identity, at=micros_of(alert.created_at), report=report)
    if _again(alert, action):
        at = micros_of(alert.updated_at)
        yield Exposed(f"{how}, open again or still", credential, identity, at=at, report=report)
        if credential == report:
            yield Restored(f"GitHub {name}: open", "declared", credential, at=at)
    elif alert.resolution in FALSE_ALARM:
        how = f"GitHub {name}: {alert.resolution}"
        yield Exposed(how, credential, identity, True, micros_of(alert.resolved_at), report)
    elif alert.resolution == "revoked":
        how, at = f"GitHub {name}: resolved as revoked", micros_of(alert.resolved_at)
        yield Ended(how, "declared", credential, identity, claims_cut=False, at=at)


def _notice(document: dict[str, Any], place: str, context: Context) -> Activity | Rejected:
    """A notice has no time: it is as old as its arrival."""
    if not context.arrived:
        return Rejected(NAME, "is not told by a partner's notice, and neither is its arrival", "time", place)
    found = found_in(text_at(document, "token"), context)
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
