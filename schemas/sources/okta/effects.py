"""Who an event of Okta is about, how it ended, and what it changes.

Event types and what they mean: Okta, "Event Types"; what ends a token: Okta, "API token management". Targets
come in no order that is promised, so each is looked for by its type.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.activity import (
    Action,
    Effect,
    Ended,
    EndFailed,
    EndKind,
    Issued,
    Known,
    Outcome,
    Restored,
)
from schemas.credential_kind import CredentialKind
from schemas.sources.okta.grants import grants_of
from schemas.sources.okta.wire import Actor, Event, Target

KINDS = {
    "user": "user",
    "publicclientapp": "app",
    "appinstance": "app",
    "workloadidentityprincipal": "workload",
    "aiagent": "workload",
    "systemprincipal": "system",
}
"""Types of actors and targets, and what a key calls them. An app is an actor by its client id, which for a
service app is the id of the app instance."""

UNKNOWN = "unknown"
"""What Okta writes where there is no other id."""
ACCOUNTS = ("user", "app", "workload")
SECRET_PREFIX = "ocs"
"""How the ids of client secrets begin (AWS, "Okta OAuth client secret"); what else a client has is a public
key."""

WRITES = (
    "user.lifecycle.", "user.account.", "group.", "application.", "app.oauth2.client.",
    "app.oauth2.credentials.", "system.api_token.", "iam.", "policy.lifecycle.", "policy.rule.",
    "system.idp.", "zone.", "workload_principal.",
)  # fmt: skip
"""How types begin that change who may do what."""

GRANTS = ("app.oauth2.token.grant", "app.oauth2.as.token.grant")
"""Grants of tokens: by the org's own authorization server, and by one of the org's making."""
UNPROVEN = frozenset({"invalid_client", "invalid_client_credentials", "invalid_credentials"})
"""Reasons of a refused grant that say that the client is not who it claims (RFC 6749, section 5.2)."""

RESULTS: dict[str, Outcome] = {
    "SUCCESS": "succeeded",
    "ALLOW": "succeeded",
    "FAILURE": "failed",
    "DENY": "forbidden",
    "RATE_LIMIT": "failed",
}

ENDS: dict[str, EndKind] = {
    # Its tokens go with it and do not come back; who is activated again is another holder of the name.
    "user.lifecycle.deactivate": "deleted",
    "user.lifecycle.delete.initiated": "deleted",
    "user.lifecycle.delete.completed": "deleted",
    "user.lifecycle.suspend": "disabled",
    "application.lifecycle.deactivate": "disabled",
    "application.lifecycle.delete": "deleted",
    "app.oauth2.client.lifecycle.deactivate": "disabled",
    "app.oauth2.client.lifecycle.delete": "deleted",
}
BACK: dict[str, EndKind] = {
    "user.lifecycle.activate": "remade",
    "user.lifecycle.reactivate": "remade",
    "user.lifecycle.unsuspend": "disabled",
    "application.lifecycle.activate": "disabled",
    "app.oauth2.client.lifecycle.activate": "disabled",
}
"""What ends an account, and what takes that back."""

SECRETS = "app.oauth2.credentials.lifecycle."
TOKEN_MADE, TOKEN_REVOKED = "system.api_token.create", "system.api_token.revoke"


def name_of(actor: Actor) -> str:
    """Returns how people call who acts."""
    return actor.display_name if actor.alternate_id in ("", UNKNOWN) else actor.alternate_id


def key_of_actor(org: str, actor: Actor) -> str:
    """Returns the key of who acts."""
    return f"{org}{KINDS.get(actor.type.lower(), 'principal')}/{actor.id}"


def outcome_of(event: Event) -> Outcome:
    """Returns how it ended. Who acts was let in, but for a client whose grant says that it is not itself."""
    outcome = RESULTS.get(event.outcome.result.upper(), "unknown")
    if outcome == "failed" and event.event_type.startswith(GRANTS):
        return "unauthenticated" if event.outcome.reason.lower() in UNPROVEN else "forbidden"
    return outcome


def action_of(event: Event) -> Action:
    """Returns the action that an event is: a write of identities, or "" for anything else."""
    return "identity_write" if event.event_type.startswith(WRITES) else ""


def target_of(org: str, event: Event) -> str:
    """Returns the key of the first thing that an event is about, of those that have one."""
    return next((key for target in event.target if (key := _key(org, event, target))), "")


def effects_of(org: str, event: Event, outcome: Outcome) -> Iterator[Effect]:
    """Yields what an event changes. A token that was used is known as its holder's."""
    kind = event.event_type
    actor = key_of_actor(org, event.actor)
    if kind == TOKEN_REVOKED:
        yield from _revoked(org, event, outcome)
    if outcome != "succeeded":
        return
    if token := event.transaction.detail.request_api_token_id:
        yield Known(f"{org}api-token/{token}", actor, "api_key")
    if kind == TOKEN_MADE:
        for made in _tokens(event):
            yield Issued(f"{org}api-token/{made.id}", actor, "api_key", called=_called(made))
    elif kind.startswith(SECRETS):
        yield from _secrets(org, event)
    elif kind.startswith(GRANTS):
        yield from _granted(org, event, actor)
    elif kind in ENDS or kind in BACK:
        yield from _switched(org, event)
    else:
        yield from grants_of(org, event, actor)


def _key(org: str, event: Event, target: Target) -> str:
    if not target.id:
        return ""
    if target in _tokens(event):
        return f"{org}api-token/{target.id}"
    if target in _credentials(event):
        return f"{org}secret/{target.id}"
    kind = KINDS.get(target.type.lower(), "")
    return f"{org}{kind}/{target.id}" if kind else ""


def _called(target: Target) -> str:
    """What people call a token or a secret; "" where its id is all that is told."""
    return "" if target.display_name in (target.id, UNKNOWN) else target.display_name


def _tokens(event: Event) -> list[Target]:
    if event.event_type not in (TOKEN_MADE, TOKEN_REVOKED):
        return []
    return [target for target in event.target if target.id and target.type.lower() == "token"]


def _credentials(event: Event) -> list[Target]:
    """Of an event about a client's credentials, what is no account: the secret or the key."""
    if not event.event_type.startswith(SECRETS):
        return []
    return [target for target in event.target if target.id and target.type.lower() not in KINDS]


def _revoked(org: str, event: Event, outcome: Outcome) -> Iterator[Effect]:
    """A token is revoked by hand, or by Okta itself where it was not used for 30 days."""
    how = event.event_type
    for token in _tokens(event):
        key = f"{org}api-token/{token.id}"
        yield Ended(how, "revoked", key) if outcome == "succeeded" else EndFailed(how, key)


def _secrets(org: str, event: Event) -> Iterator[Effect]:
    how, done = event.event_type, event.event_type.removeprefix(SECRETS)
    apps = {_key(org, event, t) for t in event.target if t.id and KINDS.get(t.type.lower()) == "app"}
    owner = apps.pop() if len(apps) == 1 else ""
    for target in _credentials(event):
        key = f"{org}secret/{target.id}"
        kind: CredentialKind = "client_secret" if target.id.startswith(SECRET_PREFIX) else "client_credential"
        if done == "create":
            yield Issued(key, owner, kind, called=_called(target))
        elif owner:
            yield Known(key, owner, kind, called=_called(target))
        if done == "deactivate":
            yield Ended(how, "disabled", key)
        elif done == "delete":
            yield Ended(how, "deleted", key)
        elif done == "activate":
            yield Restored(how, "disabled", key)


def _granted(org: str, event: Event, actor: str) -> Iterator[Effect]:
    """An access token that a client got for itself: nobody signed in."""
    if event.debug_context.debug_data.grant_type != "client_credentials":
        return
    for target in event.target:
        if target.id and target.type.lower() == "access_token":
            yield Issued(f"{org}token/{target.id}", actor, "access_token")


def _switched(org: str, event: Event) -> Iterator[Effect]:
    how = event.event_type
    for target in event.target:
        if not target.id or KINDS.get(target.type.lower()) not in ACCOUNTS:
            continue
        key = _key(org, event, target)
        if kind := ENDS.get(how):
            yield Ended(how, kind, identity=key)
        else:
            yield Restored(how, BACK[how], identity=key)
