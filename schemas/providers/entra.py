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
    title="Entra",
    sorts={
        "app/": "application",
        "sp/": "service principal",
        "user/": "user",
        "key/": "client credential",
        "fic/": "federated credential",
        "session/": "session",
        "token/": "token",
    },
    opaque=("app/", "sp/", "user/", "key/", "session/", "token/"),
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
    # Owner and User Access Administrator of Azure, Global and Privileged Role Administrator of Entra
    # ("Azure built-in roles", "Microsoft Entra built-in roles": their ids are the same everywhere).
    almighty=re.compile(
        r"role/(?:8e3af657-a8ff-443c-a75c-2fe8c4bcb635|18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
        r"|62e90394-69f5-4237-9190-012177145e10|e8611ab8-c189-46f8-94e1-60213ab1f814)"
        r"|approle/(?:RoleManagement\.ReadWrite\.Directory|AppRoleAssignment\.ReadWrite\.All)"
    ),
    refused_self=re.compile(r"grants-itself"),
    scopes=re.compile(r"(?:scope|approle)/(.+)"),
)
