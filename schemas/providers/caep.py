"""Subjects and credentials that only a transmitter of security events (CAEP, SSF) names."""

from __future__ import annotations

from schemas.provider import EVERY_KIND, NAMES, Provider

CHANGES_ONLY = "security events tell what changed, not what is used"

PROVIDER = Provider(
    name="caep",
    words=("caep", "email", "uri"),
    sorts={"credential/": "credential"},
    sources=("caep",),
    signed=True,
    issued=("caep",),
    # caep:<issuer>:credential/<type>/<name>, …:sub/<id>, …:phone/<number>; email:<address>; uri:<uri>
    credentials=("credential/",),
    # A credential has the name that people know it by, or its subject's.
    ids={"credential/": NAMES},
    uses="caep",
    # Of credentials only their changes are sent; `session-presented` shows uses of sessions alone.
    unseen={EVERY_KIND: CHANGES_ONLY},
)
