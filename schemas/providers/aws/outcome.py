"""How a call ended, from the error that CloudTrail names.

Codes come bare (``AccessDenied``), with EC2's prefix (``Client.UnauthorizedOperation``) or with the SDK's
suffix (``…Exception``).
"""

from __future__ import annotations

from schemas.activity import Outcome
from schemas.remembering import remembered

UNAUTHENTICATED = frozenset({
    "ExpiredToken", "ExpiredTradeInToken", "IDPRejectedClaim", "IncompleteSignature", "InvalidAccessKeyId",
    "InvalidClientTokenId", "InvalidIdentityToken", "InvalidSignature", "InvalidToken",
    "MissingAuthenticationToken", "SignatureDoesNotMatch", "TokenRefreshRequired", "UnrecognizedClient",
})  # fmt: skip
"""The credential itself was not accepted. AWS logs few of these: most calls with a dead key leave no
record."""

OF_THE_SECRET = frozenset({"IncompleteSignature", "InvalidSignature", "SignatureDoesNotMatch"})
"""Of these: the key is known, and who signed does not have its secret."""

FORBIDDEN = frozenset({
    "AllAccessDisabled", "AuthorizationError", "Forbidden", "KMS.AccessDenied", "NotAuthorized",
    "Unauthorized", "UnauthorizedAccess", "UnauthorizedOperation", "VpceAccessDenied",
})  # fmt: skip
"""The credential was accepted and the call denied."""

UNDECIDED = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
"""A wrong clock at the caller: refused before the credential was looked at, which says nothing about it."""

NOT_VALIDATED = "not able to validate"
"""EC2's AuthFailure means two things; only with these words was the credential not accepted."""

GONE = frozenset({"NoSuchEntity", "ResourceNotFound", "NotFound"})
"""There was nothing to end: neither a kill nor a failed one."""


@remembered(4_096)
def bare(code: str) -> str:
    """Returns the error code without the prefix of its protocol and the suffix of its SDK."""
    return code.removeprefix("Client.").removeprefix("Server.").removesuffix("Exception")


def is_of_secret(code: str) -> bool:
    """Says whether a refusal with this code is about what was signed with, and says nothing about the key."""
    return bool(code) and bare(code) in OF_THE_SECRET


def outcome_of(code: str, message: str) -> Outcome:
    """Returns how a call with this error code ended.

    A dry run is ``failed``: accepted and allowed, yet nothing was carried out, so it is an authenticated
    call of a live credential and no success. AuthFailure without a message that decides is unknown.
    """
    error = bare(code)
    if error in UNAUTHENTICATED:
        return "unauthenticated"
    if error in FORBIDDEN or error.startswith("AccessDenied"):
        return "forbidden"
    if error == "AuthFailure":
        if NOT_VALIDATED in message:
            return "unauthenticated"
        return "forbidden" if message else "unknown"
    return "unknown" if error in UNDECIDED else "failed"
