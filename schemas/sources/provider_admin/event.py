"""Event: one administrative event of a model provider, in words that both vendors share."""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.addresses import system_number
from schemas.wire import as_fields, as_number, pick, text_at

SHOWN_MAX = 200


class Actor(NamedTuple):
    """Who acted. ``identity``, ``credential``: keys, "" where not told."""

    identity: str = ""
    name: str = ""
    credential: str = ""
    place: str = ""
    client: str = ""
    asn: int = 0


class Event(NamedTuple):
    """``home``: the prefix of the organisation's keys (``openai:prod:``). ``time``: as it is written.
    ``details``: what the event says of its object, all in one."""

    vendor: str
    home: str
    uid: str
    type: str
    time: str
    actor: Actor
    details: dict[str, Any]

    def key(self, kind: str, name: str) -> str:
        """Returns the key of an identity of the organisation; "" without a name."""
        return f"{self.home}{kind}/{name}" if name else ""

    def credential(self, name: str) -> str:
        """Returns the key of an API key by its id, which is one of a kind with its vendor."""
        return f"{self.vendor}:key/{name}" if name else ""

    def text(self, *names: str) -> str:
        """Returns the first of these details that is told."""
        return next((text for name in names if (text := text_at(self.details, name))), "")


def openai_event(row: dict[str, Any], instance: str) -> Event:
    """Returns the event of an entry of OpenAI's audit log
    (https://platform.openai.com/docs/api-reference/audit-logs). What the event is about stands under its
    type, with dots or, in exports, with underscores. The record does not name its organisation: ``instance``
    does."""
    kind = text_at(row, "type")
    details = as_fields(row.get(kind)) or as_fields(row.get(kind.replace(".", "_")))
    home = f"openai:{instance}:"
    return Event(
        "openai",
        home,
        text_at(row, "id"),
        kind,
        text_at(row, "effective_at"),
        _openai_actor(as_fields(row.get("actor")), home),
        details | {"project": text_at(row, "project", "id")},
    )


def _openai_actor(actor: dict[str, Any], home: str) -> Actor:
    """A person's session, or an API key: a person's or a service account's."""
    key, session = as_fields(actor.get("api_key")), as_fields(actor.get("session"))
    user = as_fields(session.get("user")) or as_fields(key.get("user"))
    account = text_at(key, "service_account", "id")
    identity = f"{home}service_account/{account}" if account else ""
    if not identity and text_at(user, "id"):
        identity = f"{home}user/{text_at(user, 'id')}"
    credential = text_at(key, "id")
    return Actor(
        identity,
        text_at(user, "email") or account,
        f"openai:key/{credential}" if credential else "",
        text_at(session, "ip_address"),
        text_at(session, "user_agent")[:SHOWN_MAX],
        system_number(as_number(pick(session, "ip_address_details", "asn"))),
    )


def anthropic_event(row: dict[str, Any], instance: str) -> Event:
    """Returns the event of an entry of Anthropic's activity feed."""
    home = f"anthropic:{text_at(row, 'organization_id') or instance}:"
    actor = as_fields(row.get("actor"))
    user = text_at(actor, "user_id")
    credential = text_at(actor, "api_key_id") or text_at(actor, "admin_api_key_id")
    account = text_at(actor, "service_account_id")
    identity = f"{home}user/{user}" if user else f"{home}service_account/{account}" if account else ""
    return Event(
        "anthropic",
        home,
        text_at(row, "id"),
        text_at(row, "type"),
        text_at(row, "created_at"),
        Actor(
            identity,
            text_at(actor, "email_address"),
            f"anthropic:key/{credential}" if credential else "",
            text_at(actor, "ip_address"),
            text_at(actor, "user_agent")[:SHOWN_MAX],
        ),
        row,
    )
