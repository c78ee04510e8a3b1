"""Rotations of secrets in Secrets Manager, and who is given which version of them.

AWS, "Log AWS Secrets Manager events": a rotation ends with ``UpdateSecretVersionStage``, which moves
``AWSCURRENT`` from one version to another, and with the service event ``RotationSucceeded``.
``GetSecretValue`` asks for a version by its id or by its stage; for neither: ``AWSCURRENT``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from schemas.activity import Effect, Fetched, Rotated
from schemas.sources.cloudtrail.wire import AnyEvent, text

SERVICE = "secretsmanager"
CURRENT = "AWSCURRENT"
ARN = re.compile(r"arn:[^:]*:secretsmanager:(?P<region>[^:]*):(?P<account>\d+):secret:(?P<name>.+)")
RANDOM = re.compile(r"-[A-Za-z0-9]{6}$")
"""What Secrets Manager adds to the name in every arn."""

NO_EFFECTS: tuple[Effect, ...] = ()


def rotations_of(event: AnyEvent, account: str, resource: str) -> tuple[Effect, ...]:
    """Returns the effects of a call (or event) of Secrets Manager that succeeded. ``resource``: the secret,
    as name or arn."""
    request, name, region = event.request, event.event_name, event.region or ""
    asked = text(request, "secretId")
    short = len(account) + len(resource) + len(region) + len(asked) <= TEXTS_MAX
    secret, which = (_secret if short else _secret.__wrapped__)(account, resource, region, asked)
    if not secret:
        return NO_EFFECTS
    if name == "GetSecretValue":
        return (Fetched(secret, _asked(request or {}), which),)
    if name == "RotationSucceeded":
        return (Rotated(secret, how=name, which=which),)
    moved = text(request, "moveToVersionId")
    if name == "UpdateSecretVersionStage" and text(request, "versionStage") == CURRENT and moved:
        return (Rotated(secret, successor=f"version {moved}", how=name, which=which),)
    return NO_EFFECTS


TEXTS_MAX = 1_024
"""Letters of names of a secret together, of which it is remembered what they name."""


@lru_cache(maxsize=16_384)
def _secret(account: str, resource: str, region: str, asked: str) -> tuple[str, str]:
    """Returns the secret's key, and which of several of its name."""
    return secret_key(account, resource), _which(region, resource, asked)


def secret_key(account: str, resource: str) -> str:
    """Returns the key of a secret: ``aws:<account>:secret/<name>``, without what an arn adds to the name."""
    found = ARN.fullmatch(resource)
    if found:
        return f"aws:{found['account']}:secret/{RANDOM.sub('', found['name'])}"
    return f"aws:{account}:secret/{resource}" if account and resource and ":" not in resource else ""


def _which(region: str, *names: str) -> str:
    """The region, and the six characters of the arn: a replica has those of its primary, another secret of
    the name has others (AWS Secrets Manager, "Replicate secrets across Regions")."""
    for name in names:
        found = ARN.fullmatch(name)
        if found and (random := RANDOM.search(found["name"])):
            return f"{found['region']} {random[0][1:]}"
    return region


def _asked(request: dict[str, object]) -> str:
    version, stage = text(request, "versionId"), text(request, "versionStage")
    return f"version {version}" if version else f"stage {stage or CURRENT}"
