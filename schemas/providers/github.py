"""GitHub: tokens, keys and installed apps of an organisation or enterprise, as its audit log shows them.

GitHub, "Audit log events for your enterprise", "Identifying audit log events performed by an access token",
"Managing deploy keys", "Token expiration and revocation".
"""

from __future__ import annotations

import re
from datetime import timedelta

from schemas.provider import Grace, Id, Provider

NUMBER = r"\d{1,20}"
HASH = r"[A-Za-z0-9_-]{43}"
"""SHA-256 in base64 as URLs have it: GitHub's own digest of a token that it drew, or of a public key."""
LOGIN = r"[a-z0-9][a-z0-9-]{0,99}"

PROVIDER = Provider(
    name="github",
    words=("github",),
    title="GitHub",
    sorts={
        "app/": "app",
        "user/": "user",
        "token/": "token",
        "pat/": "personal access token",
        "hash/": "token",
        "key/": "key",
        "sso/": "SSO authorization",
    },
    opaque=("token/", "pat/", "hash/", "key/", "sso/"),
    sources=("github",),
    # github:<site>:token/<id> (classic, OAuth, of an app), …:pat/<id> (fine-grained), …:hash/<digest> where
    # no id is told, …:key/<digest> (SSH and deploy keys), …:sso/<org>/<one of these> (its authorization);
    # github:<site>:user/<login>, …:app/<name>, …:repo/<owner>/<name> (whose deploy keys are)
    credentials=("token/", "pat/", "hash/", "key/", "sso/"),
    ids={
        "token/": Id(NUMBER),
        "pat/": Id(NUMBER),
        "hash/": Id(HASH),
        "key/": Id(rf"{HASH}|{NUMBER}"),
        "sso/": Id(rf"(?:token|pat|hash|key)/(?:{HASH}|{NUMBER})", under=rf"{LOGIN}/"),
    },
    # People are no identities of an inventory, and neither are repositories.
    own=re.compile(r"app/"),
    names_last="hash/",
    # Permissions of apps and fine-grained tokens: ``contents:write`` (GitHub, "Permissions required for
    # GitHub Apps").
    scopes=re.compile(r"permission/(.+)"),
    levels=("read", "write", "admin"),
    uses="github",
    refusals_hidden="GitHub's audit log holds no request whose token it does not know",
    grace=Grace(
        setting="grace_github",
        length=timedelta(minutes=1),
        why="Time granted for a GitHub kill: its web, API and Git servers write the log each by its own "
        "clock, and a clone that had begun is noted when it ends.",
    ),
)
