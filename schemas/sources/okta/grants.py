"""Grants in Okta: administrator roles of accounts and service apps, memberships of groups, access to apps.

Okta, "Event Types" (``user.account.privilege.*``, ``app.oauth2.client.privilege.*``,
``group.user_membership.*``, ``application.user_membership.*``); which roles stands in ``debugData``,
``privilegeGranted`` or ``privilegeRevoked``, with commas between them. Which role allowed a call is in no
event.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from schemas.activity import Effect, Granted, Outcome, Withdrawn
from schemas.sources.okta.wire import Event, Target

PRIVILEGES = {
    "user.account.privilege.grant": True,
    "user.account.privilege.revoke": False,
    "app.oauth2.client.privilege.grant": True,
    "app.oauth2.client.privilege.revoke": False,
}
"""Changes of roles, and whether they give."""
MEMBERSHIPS = {
    "group.user_membership.add": ("usergroup", True),
    "group.user_membership.remove": ("usergroup", False),
    "application.user_membership.add": ("appinstance", True),
    "application.user_membership.remove": ("appinstance", False),
}
"""Changes of memberships: what somebody becomes a member of, and whether they give."""
SORTS = {"usergroup": "group", "appinstance": "app-access"}
HOLDERS = {"user": "user", "publicclientapp": "app", "appinstance": "app", "aiagent": "workload"}
"""Who may hold a role, by the type of the target."""

ROLES_MAX = 32
"""Roles of one change that are told; Okta has about ten of its own."""


class Given(NamedTuple):
    """Who holds what, by their keys: the ``grant``, and the ``role`` that it gives."""

    holder: str
    grant: str
    role: str


def grants_of(org: str, event: Event, actor: str) -> Iterator[Effect]:
    """Yields what an event that succeeded gave and took."""
    kind = event.event_type
    gives = PRIVILEGES.get(kind, MEMBERSHIPS.get(kind, ("", False))[1])
    for one in _given(org, event):
        how = f"{kind} {one.role.rpartition('/')[2]}"
        if gives and _counts(event, one, actor):
            yield Granted(one.grant, one.role, how, (one.holder,))
        elif not gives and not _is_membership_of_person(event, one):
            yield Withdrawn(one.grant, how, identities=(one.holder,))


def refused_self(org: str, event: Event, outcome: Outcome, actor: str) -> str:
    """Says, as a grant, that who acts was refused to give itself something; "" for anything else."""
    kind = event.event_type
    gives = PRIVILEGES.get(kind, MEMBERSHIPS.get(kind, ("", False))[1])
    refused = gives and outcome in ("failed", "forbidden")
    return f"{org}grants-itself" if refused and any(g.holder == actor for g in _given(org, event)) else ""


def _counts(event: Event, given: Given, actor: str) -> bool:
    """Whether it is the business of a machine. A person may give himself a role in the console; groups and
    apps of people change all day."""
    if given.holder == actor:
        return bool(event.transaction.detail.request_api_token_id) or ":user/" not in actor
    return not _is_membership_of_person(event, given)


def _is_membership_of_person(event: Event, given: Given) -> bool:
    mine = bool(event.transaction.detail.request_api_token_id) and given.holder.endswith(f"/{event.actor.id}")
    return event.event_type in MEMBERSHIPS and ":user/" in given.holder and not mine


def _given(org: str, event: Event) -> Iterator[Given]:
    if event.event_type in PRIVILEGES:
        yield from _roles(org, event)
    elif event.event_type in MEMBERSHIPS:
        wanted, _ = MEMBERSHIPS[event.event_type]
        place = next((t for t in event.target if t.type.lower() == wanted and t.id), None)
        holder = next((t for t in event.target if t.type.lower() == "user" and t.id), None)
        if place is not None and holder is not None:
            role = f"{org}{SORTS[wanted]}/{place.id}"
            grant = f"{org}grant/{SORTS[wanted]}/{place.id}/{holder.id}"
            yield Given(f"{org}user/{holder.id}", grant, role)


def _roles(org: str, event: Event) -> Iterator[Given]:
    said = event.debug_context.debug_data
    roles = (said.privilege_granted or said.privilege_revoked).split(",")[:ROLES_MAX]
    for target in event.target:
        holder = _holder(org, target)
        for role in filter(None, (role.strip() for role in roles if holder)):
            yield Given(holder, f"{org}grant/role/{role}/{target.id}", f"{org}role/{role}")


def _holder(org: str, target: Target) -> str:
    kind = HOLDERS.get(target.type.lower(), "")
    return f"{org}{kind}/{target.id}" if kind and target.id else ""
