"""Microsoft Entra: applications and their principals, as its sign-in and audit logs show them."""

from __future__ import annotations

import re
from datetime import timedelta

from schemas.provider import COUNTED, NAMES, UUID, Grace, Id, Provider

CONTINUOUS_ACCESS = Grace(
    setting="grace_entra",
    length=timedelta(minutes=15),
    why="Time granted for an Entra kill: continuous access evaluation takes up to 15 minutes.",
)

PROVIDER = Provider(
    name="entra",
    words=("entra",),
    sources=("azure",),
    # entra:<tenant>:key/<key id>, …:fic/<federated credential>, …:session/…, …:token/…
    credentials=("key/", "fic/", "session/", "token/"),
    ids={
        "key/": Id(UUID),
        "fic/": NAMES,
        "session/": Id(rf"{UUID}|{COUNTED}"),
        # Unique token identifiers are 16 bytes in Base64 ("Azure AD token reference", uti).
        "token/": Id(rf"{UUID}|[A-Za-z0-9_-]{{22}}"),
    },
    # A federated credential is a trust: each job presents a token of its own (workload identity federation).
    trusts=("fic/",),
    # A service principal and an application object are second names of the application.
    own=re.compile(r"app/"),
    uses="azure",
    transmitters=("login.microsoftonline.com/", "sts.windows.net/"),
    grace=CONTINUOUS_ACCESS,
)
