"""Google Cloud, as Cloud Audit Logs show it."""

from __future__ import annotations

import re
from datetime import timedelta

from schemas.provider import COUNTED, NAMES, UUID, Grace, Id, Provider

TOKEN_LIFE = Grace(
    setting="grace_gcp_token",
    length=timedelta(hours=1),
    why="Granted beside grace_gcp after the end of a Google service account key: a key is only seen in calls "
    "of the access tokens that it was exchanged for, and they live an hour.",
)

PROVIDER = Provider(
    name="gcp",
    words=("gcp",),
    title="Google Cloud",
    sorts={
        "": "service account",
        "key/": "service account key",
        "token/": "token",
        "apikey/": "API key",
        "impersonation/": "impersonation",
        "ksa/": "Kubernetes service account",
    },
    opaque=("token/",),
    sources=("gcp",),
    # gcp:key/<account>/<id>, gcp:token/…, gcp:impersonation/…, gcp:apikey/…
    credentials=("key/", "token/", "impersonation/", "apikey/"),
    ids={
        # Key ids are 20 bytes in hex (IAM API, projects.serviceAccounts.keys), those of API keys UUIDs.
        "key/": Id(rf"[0-9a-f]{{40}}|{COUNTED}", under=r"[^/]*/"),
        # A token is named by the insert id of the record that issued it.
        "token/": Id(r"-?[a-z0-9]{1,24}", under=r"[^/]*/"),
        "impersonation/": NAMES,
        "apikey/": Id(rf"{UUID}|{COUNTED}"),
    },
    # Who speaks for whom: every token that comes of it is another.
    trusts=("impersonation/",),
    # Service agents are Google's own.
    own=re.compile(
        r"(?!service-\d+@)[^@/]+@(?!(?:cloudservices|system|gcp-sa-[^.]*|[^.]*-robot)\.)"
        r"[^@]*gserviceaccount\.com$"
    ),
    uses="gcp",
    grace=Grace(
        setting="grace_gcp",
        length=timedelta(minutes=10),
        why="Time granted for a Google Cloud kill: policies take up to 7 minutes and more to spread.",
    ),
    never_acts={"key/": TOKEN_LIFE},
    # IAM roles that may give any role of their project or organization (IAM, "Roles and permissions").
    almighty=re.compile(
        r"role/roles/(?:owner|iam\.securityAdmin|resourcemanager\.(?:project|folder)IamAdmin"
        r"|resourcemanager\.organizationAdmin)"
    ),
    refused_self=re.compile(r"grants-itself"),
)
