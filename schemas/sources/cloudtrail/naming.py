"""What a call is about: the key of the identity or credential it names, and the resource it touches."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from schemas.fact import BESIDE
from schemas.providers.aws.keys import key_of, of_arn, user_of
from schemas.sources.cloudtrail.call import Call
from schemas.sources.cloudtrail.wire import AnyEvent, Unread, text

ABOUT_IDENTITIES = frozenset({"iam", "sts", "rolesanywhere", "eks-auth", "cognito-identity"})
"""Services whose calls name, make or end identities and credentials."""

RESOURCE_NAMES = (
    "secretId", "roleArn", "policyArn", "userName", "roleName", "keyId", "functionName", "bucketName",
    "tableName", "instanceId", "groupId", "name", "names", "clusterName", "trailName", "modelId", "queueUrl",
    "topicArn", "target", "task", "sessionId", "path",
)  # fmt: skip
"""Request parameters that name what is touched, the most telling first."""

RANKS = {name: rank for rank, name in enumerate(RESOURCE_NAMES)}

RESOURCE_MAX = 300
SEVERAL_MAX = 2_000
"""Letters of the names of several resources of one call."""


def target_of(call: Call) -> str:
    """Returns the key or user that a call names; whoever an administrator names is not used by that: it
    stands here, never as the credential."""
    request = call.request
    if request is None:
        return ""
    if key := text(request, "accessKeyId"):
        return key_of(key)
    if role := of_arn(text(request, "roleArn")):
        return role
    return call.role() or user_of(call.account, text(request, "userName"))


def resource_of(event: AnyEvent) -> str:
    """Returns the resource that an event is about, cut to ``RESOURCE_MAX`` characters; "" where it names
    none. Worked out once for equal bytes."""
    if isinstance(event, Unread):
        parts = b"\0".join((event.resources_, event.response_, event.additional_, event.request_))
        if len(parts) <= PARTS_MAX:
            return _read_resource(parts)
    return _cut(_touched(event))


def _cut(named: str) -> str:
    return named[: SEVERAL_MAX if BESIDE in named else RESOURCE_MAX]


PARTS_MAX = 1_024
"""Bytes of an event's parts of which it is remembered what they name: what a program asks for again and again
is shorter. Some 20 MB in all."""


@lru_cache(maxsize=16_384)
def _read_resource(parts: bytes) -> str:
    """``parts``: those that may name it, in the order in which they are asked, with a NUL between them, which
    no JSON has in it."""
    resources, response, additional, request = map(msgspec.Raw, parts.split(b"\0"))
    event = Unread(resources_=resources, response_=response, additional_=additional, request_=request)
    return _cut(_touched(event))


def _touched(event: AnyEvent) -> str:
    """The resource that CloudTrail names, else the answer's arn, else what the request names.
    Secrets Manager wrote ``aRN`` before February 2024."""
    if several := _several(event):
        return several
    if (resources := event.resources) and (
        arn := text(resources[0], "ARN") or text(resources[0], "ARNPrefix")
    ):
        return arn
    if (response := event.response) and (arn := text(response, "arn") or text(response, "aRN")):
        return arn
    if (additional := event.additional) and (secret := text(additional, "SecretId")):
        return secret
    request = event.request
    return _asked(request) if request else ""


def _several(event: AnyEvent) -> str:
    """The names of all parameters that one call asks for (AWS Systems Manager, GetParameters)."""
    if isinstance(event, Unread) and b'"names"' not in bytes(event.request_):
        return ""
    names = event.request.get("names") if event.request else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ""
    return BESIDE.join(names) if len(names) > 1 else ""


def _asked(request: dict[str, Any]) -> str:
    named = [name for name in request if name in RANKS]
    if len(named) > 1:
        named.sort(key=RANKS.__getitem__)
    for name in named:
        value = request[name]
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str):
            return value
    return ""
