"""Rotations of secrets in Secrets Manager, and who is given which version of them.

AWS, "Log AWS Secrets Manager events": a rotation ends with ``UpdateSecretVersionStage``, which moves
``AWSCURRENT`` from one version to another, and with the service event ``RotationSucceeded``.
``GetSecretValue`` asks for a version by its id or by its stage; for neither: ``AWSCURRENT``.
"""

from __future__ import annotations

import re

from schemas.activity import Effect, Fetched, Rotated
from schemas.sources.cloudtrail.wire import Event, text

SERVICE = "secretsmanager"
CURRENT = "AWSCURRENT"
ARN = re.compile(r"arn:[^:]*:secretsmanager:[^:]*:(\d+):secret:(.+)")
RANDOM = re.compile(r"-[A-Za-z0-9]{6}$")
"""What Secrets Manager adds to the name in every arn."""

NO_EFFECTS: tuple[Effect, ...] = ()


def rotations_of(event: Event, account: str, resource: str) -> tuple[Effect, ...]:
    """Effects of a call (or event) of Secrets Manager that succeeded. ``resource``: the secret, as name or
    arn."""
    secret = secret_key(account, resource)
    if not secret:
        return NO_EFFECTS
    request, name = event.request, event.event_name
    if name == "GetSecretValue":
        return (Fetched(secret, _asked(request or {})),)
    if name == "RotationSucceeded":
        return (Rotated(secret, how=name),)
    moved = text(request, "moveToVersionId")
    if name == "UpdateSecretVersionStage" and text(request, "versionStage") == CURRENT and moved:
        return (Rotated(secret, successor=f"version {moved}", how=name),)
    return NO_EFFECTS


def secret_key(account: str, resource: str) -> str:
    """The key of a secret: ``aws:<account>:secret/<name>``, without what an arn adds to the name."""
    found = ARN.fullmatch(resource)
    if found:
        return f"aws:{found[1]}:secret/{RANDOM.sub('', found[2])}"
    return f"aws:{account}:secret/{resource}" if account and resource and ":" not in resource else ""


def _asked(request: dict[str, object]) -> str:
    version, stage = text(request, "versionId"), text(request, "versionStage")
    return f"version {version}" if version else f"stage {stage or CURRENT}"
