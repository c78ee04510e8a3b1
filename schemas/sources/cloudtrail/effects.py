"""What a call changes: a table from (service, operation) to the effects that its success has.

A kill that did not succeed is ``EndFailed``, unless there was nothing to kill. What makes or ends nothing is
not here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from schemas.activity import (
    Aliased,
    Effect,
    Ended,
    EndFailed,
    EndKind,
    Exposed,
    Issued,
    Lent,
    Parent,
    Restored,
    Session,
)
from schemas.credential_kind import CredentialKind
from schemas.evidence import SECOND, micros
from schemas.providers import machine_key
from schemas.providers.aws.keys import key_of, of_arn, password_of, user_of
from schemas.providers.aws.outcome import GONE, bare
from schemas.sources.cloudtrail.call import Call
from schemas.sources.cloudtrail.grants import OF_CLUSTERS, QUARANTINE, grants_of
from schemas.sources.cloudtrail.policies import DENY_ALL, REVOKE_OLDER, cut_at
from schemas.sources.cloudtrail.wire import Fields, text
from schemas.times import micros_of
from schemas.wire import as_list, pick

Teach = Callable[[Call], tuple[Effect, ...]]


def _session_opened(call: Call) -> tuple[Effect, ...]:
    """A shell or a forwarded port on a machine, begun or taken up again (Systems Manager API, StartSession,
    ResumeSession), or a command in a container (Amazon ECS API, ExecuteCommand). It needs no key to go on."""
    name = text(call.response, "sessionId") or text(call.response, "session", "sessionId")
    name = name or text(call.request, "sessionId")
    if not name or not call.caller.identity:
        return ()
    return (Session(call.caller.identity, name=_session_key(call, name)),)


def _session_ended(call: Call) -> tuple[Effect, ...]:
    """TerminateSession, by whoever. Who leaves a shell, or is idle for too long, ends it without any call."""
    name = text(call.request, "sessionId") or text(call.response, "sessionId")
    return (Session(ended=call.time, name=_session_key(call, name)),) if name else ()


def _session_key(call: Call, name: str) -> str:
    return f"aws:{call.account}:session/{name}"


DURATIONS_MAX = micros(timedelta(hours=36))
"""The longest life that STS gives to any session; a longer ``durationSeconds`` is no duration."""


def effects_of(call: Call) -> tuple[Effect, ...]:
    """Returns the effects of one call; refused ends become failed ends, and calls of unknown outcome have
    none."""
    teach = TEACH.get((call.service, call.operation), _nothing)
    if call.outcome == "unknown":
        return ()
    if call.outcome == "succeeded":
        return (*teach(call), *grants_of(call))
    if bare(call.error) in GONE:
        return ()
    return tuple(
        EndFailed(effect.how, effect.credential, effect.identity)
        for effect in teach(call)
        if isinstance(effect, Ended)
    )


def _nothing(call: Call) -> tuple[Effect, ...]:
    return ()


def _key_created(call: Call) -> tuple[Effect, ...]:
    answer = (call.response or {}).get("accessKey")
    return _made(call, text(answer, "accessKeyId"), text(answer, "userName"), "access_key")


def _service_credential_created(call: Call) -> tuple[Effect, ...]:
    answer = (call.response or {}).get("serviceSpecificCredential")
    name = text(answer, "serviceSpecificCredentialId")
    expires = micros_of(text(answer, "expirationDate"))
    return _made(call, name, text(answer, "userName"), "service_credential", expires)


def _made(call: Call, key: str, user: str, kind: CredentialKind, expires: int = 0) -> tuple[Effect, ...]:
    """A long-lived credential: it outlives the one that its maker used by design."""
    if not key:
        return ()
    owner = user_of(call.account, user) or call.user()
    maker = call.caller
    parents = {maker.credential: Parent("made_by", maker.identity)} if maker.credential else {}
    return (Issued(key_of(key), owner, kind, parents=parents, expires=expires),)


def _deleted(call: Call, *, named: str, prefix: str) -> tuple[Effect, ...]:
    key = text(call.request, named)
    return (Ended(call.operation, "deleted", f"{prefix}{key}", call.user()),) if key else ()


def _switched(call: Call, *, named: str, prefix: str) -> tuple[Effect, ...]:
    """Enabled again, or off in any other way (Inactive; Expired)."""
    key, status = text(call.request, named), text(call.request, "status")
    if not key or not status:
        return ()
    how = f"{call.operation} {status}"
    if status == "Active":
        return (Restored(how, "disabled", f"{prefix}{key}", call.user()),)
    return (Ended(how, "disabled", f"{prefix}{key}", call.user()),)


def _password_deleted(call: Call) -> tuple[Effect, ...]:
    user = call.user()
    password = password_of(call.account, user.rpartition("/")[2])
    return (Ended(call.operation, "deleted", password, user),) if password else ()


def _password_created(call: Call) -> tuple[Effect, ...]:
    """One key for all of a user's passwords: uses from now on are of the new one."""
    user = call.user()
    password = password_of(call.account, user.rpartition("/")[2])
    return (Restored(call.operation, "remade", password, user),) if password else ()


def _trail(call: Call, *, on: bool, named: str = "name", kind: EndKind = "silenced") -> tuple[Effect, ...]:
    """A trail by its name or its ARN; a trail of an organization is of the account that it is in."""
    name = text(call.request, named)
    if not name:
        return ()
    account, path = call.account, f"trail/{name.rpartition('/')[2]}"
    if name.startswith("arn:"):
        account = next(iter(name.split(":")[4:5]), "") or account
    trail = f"aws:{account}:{path}"
    if on:
        return (Restored(call.operation, kind, identity=trail),)
    return (Ended(call.operation, kind, identity=trail, claims_cut=False, carries=False),)


def _identity_deleted(call: Call) -> tuple[Effect, ...]:
    identity = _named(call)
    return (Ended(call.operation, "deleted", identity=identity),) if identity else ()


def _identity_created(call: Call) -> tuple[Effect, ...]:
    """A user or role made anew has another unique id: what was deleted under its name stays deleted (AWS IAM,
    "IAM identifiers")."""
    identity = _named(call)
    return (Restored(call.operation, "remade", identity=identity),) if identity else ()


def _user_renamed(call: Call) -> tuple[Effect, ...]:
    """The user keeps its unique id and its keys; what was said under the old name is said of it (AWS IAM,
    "Rename an IAM user")."""
    old, new = call.user(), user_of(call.account, text(call.request, "newUserName"))
    if not old or not new or old == new:
        return ()
    return (Aliased(old, new, at=call.time), Aliased(new, old, alive=False, at=call.time))


def _named(call: Call) -> str:
    """The user or role that the call names; never the caller's own, which such calls cannot mean."""
    return call.role() or user_of(call.account, text(call.request, "userName"))


def _policy_put(call: Call) -> tuple[Effect, ...]:
    at = cut_at(text(call.request, "policyName"), text(call.request, "policyDocument"), call.time)
    if not at or not (identity := _named(call)):
        return ()
    return (Ended(f"{call.operation} {REVOKE_OLDER}", "cut", identity=identity, at=at),)


def _policy_deleted(call: Call) -> tuple[Effect, ...]:
    if text(call.request, "policyName") != REVOKE_OLDER or not (identity := _named(call)):
        return ()
    return (Restored(f"{call.operation} {REVOKE_OLDER}", "cut", identity=identity),)


def _policy_attached(call: Call) -> tuple[Effect, ...]:
    identity, policy = _named(call), text(call.request, "policyArn")
    if identity and QUARANTINE in policy:
        return (Exposed(f"{call.operation} {policy.rpartition('/')[2]}", identity=identity),)
    if not policy.endswith(DENY_ALL) or not identity:
        return ()
    return (Ended(f"{call.operation} AWSDenyAll", "cut", identity=identity),)


def _policy_detached(call: Call) -> tuple[Effect, ...]:
    if not text(call.request, "policyArn").endswith(DENY_ALL) or not (identity := _named(call)):
        return ()
    return (Restored(f"{call.operation} AWSDenyAll", "cut", identity=identity),)


def _address_allocated(call: Call) -> tuple[Effect, ...]:
    """EC2 API, AllocateAddress: the answer has the address beside its allocation id."""
    place, thing = text(call.response, "publicIp"), text(call.response, "allocationId")
    return (Lent(_eip(call, thing), place=place),) if place and thing else ()


def _address_associated(call: Call) -> tuple[Effect, ...]:
    """EC2 API, AssociateAddress: to an instance; an interface says nothing of a session."""
    machine, place = text(call.request, "instanceId"), text(call.request, "publicIp")
    thing, named = text(call.request, "allocationId") or place, text(call.response, "associationId")
    if not machine or not thing:
        return ()
    holder = machine_key(f"aws:{call.account}", machine)
    return (Lent(_eip(call, thing), place, holder, _eip(call, named) if named else ""),)


def _address_taken(call: Call) -> tuple[Effect, ...]:
    """EC2 API, DisassociateAddress: by the id of the association, or by the address."""
    thing = text(call.request, "associationId") or text(call.request, "publicIp")
    return (Lent(_eip(call, thing)),) if thing else ()


def _started(call: Call) -> tuple[Effect, ...]:
    """EC2 API, StartInstances: of what was stopped. Its public address was given back when it stopped, and it
    has another one (EC2 user guide, "Stop and start Amazon EC2 instances"); an elastic one stays."""
    started = [
        text(one, "instanceId")
        for one in as_list(pick(call.response, "instancesSet", "items"))
        if text(one, "previousState", "name") in ("", "stopped")
    ]
    return tuple(Lent(machine_key(f"aws:{call.account}", one), anew=True) for one in started if one)


def _eip(call: Call, name: str) -> str:
    return f"aws:{call.account}:eip/{name}"


def _session(call: Call) -> tuple[Effect, ...]:
    """A session: it goes on when the key or session it was asked with is ended."""
    answer = _answer(call)
    key = text(answer, "credentials", "accessKeyId")
    if not key:
        return ()
    caller = call.caller
    parents = {caller.credential: Parent("came_from", caller.identity)} if caller.credential else {}
    expires = _expiry(call, answer)
    holder, name = _holder(call, answer), _session_name(answer)
    return (Issued(key_of(key), holder, "session", parents=parents, expires=expires, session=name),)


def _session_name(answer: Fields | None) -> str:
    """What the session is called, as the arns of its callers end (AWS STS API reference, AssumedRoleUser,
    FederatedUser)."""
    arn = text(answer, "assumedRoleUser", "arn") or text(answer, "federatedUser", "arn")
    return arn.rpartition("/")[2] if "/" in arn else ""


def _signed_in(call: Call) -> tuple[Effect, ...]:
    """A token for a sign-in to the console, asked for with a temporary credential. The record shows another
    credential, which is made for it (Sigma, "AWS Console GetSigninToken Potential Abuse")."""
    key, caller = text(call.response, "credentials", "accessKeyId"), call.caller
    if not key or not caller.identity or not caller.credential:
        return ()
    parents = {caller.credential: Parent("came_from", caller.identity)}
    expires = _expiry(call, call.response)
    return (Issued(key_of(key), caller.identity, "session", parents=parents, expires=expires),)


def _answer(call: Call) -> Fields | None:
    """IAM Roles Anywhere wraps the answer in a list of one."""
    wrapped = (call.response or {}).get("credentialSet")
    if isinstance(wrapped, list) and wrapped and isinstance(wrapped[0], dict):
        return wrapped[0]
    return call.response


def _holder(call: Call, answer: Fields | None) -> str:
    """Whose the session is: the role assumed, the account's root (AssumeRoot), else the caller's own. Of an
    identity pool's it is only known once it is used."""
    role = of_arn(text(answer, "assumedRoleUser", "arn")) or of_arn(text(call.request, "roleArn"))
    if role:
        return role
    if call.operation == "AssumeRoot":
        target = text(call.request, "targetPrincipal")
        return of_arn(target) or (f"aws:{target}:root" if target.isdigit() else "")
    return call.caller.identity if call.operation in OWN_SESSIONS else ""


OWN_SESSIONS = frozenset({"GetSessionToken", "GetFederationToken", "GetDelegatedAccessToken"})


def _expiry(call: Call, answer: Fields | None) -> int:
    text = (answer or {}).get("credentials", {}).get("expiration")
    if text and (expires := micros_of(str(text))):
        return expires
    seconds = (call.request or {}).get("durationSeconds")
    span = int(seconds) * SECOND if isinstance(seconds, int | str) and str(seconds).isdigit() else 0
    return call.time + span if 0 < span <= DURATIONS_MAX else 0


KEYS = {
    "AccessKey": ("accessKeyId", "aws:key/"),
    "ServiceSpecificCredential": ("serviceSpecificCredentialId", "aws:key/"),
    "SSHPublicKey": ("sSHPublicKeyId", "aws:key/"),
    "SigningCertificate": ("certificateId", "aws:certificate/"),
}
"""Long-lived credentials of IAM users: how requests name them, and how we do. IAM's ids with a prefix of
their own (AKIA, ACCA, APKA) are one family; a certificate's has none."""

TEACH: dict[tuple[str, str], Teach] = {
    ("iam", "CreateAccessKey"): _key_created,
    ("iam", "CreateServiceSpecificCredential"): _service_credential_created,
    ("iam", "CreateLoginProfile"): _password_created,
    ("iam", "DeleteLoginProfile"): _password_deleted,
    ("iam", "CreateUser"): _identity_created,
    ("iam", "CreateRole"): _identity_created,
    ("iam", "UpdateUser"): _user_renamed,
    ("iam", "DeleteUser"): _identity_deleted,
    ("iam", "DeleteRole"): _identity_deleted,
    ("iam", "PutRolePolicy"): _policy_put,
    ("iam", "PutUserPolicy"): _policy_put,
    ("iam", "DeleteRolePolicy"): _policy_deleted,
    ("iam", "DeleteUserPolicy"): _policy_deleted,
    ("iam", "AttachRolePolicy"): _policy_attached,
    ("iam", "AttachUserPolicy"): _policy_attached,
    ("iam", "DetachRolePolicy"): _policy_detached,
    ("iam", "DetachUserPolicy"): _policy_detached,
    ("sts", "AssumeRole"): _session,
    ("sts", "AssumeRoleWithSAML"): _session,
    ("sts", "AssumeRoleWithWebIdentity"): _session,
    ("sts", "AssumeRoot"): _session,
    ("sts", "GetSessionToken"): _session,
    ("sts", "GetFederationToken"): _session,
    ("sts", "GetDelegatedAccessToken"): _session,
    ("signin", "GetSigninToken"): _signed_in,
    ("rolesanywhere", "CreateSession"): _session,
    ("eks-auth", "AssumeRoleForPodIdentity"): _session,
    ("cognito-identity", "GetCredentialsForIdentity"): _session,
}
LENDINGS: dict[str, Teach] = {
    "AllocateAddress": _address_allocated,
    "AssociateAddress": _address_associated,
    "StartInstances": _started,
    "DisassociateAddress": _address_taken,
}
"""Calls of EC2 that give addresses to machines, by operation: no other call of it is read for effects."""


def _made_trail(call: Call) -> tuple[Effect, ...]:
    return (*_trail(call, on=True), *_trail(call, on=True, kind="narrowed"))


def _selected(call: Call) -> tuple[Effect, ...]:
    """A trail that is told to leave out calls of management: all of them, the reads or the writes. What a
    trail for data alone is told when it is made leaves nothing out that it had."""
    request = call.request or {}
    plain, advanced = request.get("eventSelectors"), request.get("advancedEventSelectors")
    selectors = [
        s for many in (plain, advanced) if isinstance(many, list) for s in many if isinstance(s, dict)
    ]
    if not selectors:
        return ()
    return _trail(call, on=any(map(_takes_all, selectors)), named="trailName", kind="narrowed")


def _takes_all(selector: Fields) -> bool:
    """Whether a selector, of either form, takes all calls of management; to leave out those of one service
    (``eventSource``) is what AWS offers to save costs."""
    fields = selector.get("fieldSelectors")
    if isinstance(fields, list):
        asked = {str(f.get("field")): f for f in fields if isinstance(f, dict)}
        return "Management" in asked.get("eventCategory", {}).get("equals", []) and "readOnly" not in asked
    return selector.get("includeManagementEvents", True) is True and selector.get("readWriteType", "All") in (
        "All",
        None,
    )


TRAILS: dict[str, Teach] = {
    "CreateTrail": _made_trail,
    "PutEventSelectors": _selected,
    "StopLogging": partial(_trail, on=False),
    "DeleteTrail": partial(_trail, on=False),
    "StartLogging": partial(_trail, on=True),
    # Event data stores of CloudTrail Lake, by their ARN.
    "StopEventDataStoreIngestion": partial(_trail, on=False, named="eventDataStore"),
    "DeleteEventDataStore": partial(_trail, on=False, named="eventDataStore"),
    "StartEventDataStoreIngestion": partial(_trail, on=True, named="eventDataStore"),
    "RestoreEventDataStore": partial(_trail, on=True, named="eventDataStore"),
}
TEACH |= {("cloudtrail", operation): teach for operation, teach in TRAILS.items()}


def _cluster_created(call: Call) -> tuple[Effect, ...]:
    name = text(call.request, "name")
    return (
        (Restored(call.operation, "remade", identity=f"aws:{call.account}:cluster/{name}"),) if name else ()
    )


TEACH["eks", "CreateCluster"] = _cluster_created

SESSIONS: dict[tuple[str, str], Teach] = {
    ("ssm", "StartSession"): _session_opened,
    ("ssm", "ResumeSession"): _session_opened,
    ("ssm", "TerminateSession"): _session_ended,
    ("ecs", "ExecuteCommand"): _session_opened,
}
TEACH |= SESSIONS

OF_OTHERS = frozenset(
    {
        *LENDINGS,
        *TRAILS,
        *OF_CLUSTERS,
        "CreateCluster",
        "GetSigninToken",
        *(operation for _, operation in SESSIONS),
    }
)
"""Calls of other services than those about identities that have effects."""

TEACH |= {("ec2", operation): teach for operation, teach in LENDINGS.items()}
for _what, (_named_by, _prefix) in KEYS.items():
    TEACH["iam", f"Delete{_what}"] = partial(_deleted, named=_named_by, prefix=_prefix)
    TEACH["iam", f"Update{_what}"] = partial(_switched, named=_named_by, prefix=_prefix)
