"""Kubernetes clusters, as the API server's audit log shows them."""

from __future__ import annotations

import re
from datetime import timedelta

from schemas.provider import COUNTED, MASKS, NAMES, UUID, Grace, Id, Provider

PROVIDER = Provider(
    name="kubernetes",
    words=("k8s",),
    title="Kubernetes",
    sorts={
        "": "service account",
        "user/": "user",
        "group/": "group",
        "jti/": "token",
        "x509/": "client certificate",
        "secret/": "token secret",
        "other/": "token",
    },
    opaque=("jti/", "x509/", "other/"),
    sources=("kubernetes",),
    # k8s:<cluster>:jti/<token id>, …:x509/<fingerprint>, …:secret/<namespace>/<name> (a token kept there)
    # …:other/<mask> (what an authenticator of the site calls a credential)
    credentials=("jti/", "x509/", "other/", "secret/"),
    ids={
        # The API server draws token ids as UUIDs and names certificates by their SHA-256 (KEP-4193).
        "jti/": Id(rf"{UUID}|{COUNTED}"),
        "x509/": Id(r"[0-9a-f]{64}"),
        "other/": MASKS,
        "secret/": NAMES,
    },
    # Accounts of the namespaces that the cluster and its distributions keep for themselves are not the
    # site's; users and groups are people, or known by what signs them in.
    own=re.compile(r"(?!(?:user|group|system|secret|namespace|kube-[^/]*|openshift-[^/]*|gke-[^/]*)/)[^/]+/"),
    uses="kubernetes",
    enumerates=re.compile(r"list secrets"),
    collections=re.compile(r"(?:[^/]+/)?secrets"),
    # sourceIPs end with the peer: of a balancer that forwards TCP, the balancer's.
    peers=True,
    grace=Grace(
        setting="grace_kubernetes",
        length=timedelta(seconds=15),
        why="Time granted for the end of a Kubernetes account or token: the API server caches accepted "
        "tokens for 10 s.",
    ),
    graces={
        "removed": Grace(
            setting="grace_kubernetes_rbac",
            length=timedelta(seconds=5),
            why="Time granted for the end of a Kubernetes binding: the API server watches them (recorded: "
            "under a second).",
        )
    },
    leeway=Grace(
        setting="expiry_leeway_kubernetes",
        length=timedelta(seconds=60),
        why="How long after its expiry Kubernetes accepts a token by design (recorded); elsewhere it is "
        "skew.",
    ),
    driven=re.compile(r"k9s|Lens/|OpenLens|Headlamp", re.IGNORECASE),
    # A role binding allows in its namespace, a cluster role binding everywhere.
    reach=re.compile(r"rolebinding/(.+)/"),
    passing=re.compile(r"passes-for/"),
    almighty=re.compile(r"passes-for/masters|clusterrole/cluster-admin"),
    refused_self=re.compile(r"binds-itself"),
    single_objects=True,
    objects=("/pods/", "/secrets/", ":nodes/"),
    holders=":group/",
)
