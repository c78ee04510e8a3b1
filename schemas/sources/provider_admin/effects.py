"""What an administrative event changes: keys made and revoked, accounts deleted, roles and integrations
granted.

The same table serves both vendors: types are compared without what separates their words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from schemas.activity import Action, Effect, Ended, Granted, Issued, Known, Outcome, Parent, Withdrawn
from schemas.credential_kind import CredentialKind
from schemas.sources.provider_admin.event import Event

MADE = frozenset({"created", "added", "granted", "connected", "registered"})
ENDED = frozenset({"deleted", "revoked", "removed", "disconnected", "expired", "unassigned"})
REFUSED_LOGIN = re.compile(r"(?:sso_)?login_failed")
REFUSED = re.compile(r".*access_failed")

ADMINISTRATIVE = re.compile(
    r".*(?:api_key|service_key|service_account|role|user_|invite|owner|scim|sso|ip_allowlist|ip_restriction|"
    r"certificate|mcp_server|connector|integration|organization_settings|organization_updated|group).*"
)
"""Types that change who may do what."""
LOGIN = re.compile(r".*log(?:in|out)_.*")

KEYS = frozenset({"api_key", "admin_api_key", "service_key", "platform_api_key", "workspace_api_key"})
ACCOUNTS = {"service_account": "service_account", "user": "user", "org_user": "user"}
ROLES = frozenset({"role_assignment"})
INTEGRATIONS = frozenset({"integration_user", "integration_org", "integration"})
SERVERS = frozenset({"mcp_server", "connector"})

_ROLE_OF = re.compile(r"role_assignment_(role-.+?)__.+")
"""OpenAI writes the role into the id of its assignment."""


def plain(event: Event) -> str:
    """Returns the type of an event with underscores, whichever way its vendor writes it."""
    return event.type.replace(".", "_")


def parts(event: Event) -> tuple[str, str]:
    """Returns what the event is about and what was done with it: ``api_key``, ``created``."""
    about, _, done = plain(event).rpartition("_")
    return about, done


def outcome_of(event: Event) -> Outcome:
    """Returns what is logged was done, but for what says that it failed."""
    name = plain(event)
    if REFUSED_LOGIN.fullmatch(name):
        return "unauthenticated"
    if REFUSED.fullmatch(name):
        return "forbidden"
    return "failed" if name.endswith("_failed") else "succeeded"


def action_of(event: Event) -> Action:
    """Returns the action that an event is: a write of identities, or "" for anything else."""
    name = plain(event)
    return "identity_write" if ADMINISTRATIVE.fullmatch(name) and not LOGIN.fullmatch(name) else ""


def target_of(event: Event) -> str:
    """Returns the key of what the event is about; "" where the record does not say."""
    about, _ = parts(event)
    if about in KEYS:
        return event.credential(key_id(event))
    if about in ACCOUNTS:
        return account_of(event)
    if about in ROLES:
        return principal_of(event)
    if about in SERVERS:
        return event.key("mcp_server", event.text("mcp_server_id", "connector_id", "id"))
    return ""


def key_id(event: Event) -> str:
    """Returns the id of the API key that an event is about; "" where it is about none."""
    about, _ = parts(event)
    own = "id" if event.vendor == "openai" else ""
    return event.text(f"{about}_id", "api_key_id", "key_id", *([own] if own else []))


def account_of(event: Event) -> str:
    """Returns the key of the account that an event is about."""
    about, _ = parts(event)
    kind = ACCOUNTS[about]
    if event.vendor == "openai":
        return event.key(kind, event.text("id"))
    return event.key(kind, event.text("deleted_user_id", "target_user_id", f"{about}_id", "user_id"))


def principal_of(event: Event) -> str:
    """Returns the key of the principal that is given a role or membership."""
    kind = event.text("principal_type", "target_type") or "user"
    kind = {"organization_member": "user", "member": "user"}.get(kind, kind)
    return event.key(kind, event.text("principal_id", "target_id"))


def effects_of(event: Event) -> tuple[Effect, ...]:
    """Returns the effects of an event; none where it did not succeed."""
    about, _ = parts(event)
    teach = _key if about in KEYS else _EFFECTS.get(about)
    return tuple(teach(event)) if teach and outcome_of(event) == "succeeded" else ()


def _key(event: Event) -> Iterator[Effect]:
    """A key belongs to who made it: neither vendor says more."""
    _, done = parts(event)
    credential, actor = event.credential(key_id(event)), event.actor
    if not credential:
        return
    if done in MADE:
        parents = {actor.credential: Parent("made_by", actor.identity)} if actor.credential else {}
        yield Issued(credential, actor.identity, _kind(event), parents=parents, called=_name(event))
    elif done in ENDED:
        yield Ended(event.type, "revoked" if done == "revoked" else "deleted", credential)
    elif actor.identity and done == "rotated":
        yield Known(credential, actor.identity, _kind(event), called=_name(event))


def _kind(event: Event) -> CredentialKind:
    """An administrator's key is used in this very log, others are not."""
    return "admin_key" if parts(event)[0] == "admin_api_key" else "api_key"


def _name(event: Event) -> str:
    """What the key is called, where the record tells it (Anthropic's does, OpenAI's tells the id alone)."""
    about, _ = parts(event)
    return event.text(f"{about}_name", "api_key_name", "key_name", "name")


def _account(event: Event) -> Iterator[Effect]:
    _, done = parts(event)
    identity = account_of(event)
    if identity and done in ENDED:
        yield Ended(event.type, "deleted", identity=identity)


def _role(event: Event) -> Iterator[Effect]:
    _, done = parts(event)
    uid = event.text("id") if event.vendor == "openai" else ""
    found = _ROLE_OF.fullmatch(uid)
    role = event.text("role") or (found[1] if found else "")
    named = uid or "/".join(
        event.text(name) for name in ("resource_type", "resource_id", "role", "target_id")
    )
    principal = principal_of(event)
    if not principal or not named.strip("/"):
        return
    grant = event.key("grant", named)
    if done in MADE:
        yield Granted(grant, event.key("role", role), event.type, (principal,))
    elif done in ENDED:
        yield Withdrawn(grant, event.type)


def _integration(event: Event) -> Iterator[Effect]:
    """What a person connected may be used in that person's name."""
    _, done = parts(event)
    kind, actor = event.text("integration_type", "integration_id"), event.actor
    if not kind or not actor.identity:
        return
    grant = event.key("grant", f"integration/{kind}/{actor.identity}")
    if done in MADE:
        yield Granted(grant, event.key("role", f"integration/{kind}"), event.type, (actor.identity,))
    elif done in ENDED:
        yield Withdrawn(grant, event.type)


_EFFECTS: dict[str, Callable[[Event], Iterator[Effect]]] = {
    **dict.fromkeys(ACCOUNTS, _account),
    **dict.fromkeys(ROLES, _role),
    **dict.fromkeys(INTEGRATIONS, _integration),
}
