"""How a call ended, and what kind of use it was."""

from __future__ import annotations

from schemas.activity import Action, Outcome
from schemas.sources.gcp.wire import Authorization, Payload

CODES: dict[int, tuple[str, Outcome]] = {
    0: ("", "succeeded"),
    1: ("CANCELLED", "unknown"),
    2: ("UNKNOWN", "unknown"),
    3: ("INVALID_ARGUMENT", "failed"),
    4: ("DEADLINE_EXCEEDED", "unknown"),
    5: ("NOT_FOUND", "failed"),
    6: ("ALREADY_EXISTS", "failed"),
    7: ("PERMISSION_DENIED", "forbidden"),
    8: ("RESOURCE_EXHAUSTED", "failed"),
    9: ("FAILED_PRECONDITION", "failed"),
    10: ("ABORTED", "failed"),
    11: ("OUT_OF_RANGE", "failed"),
    12: ("UNIMPLEMENTED", "failed"),
    13: ("INTERNAL", "unknown"),
    14: ("UNAVAILABLE", "unknown"),
    15: ("DATA_LOSS", "failed"),
    16: ("UNAUTHENTICATED", "unauthenticated"),
}
"""``google.rpc.Code``. A server that failed or was not reached decides nothing about the credential."""

HTTP: dict[int, Outcome] = {401: "unauthenticated", 403: "forbidden"}
"""A few services (Cloud Storage, older Compute) write the HTTP status instead."""

IDENTITY_WRITES = frozenset({
    "setiampolicy", "setiampermissions", "setorgpolicy",
    "createserviceaccount", "deleteserviceaccount", "undeleteserviceaccount", "enableserviceaccount",
    "disableserviceaccount", "patchserviceaccount", "updateserviceaccount",
    "createserviceaccountkey", "uploadserviceaccountkey", "deleteserviceaccountkey",
    "enableserviceaccountkey", "disableserviceaccountkey", "createrole", "updaterole", "deleterole",
    "undeleterole", "generateaccesstoken", "generateidtoken", "signjwt", "signblob", "exchangetoken",
    "addgroupmember", "removegroupmember", "createmembership", "insertprojectownershipinvite",
    "importsshpublickey", "createoauthclientcredential", "assignrole", "adddelegatedadmin",
    "inboundssoprofilecreated", "inboundssoprofileupdated", "inboundssoprofiledeleted",
    "setserviceaccount",
})  # fmt: skip
"""Writes to identities, credentials, trust or access, by the method's last word. A token made for another
account is a new credential, like a key."""

IDENTITY_PARTS = ("workloadidentitypool", "workforcepool", "apikeys.", "hmackeys.")
READS = ("get", "list", "search", "lookup", "test", "query", "check")

SECRET_READS = frozenset({"accesssecretversion"})


def outcome_of(payload: Payload) -> tuple[Outcome, str]:
    """Returns the outcome and the name of the error: no status, or one without a code, is a success.

    Where there is no status at all but every permission was looked up and none was granted, it was forbidden.
    """
    code = payload.status.code if payload.status else None
    if code is None and payload.status is None and _none_granted(payload.authorization_info):
        return "forbidden", "PERMISSION_DENIED"
    if not code:
        return "succeeded", ""
    if code in CODES:
        name, outcome = CODES[code]
        return outcome, name
    return HTTP.get(code, "failed" if 400 <= code < 500 else "unknown"), str(code)


def _none_granted(looked_up: list[object]) -> bool:
    """Said in so many words: Google itself leaves ``granted`` out where it is false."""
    grants = [Authorization.model_validate(one).granted for one in looked_up]
    return bool(grants) and all(granted is False for granted in grants)


def action_of(method: str) -> Action:
    """Returns the action that a method is: a write of identities, a read of secrets, or "" for anything
    else."""
    whole = method.lower()
    word = whole.rpartition(".")[2]
    if word in IDENTITY_WRITES:
        return "identity_write"
    if word in SECRET_READS:
        return "secret_read"
    if any(part in whole for part in IDENTITY_PARTS) and not word.startswith(READS):
        return "identity_write"
    return ""
