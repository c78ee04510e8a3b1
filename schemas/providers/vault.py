"""HashiCorp Vault and OpenBao, as their audit devices show them."""

from __future__ import annotations

import re
from datetime import timedelta

from schemas.provider import Grace, Provider

PROVIDER = Provider(
    name="vault",
    words=("vault",),
    sources=("vault",),
    credentials=("accessor/", "token/", "secret-id/", "secret-id-accessor/", "lease/", "root/"),
    # What acts without an entity is a token and no identity.
    own=re.compile(r"entity/"),
    # The accessor of a token is told in clear, the token by its HMAC alone; of a secret id it is the id.
    names_first="/accessor/",
    names_last="-accessor/",
    uses="vault",
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
