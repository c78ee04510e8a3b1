"""HashiCorp Vault and OpenBao, as their audit devices show them."""

from __future__ import annotations

import re
from datetime import timedelta

from schemas.provider import COUNTED, MASKS, UUID, Grace, Id, Provider

ACCESSOR = rf"(?:[A-Za-z0-9]{{24}}|{UUID}|{COUNTED})(?:\.[A-Za-z0-9]{{1,16}})?"

PROVIDER = Provider(
    name="vault",
    words=("vault",),
    title="Vault",
    sorts={
        "entity/": "entity",
        "entity-name/": "entity",
        "accessor/": "token",
        "token/": "token",
        "secret-id/": "secret id",
        "secret-id-accessor/": "secret id",
        "lease/": "lease",
        "root/": "root token",
    },
    opaque=("entity/", "accessor/", "token/", "secret-id/", "secret-id-accessor/", "root/"),
    # A token that was made by another is called "token-" and what its maker says (API, "Token auth method").
    chosen=re.compile(r"token(?:-|\Z)"),
    ends={
        r"auth/token/revoke-accessor": "it was revoked by accessor",
        r"auth/token/revoke-self": "it was given up (revoke-self)",
        r"auth/token/revoke-orphan": "it was revoked without its children",
        r"auth/token/revoke": "it was revoked",
        r"secret-id/destroy": "it was destroyed",
        r"secret-id-accessor/destroy": "it was destroyed by accessor",
        r"auth/.+/(?:role|roles)/([^/]+) deleted": r"its role \1 was deleted",
        r"auth/.+/(?:users|user)/([^/]+) deleted": r"its user \1 was deleted",
        r"auth/.+/certs/([^/]+) deleted": r"its certificate role \1 was deleted",
        r"sys/auth/(.+?)/? disabled": r"its login method \1 was disabled",
        r"sys/mounts/(.+?)/? disabled": r"its secrets engine \1 was disabled",
        r"sys/namespaces/(.+?)/? deleted": r"its namespace \1 was deleted",
        r"sys/(?:policies/acl|policy)/(.+) deleted": r"its policy \1 was deleted",
        r"sys/leases/revoke-(?:prefix|force)/(.+)": r"all leases of \1 were revoked",
        r"sys/leases/revoke": "its lease was revoked",
        r"identity/entity deleted": "its entity was deleted",
        r"identity/entity disabled": "its entity was disabled",
    },
    sources=("vault",),
    credentials=("accessor/", "token/", "secret-id/", "secret-id-accessor/", "lease/", "root/"),
    ids={
        # Accessors are 24 letters, before 0.11 UUIDs; a namespace's id follows ("Tokens", "Lease, renew, and
        # revoke"). Tokens and secret ids are secrets.
        "accessor/": Id(ACCESSOR),
        "token/": MASKS,
        "secret-id/": MASKS,
        "secret-id-accessor/": Id(ACCESSOR),
        "lease/": Id(rf"{ACCESSOR}|[A-Za-z]\w{{0,14}}", under=r"(?:[^/]+/)*"),
        "root/": Id(rf"{UUID}|{COUNTED}"),
    },
    # What acts without an entity is a token and no identity.
    own=re.compile(r"entity/"),
    # The accessor of a token is told in clear, the token by its HMAC alone; of a secret id it is the id.
    names_first="/accessor/",
    names_last="-accessor/",
    uses="vault",
    forgets=("accessor/", "token/"),
    # ``scan`` is OpenBao's own: a list of everything below.
    enumerates=re.compile(r"(?:list|scan) (?!auth/|sys/|identity/)"),
    # Two audit devices write the same request id under two salts.
    one_issue=True,
    # Until x_forwarded_for_authorized_addrs is set, a balancer's nodes (Vault, listener "tcp").
    peers=True,
    grace=Grace(
        setting="grace_vault",
        length=timedelta(seconds=5),
        why="Time granted for a Vault or OpenBao kill; recorded ones took less than a second.",
    ),
)
