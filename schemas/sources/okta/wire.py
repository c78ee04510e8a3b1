"""Wire model of Okta's System Log: only the fields that an activity needs.

Layout: Okta, "System Log API", LogEvent. ``detailEntry`` and ``changeDetails`` of a target are never read
(the event of a new client secret shows it there), nor is what ``debugData`` says of a client's secret.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from schemas.wire import Text, Wire, as_list


class Actor(Wire):
    id: Text = ""
    type: Text = ""
    alternate_id: Text = ""
    display_name: Text = ""


class UserAgent(Wire):
    raw_user_agent: Text = ""


class Client(Wire):
    user_agent: UserAgent = UserAgent()
    ip_address: Text = ""


class Outcome(Wire):
    result: Text = ""
    reason: Text = ""


class Target(Wire):
    id: Text = ""
    type: Text = ""
    alternate_id: Text = ""
    display_name: Text = ""


class Detail(Wire):
    request_api_token_id: Text = ""


class Transaction(Wire):
    detail: Detail = Detail()


class DebugData(Wire):
    request_uri: Text = ""
    grant_type: Text = ""


class DebugContext(Wire):
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
    outcome: Outcome = Outcome()
    target: Annotated[list[Target], BeforeValidator(_targets)] = Field(default_factory=list)
    transaction: Transaction = Transaction()
    debug_context: DebugContext = DebugContext()
