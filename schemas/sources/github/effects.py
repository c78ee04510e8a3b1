"""How an event of GitHub's audit log ended, and what it changes.

Actions and what they mean: GitHub, "Audit log events for your enterprise"; what revoking an authorization
does: "Revoking authorizations or deleting credentials".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schemas.activity import Action, Effect, Ended, EndKind, Issued, Known, Outcome, Restored
from schemas.sources.github.permissions import changed_by
from schemas.sources.github.who import (
    KINDS,
    SERVER_APP,
    app_key,
    authorization_key,
    credential_of,
    identity_of,
    public_key_of,
    repo_key,
    sort_of,
    token_of,
    user_key,
)
from schemas.sources.github.wire import Event

WRITES = (
    "oauth_access.", "oauth_authorization.", "oauth_application.", "personal_access_token.", "public_key.",
    "org_credential_authorization.", "integration_installation.", "integration.", "org.add_", "org.remove_",
    "org.update_member", "team.", "repo.add_member", "repo.update_member", "role.", "organization_role.",
    "business.add_", "ssh_certificate_authority.", "org.create_actions_secret", "repo.create_actions_secret",
)  # fmt: skip
"""How actions begin that change who may do what."""

REFUSED: dict[str, Outcome] = {"401": "unauthenticated", "403": "forbidden", "404": "failed"}

TOKEN_ENDS: dict[str, EndKind] = {
    "oauth_access.destroy": "deleted",
    "oauth_access.revoke": "revoked",
    "personal_access_token.destroy": "deleted",
    "personal_access_token.credential_revoked": "revoked",
    # Its one owner takes it: what is left to it is what everybody may read.
    "personal_access_token.access_revoked": "revoked",
}
TOKENS_MADE = ("oauth_access.create", "personal_access_token.create")
MADE_ANEW = ("oauth_access.regenerate", "personal_access_token.credential_regenerated")
"""The token keeps its id, and has another secret from then on; the old one is refused."""
GRANTED_AGAIN = "personal_access_token.access_granted"
KEY_ENDS: dict[str, EndKind] = {"public_key.delete": "deleted", "public_key.unverify": "disabled"}
SSO_ENDS = frozenset({
    "org_credential_authorization.revoke", "org_credential_authorization.deauthorize",
    "org_credential_authorization.deauthorized",
})  # fmt: skip
SSO_GIVEN = "org_credential_authorization.grant"
INSTALLED = frozenset({"integration_installation.create", "integration_installation.unsuspend"})
UNINSTALLED = frozenset({"integration_installation.destroy", "integration_installation.suspend"})
USERS: dict[str, EndKind] = {"user.suspend": "disabled", "user.destroy": "deleted", "user.delete": "deleted"}


def outcome_of(event: Event) -> Outcome:
    """Returns how it ended: what the log holds was done, but for requests that tell their status."""
    code = event.status_code
    if code in REFUSED:
        return REFUSED[code]
    return "failed" if code[:1] in ("4", "5") and len(code) == 3 else "succeeded"


def action_of(event: Event) -> Action:
    """Returns the action that an event is: a write of identities, or "" for anything else."""
    return "identity_write" if event.action.startswith(WRITES) else ""


def target_of(site: str, event: Event) -> str:
    """Returns the key of the credential or account that an event is about."""
    if event.action.startswith("public_key."):
        return public_key_of(site, event)
    if event.action.startswith("integration_installation."):
        return app_key(site, event.integration or event.name)
    return _about(site, event)[0]


def effects_of(site: str, event: Event) -> Iterator[Effect]:
    """Yields what an event changes. A token that was used is known as its holder's."""
    credential, names = credential_of(site, event)
    identity = identity_of(site, event)
    if credential and identity:
        kind, groups, called = (
            KINDS.get(sort_of(event), ""),
            _groups(site, event),
            event.user_programmatic_access_name,
        )
        yield Known(credential, identity, kind, names, groups=groups, called=called)
    category = event.action.partition(".")[0]
    change = CHANGES.get(category)
    if change:
        yield from change(site, event)


def _holder(site: str, event: Event) -> str:
    """Whose token an event is about: its user's, not who ended it."""
    return user_key(site, event.user)


def _about(site: str, event: Event) -> tuple[str, tuple[str, ...]]:
    """The token that an event is about. An owner's app may end it with a token of its own: then its id alone
    says which."""
    if not event.action.startswith(("oauth_", "personal_access_token.", "org_credential_authorization.")):
        return "", ()
    if event.user_programmatic_access_id:
        theirs = event.model_copy(
            update={"token_id": "", "hashed_token": "", "programmatic_access_type": "fine-grained"}
        )
        return token_of(site, theirs)
    if event.action.startswith("personal_access_token."):
        mine = sort_of(event) not in ("", "fine")
        fine = event.model_copy(update={"programmatic_access_type": "fine-grained"})
        return ("", ()) if mine else token_of(site, fine)
    return token_of(site, event)


def _tokens(site: str, event: Event) -> Iterator[Effect]:
    credential, names = _about(site, event)
    holder, how = _holder(site, event), event.action
    if not credential:
        return
    if how in TOKENS_MADE:
        sort = "fine" if how.startswith("personal_") else sort_of(event) or "classic"
        called = event.user_programmatic_access_name
        yield Issued(credential, holder or identity_of(site, event), KINDS[sort], names, called=called)
    elif how in TOKEN_ENDS:
        yield from _ended(how, TOKEN_ENDS[how], (credential, *names), holder)
    elif how == GRANTED_AGAIN:
        yield Restored(how, "revoked", credential, holder)
    elif how in MADE_ANEW and "/hash/" not in f"/{credential.rpartition(':')[2]}":
        yield Restored(how, "remade", credential, holder)


def _authorized_app(site: str, event: Event) -> Iterator[Effect]:
    """A person takes an app's authorization back: the token that the event names ends with it."""
    credential, names = _about(site, event)
    if credential and event.action == "oauth_authorization.destroy":
        yield from _ended(event.action, "revoked", (credential, *names), _holder(site, event))


def _ended(how: str, kind: EndKind, names: tuple[str, ...], holder: str) -> Iterator[Effect]:
    """A token ends under each of its names: a later use may tell either."""
    yield from (Ended(how, kind, name, holder) for name in names)


def _authorizations(site: str, event: Event) -> Iterator[Effect]:
    """Single sign-on's: of one token or key, for one organisation."""
    key = public_key_of(site, event)
    first, others = (key, ()) if key else _about(site, event)
    if not first or not event.org:
        return
    holder = _holder(site, event)
    for name in (first, *others):
        authorization = authorization_key(name, event.org)
        if event.action in SSO_ENDS:
            yield Ended(event.action, "revoked", authorization, holder)
        elif event.action == SSO_GIVEN:
            yield Restored(event.action, "revoked", authorization, holder)


def _keys(site: str, event: Event) -> Iterator[Effect]:
    """An SSH key of a person, or a deploy key of a repository."""
    key = public_key_of(site, event)
    holder = repo_key(site, event) or _holder(site, event) or identity_of(site, event)
    if not key:
        return
    if event.action == "public_key.create":
        yield Issued(key, holder, "service_credential", called=event.title)
    elif event.action in KEY_ENDS:
        yield Ended(event.action, KEY_ENDS[event.action], key, holder)
    elif event.action == "public_key.verify":
        yield Restored(event.action, "disabled", key, holder)


def _installations(site: str, event: Event) -> Iterator[Effect]:
    """An app in one organisation, with the tokens that it has there: it lives on in others."""
    app = app_key(site, event.integration or event.name)
    if not app or not event.org:
        return
    if event.action in INSTALLED:
        yield Restored(event.action, "group", group=_installation(app, event))
    elif event.action in UNINSTALLED:
        yield Ended(event.action, "group", group=_installation(app, event))
        return
    where = _installation(app, event).removeprefix(f"{site}installation/")
    yield from changed_by(site, event, app, where)


def _installation(app: str, event: Event) -> str:
    site, name = app.rsplit(":app/", 1)
    return f"{site}:installation/{event.org.casefold()}/{name}"


def _groups(site: str, event: Event) -> dict[str, str]:
    """The installation by which an app's own token lives."""
    app = identity_of(site, event)
    if sort_of(event) != SERVER_APP or not event.org or ":app/" not in app:
        return {}
    return {_installation(app, event): ""}


def _users(site: str, event: Event) -> Iterator[Effect]:
    user, how = user_key(site, event.user), event.action
    if not user:
        return
    if how in USERS:
        yield Ended(how, USERS[how], identity=user)
    elif how == "user.unsuspend":
        yield Restored(how, "disabled", identity=user)


CHANGES: dict[str, Callable[[str, Event], Iterator[Effect]]] = {
    "oauth_access": _tokens,
    "personal_access_token": _tokens,
    "oauth_authorization": _authorized_app,
    "org_credential_authorization": _authorizations,
    "public_key": _keys,
    "integration_installation": _installations,
    "user": _users,
}
