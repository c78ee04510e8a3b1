"""Wire model of Okta's System Log: only the fields that an activity needs.

Layout: Okta, "System Log API", LogEvent. ``detailEntry`` and ``changeDetails`` of a target are never read
(the event of a new client secret shows it there), nor is what ``debugData`` says of a client's secret.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from schemas.wire import Number, Text, Wire, as_list


class Actor(Wire):
    """The ``actor`` of an event: a person, an application or Okta itself."""

    id: Text = ""
    type: Text = ""
    alternate_id: Text = ""
    display_name: Text = ""


class UserAgent(Wire):
    """The ``userAgent`` of a client, as it was sent."""

    raw_user_agent: Text = ""


class Client(Wire):
    """The ``client`` of an event: from where, and with what program."""

    user_agent: UserAgent = UserAgent()
    ip_address: Text = ""


class SecurityContext(Wire):
    """The ``securityContext``: whose network the client's address is in."""

    as_number: Number = None


class Outcome(Wire):
    """The ``outcome`` of an event."""

    result: Text = ""
    reason: Text = ""


class Target(Wire):
    """One of an event's ``target`` list."""

    id: Text = ""
    type: Text = ""
    alternate_id: Text = ""
    display_name: Text = ""


class Detail(Wire):
    """The ``transaction.detail``, which names the API token of a request."""

    request_api_token_id: Text = ""


class Transaction(Wire):
    """The ``transaction`` of an event."""

    detail: Detail = Detail()


class DebugData(Wire):
    """The ``debugData``, of which Okta promises no form: only these fields are read."""

    request_uri: Text = ""
    grant_type: Text = ""
    privilege_granted: Text = ""
    privilege_revoked: Text = ""


class DebugContext(Wire):
    """The ``debugContext`` of an event."""

    debug_data: DebugData = DebugData()


def _targets(value: object) -> list[Target]:
    return [Target.model_validate(one) for one in as_list(value)[:TARGETS_MAX]]


TARGETS_MAX = 64
"""Targets of one event; events have two or three."""


class Event(Wire):
    """One LogEvent."""

    uuid: Text = ""
    published: Text = ""
    event_type: Text = ""
    actor: Actor = Actor()
    client: Client = Client()
    security_context: SecurityContext = SecurityContext()
    outcome: Outcome = Outcome()
    target: Annotated[list[Target], BeforeValidator(_targets)] = Field(default_factory=list)
    transaction: Transaction = Transaction()
    debug_context: DebugContext = DebugContext()
