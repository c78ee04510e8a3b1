"""Who acts in an event of GitHub's audit log, and with which credential.

``token_id`` and ``hashed_token`` say how the actor authenticated (GitHub, "Identifying audit log events
performed by an access token"); of an event about a token itself, and of one that nobody authenticated for
by a token, they are the token that it is about.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from schemas.credential_kind import CredentialKind
from schemas.sources.github.wire import Event

BOT = "[bot]"
DEPLOY_KEY = frozenset({"deploy_key", "deploy key"})
"""Actors and types of access of a repository's own key."""
ABOUT_TOKENS = (
    "oauth_access.",
    "oauth_authorization.",
    "org_credential_authorization.",
    "personal_access_token.",
)
"""How actions begin that are about a token, and are not done with it."""

FINE, CLASSIC, OAUTH, USER_APP, SERVER_APP, KEY = "fine", "classic", "oauth", "user app", "server app", "key"
TYPES: tuple[tuple[str, str], ...] = (
    ("fine-grained", FINE),
    ("server-to-server", SERVER_APP),
    ("user-to-server", USER_APP),
    ("oauth", OAUTH),
    ("public key", KEY),
    ("deploy key", KEY),
    ("ssh", KEY),
    ("personal access token", CLASSIC),
)
"""``programmatic_access_type`` by what it holds, the most telling first: its case and its words differ."""
KINDS: dict[str, CredentialKind] = {
    FINE: "api_key", CLASSIC: "api_key", KEY: "service_credential", OAUTH: "token", USER_APP: "token",
    SERVER_APP: "session",
}  # fmt: skip
AUTHORIZED = frozenset({CLASSIC, OAUTH, KEY})
"""What SAML single sign-on authorizes for an organisation: a fine-grained token is its owner's alone, an
app's has its installation."""
SHA256 = re.compile(r"(?:SHA256:)?([A-Za-z0-9+/_-]{43})=?", re.ASCII)
NUMBER = re.compile(r"[1-9]\d{0,19}", re.ASCII)
PUBLIC = re.compile(r"(?:ssh-|ecdsa-|sk-)\S+ ([A-Za-z0-9+/]+={0,2})(?: .*)?", re.ASCII | re.DOTALL)


def sort_of(event: Event) -> str:
    """Returns which sort of credential an event was authenticated by, or is about; "" for none."""
    access = event.programmatic_access_type.casefold()
    return next((sort for words, sort in TYPES if words in access), "")


def identity_of(site: str, event: Event) -> str:
    """Returns the key of who acts: a person, an app, or the repository whose deploy key it is; "" for
    nobody."""
    actor = event.actor.casefold().strip()
    if actor in DEPLOY_KEY or (not actor and sort_of(event) == KEY):
        return repo_key(site, event)
    if not actor:
        return ""
    return app_key(site, actor.removesuffix(BOT)) if actor.endswith(BOT) else user_key(site, actor)


def user_key(site: str, login: str) -> str:
    """Returns the key of a person or a machine's account; logins are the same in any case."""
    return f"{site}user/{login.casefold()}" if login else ""


def app_key(site: str, name: str) -> str:
    """Returns the key of an app: its bot bears its name in small letters without blanks."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    return f"{site}app/{slug}" if slug else ""


def repo_key(site: str, event: Event) -> str:
    """Returns the key of the repository of an event, as the holder of its deploy keys."""
    repo = (event.repo or event.repository).casefold()
    return f"{site}repo/{repo}" if repo else ""


def credential_of(site: str, event: Event) -> tuple[str, tuple[str, ...]]:
    """Returns the credential that an event was authenticated by, and its other names; "" where it is about
    one, where nobody authenticated by one, and for what everybody may read."""
    if event.action.startswith(ABOUT_TOKENS) or is_public_read(event):
        return "", ()
    return token_of(site, event)


def token_of(site: str, event: Event) -> tuple[str, tuple[str, ...]]:
    """Returns the token or key that an event names, by its id where it has one, else by its digest; and the
    digest beside the id."""
    sort, digest = sort_of(event), digest_of(event.hashed_token)
    if sort == KEY:
        key = digest or digest_of(event.fingerprint)
        return (f"{site}key/{key}", ()) if key else (_by_id(site, "key", event.token_id), ())
    # An app's own token is another one each hour; its id is the installation's where it has one.
    named = "" if sort == SERVER_APP else _by_id(site, "pat" if sort == FINE else "token", event.token_id)
    pat = _by_id(site, "pat", event.user_programmatic_access_id)
    hashed = f"{site}hash/{digest}" if digest else ""
    first = pat or named or hashed
    return first, tuple(name for name in (hashed,) if name and name != first)


def _by_id(site: str, what: str, number: str) -> str:
    return f"{site}{what}/{number}" if NUMBER.fullmatch(number) else ""


def digest_of(text: str) -> str:
    """Returns a SHA-256 in base64 as keys have it; "" for any other text."""
    found = SHA256.fullmatch(text.strip())
    return found[1].replace("+", "-").replace("/", "_") if found else ""


def public_key_of(site: str, event: Event) -> str:
    """Returns the key of an SSH or deploy key that an event is about: by its fingerprint, or by the public
    key itself, whose SHA-256 that is."""
    digest = digest_of(event.fingerprint)
    found = PUBLIC.fullmatch(event.key.strip())
    if not digest and found:
        try:
            blob = base64.b64decode(found[1], validate=True)
        except (binascii.Error, ValueError):
            return ""
        digest = digest_of(base64.b64encode(hashlib.sha256(blob).digest()).decode())
    return f"{site}key/{digest}" if digest else ""


def is_public_read(event: Event) -> bool:
    """Says whether everybody may do what was done: no credential is needed, and a dead one does no harm."""
    public = event.repository_public is True or event.public_repo is True
    return public and event.action in ("git.clone", "git.fetch")


def is_authorized_apart(identity: str, event: Event) -> bool:
    """Says whether what a token does in an organisation rests on an authorization of its own: a person's
    does."""
    return bool(event.org) and sort_of(event) in AUTHORIZED and ":user/" in identity


def authorization_key(credential: str, org: str) -> str:
    """Returns the key of a credential's authorization for an organisation."""
    site, name = credential.rsplit(":", 1)
    return f"{site}:sso/{org.casefold()}/{name}"
