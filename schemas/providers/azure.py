"""Azure: resources that act by a managed identity, keys and signatures of storage, vaults of secrets."""

from __future__ import annotations

from schemas.provider import Provider
from schemas.providers.entra import CONTINUOUS_ACCESS

PROVIDER = Provider(
    name="azure",
    words=("azure",),
    sources=("azure",),
    # azure:/subscriptions/… is a resource, azure:storage-key/<account>/<hash> and azure:sas/<hash> are
    # credentials, azure:<vault>:secret/<name> is a secret.
    credentials=("storage-key/", "sas/"),
    uses="azure",
    grace=CONTINUOUS_ACCESS,
)
