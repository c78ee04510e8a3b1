"""Grants of IAM and EKS: who is given which policy, group or access to a cluster, and what is taken away.

CloudTrail never says which policy allowed a call, so uses name no grant. An inline policy is known by its
name; one that allows everything, or everything of IAM, is another grant beside it, whatever it replaced. (IAM
API reference; EKS API reference, "CreateAccessEntry", "AssociateAccessPolicy".)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote

from schemas.activity import Effect, Granted, Withdrawn
from schemas.providers.aws.keys import of_arn, user_of
from schemas.sources.cloudtrail.call import Call
from schemas.sources.cloudtrail.policies import DENY_ALL, REVOKE_OLDER
from schemas.sources.cloudtrail.restore import decoded
from schemas.sources.cloudtrail.wire import text

QUARANTINE = ":policy/AWSCompromisedKeyQuarantine"
"""The policy that AWS attaches to a user of whom it found a key in public (V2, V3 follow); which key, only
its health event says."""

INLINE = "inline/"
EVERYTHING = "policy/everything"
ALL_OF_IT = "/everything"
WIDE = frozenset({"*", "*:*", "iam:*"})
"""Actions of which one is enough to take all others."""


class Given(NamedTuple):
    """Who is given what (its name in the account), as which role, each a key or its last part; ``wide``: that
    it allows everything."""

    holder: str
    what: str
    role: str
    wide: bool = False


def grants_of(call: Call) -> tuple[Effect, ...]:
    """Returns what a call gave or took that succeeded."""
    reads = GIVEN.get((call.service, call.operation))
    if reads is not None and (given := reads(call)):
        grant, how = _key(call, given), f"{call.operation} {given.what}"
        held = (given.holder,)
        if given.wide:
            return (Granted(f"{grant}{ALL_OF_IT}", f"aws:{call.account}:{EVERYTHING}", how, held),)
        one = Granted(grant, f"aws:{call.account}:{given.role}", how, held)
        if not given.role.startswith(INLINE):
            return (one,)
        # What it says now no longer allows everything, where it did before.
        return (one, Withdrawn(f"{grant}{ALL_OF_IT}", how, identities=held))
    reads = TAKEN.get((call.service, call.operation))
    if reads is None or not (taken := reads(call)):
        return ()
    grant, how = _key(call, taken), f"{call.operation} {taken.what}"
    held = (taken.holder,)
    gone = Withdrawn(grant, how, identities=held)
    if not taken.role.startswith(INLINE):
        return (gone,)
    return (gone, Withdrawn(f"{grant}{ALL_OF_IT}", how, identities=held))


def refused_self(call: Call) -> str:
    """Says, as a grant, that the caller was refused to give itself something; "" where it was not, or would
    have given it to another."""
    reads = GIVEN.get((call.service, call.operation))
    given = reads(call) if reads is not None and call.outcome == "forbidden" else None
    return f"aws:{call.account}:grants-itself" if given and given.holder == call.caller.identity else ""


def _key(call: Call, given: Given) -> str:
    return f"aws:{call.account}:grant/{given.holder.partition(':')[2].partition(':')[2]}/{given.what}"


def _holder(call: Call) -> str:
    return call.role() or user_of(call.account, text(call.request, "userName"))


def _attached(call: Call) -> Given | None:
    arn, holder = text(call.request, "policyArn"), _holder(call)
    name = arn.rpartition("/")[2]
    if not holder or not name or arn.endswith(DENY_ALL) or QUARANTINE in arn:
        return None
    return Given(holder, f"policy/{name}", f"policy/{name}")


def _inline(call: Call) -> Given | None:
    name, holder = text(call.request, "policyName"), _holder(call)
    if not holder or not name or name == REVOKE_OLDER:
        return None
    allowed = _allowed(text(call.request, "policyDocument"))
    if allowed is not None and not allowed:
        return None
    return Given(holder, f"inline/{name}", f"inline/{name}", bool(allowed and allowed & WIDE))


def _allowed(document: str) -> set[str] | None:
    """The actions that a policy's statements allow; None where it is not on record or cannot be read."""
    if document.startswith("%7B"):
        document = unquote(document)
    try:
        policy = decoded(document) if document else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(policy, dict):
        return None
    allowed: set[str] = set()
    for statement in _listed(policy.get("Statement")):
        if isinstance(statement, dict) and statement.get("Effect") == "Allow":
            allowed.update(str(action).lower() for action in _listed(statement.get("Action")))
            # All but a few is as good as all.
            allowed.update("*" for _ in _listed(statement.get("NotAction")))
    return allowed


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _group(call: Call) -> Given | None:
    holder, group = user_of(call.account, text(call.request, "userName")), text(call.request, "groupName")
    return Given(holder, f"group/{group}", f"group/{group}") if holder and group else None


def _boundary(call: Call) -> Given | None:
    """Without its boundary an identity may do all that its policies say."""
    holder = _holder(call)
    return Given(holder, "no-boundary", "no-boundary") if holder else None


def _entry(call: Call) -> Given | None:
    holder, cluster = of_arn(text(call.request, "principalArn")), _cluster(call)
    return Given(holder, f"access/{cluster}", f"access/{cluster}") if holder and cluster else None


def _cluster_policy(call: Call) -> Given | None:
    holder, cluster = of_arn(text(call.request, "principalArn")), _cluster(call)
    policy = text(call.request, "policyArn").rpartition("/")[2]
    if not holder or not cluster or not policy:
        return None
    return Given(holder, f"access/{cluster}/{policy}", f"cluster-access-policy/{policy}")


def _cluster(call: Call) -> str:
    return text(call.request, "name") or text(call.request, "clusterName")


Reads = Callable[[Call], Given | None]

GIVEN: dict[tuple[str, str], Reads] = {
    ("iam", "AttachUserPolicy"): _attached,
    ("iam", "AttachRolePolicy"): _attached,
    ("iam", "PutUserPolicy"): _inline,
    ("iam", "PutRolePolicy"): _inline,
    ("iam", "AddUserToGroup"): _group,
    ("iam", "DeleteUserPermissionsBoundary"): _boundary,
    ("iam", "DeleteRolePermissionsBoundary"): _boundary,
    ("eks", "CreateAccessEntry"): _entry,
    ("eks", "AssociateAccessPolicy"): _cluster_policy,
}
TAKEN: dict[tuple[str, str], Reads] = {
    ("iam", "DetachUserPolicy"): _attached,
    ("iam", "DetachRolePolicy"): _attached,
    ("iam", "DeleteUserPolicy"): _inline,
    ("iam", "DeleteRolePolicy"): _inline,
    ("iam", "RemoveUserFromGroup"): _group,
    ("iam", "PutUserPermissionsBoundary"): _boundary,
    ("iam", "PutRolePermissionsBoundary"): _boundary,
    ("eks", "DeleteAccessEntry"): _entry,
    ("eks", "DisassociateAccessPolicy"): _cluster_policy,
}
OF_CLUSTERS = frozenset(operation for service, operation in (*GIVEN, *TAKEN) if service == "eks")
"""Calls of EKS that give access, by operation: no other call of it is read for effects."""
