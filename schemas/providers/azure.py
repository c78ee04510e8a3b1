"""Azure: resources that act by a managed identity, keys and signatures of storage, vaults of secrets."""

from __future__ import annotations

from schemas.provider import Id, Provider
from schemas.providers.entra import CONTINUOUS_ACCESS

PROVIDER = Provider(
    name="azure",
    words=("azure",),
    title="Azure",
    sorts={"storage-key/": "storage key", "sas/": "shared access signature"},
    opaque=("sas/",),
    sources=("azure",),
    # azure:/subscriptions/… is a resource, azure:storage-key/<account>/<hash> and azure:sas/<hash> are
    # credentials, azure:<vault>:secret/<name> is a secret.
    credentials=("storage-key/", "sas/"),
    ids={
        # Hashes, as "Azure Storage analytics logs" have them in the caller's tokenHash.
        "storage-key/": Id(r"[A-Fa-f0-9]{4,64}", under=r"[a-z0-9-]{1,63}/(?:key|system)\d/"),
        "sas/": Id(r"[A-Fa-f0-9]{4,64}"),
    },
    uses="azure",
    grace=CONTINUOUS_ACCESS,
)
