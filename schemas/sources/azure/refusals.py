"""How a sign-in ended: Entra's codes (AADSTS) as outcomes.

Source: Microsoft, "Microsoft Entra authentication and authorization error codes".
"""

from __future__ import annotations

from schemas.activity import Outcome

CODES: dict[int, Outcome] = {
    0: "succeeded",
    # The secret, certificate or assertion was not accepted.
    7000215: "unauthenticated",  # invalid client secret
    7000222: "unauthenticated",  # the client secret has expired
    7000218: "unauthenticated",  # no secret or assertion
    7000212: "unauthenticated",  # no certificate of this name
    700027: "unauthenticated",  # the assertion's signature matches no registered certificate
    700023: "unauthenticated",  # the assertion's audience
    700024: "unauthenticated",  # the assertion is outside its time
    700030: "unauthenticated",  # invalid certificate
    50012: "unauthenticated",  # the certificate or assertion failed
    70021: "unauthenticated",  # no federated credential for this assertion
    700211: "unauthenticated",  # no federated credential for its issuer
    700212: "unauthenticated",  # … its audience
    700213: "unauthenticated",  # … its subject
    700222: "unauthenticated",  # the assertion has expired
    # The account is not there or switched off.
    700016: "unauthenticated",  # no such application
    7000112: "unauthenticated",  # the application is disabled
    7000113: "unauthenticated",  # the application may not be used here
    50034: "unauthenticated",  # no such user
    50057: "unauthenticated",  # the user is disabled
    50053: "unauthenticated",  # the account is locked
    500014: "forbidden",  # the service principal of the resource is disabled
    500011: "failed",  # no such resource in the tenant
    # A token or session was revoked or has expired.
    50173: "unauthenticated",  # the grant was revoked: sign in anew
    50132: "unauthenticated",  # the session was revoked
    50133: "unauthenticated",  # the session ended with the password
    50013: "unauthenticated",  # the assertion is not valid
    50078: "unauthenticated",  # the second factor has expired
    50089: "unauthenticated",  # the flow token has expired
    54005: "unauthenticated",  # the code was redeemed before
    65005: "failed",
    70000: "unauthenticated",  # invalid grant
    70008: "unauthenticated",  # the code or refresh token has expired
    70043: "unauthenticated",  # the refresh token has expired by policy
    700081: "unauthenticated",
    700082: "unauthenticated",  # the refresh token has expired by inactivity
    700084: "unauthenticated",
    # A person's password.
    50126: "unauthenticated",  # wrong name or password
    50055: "unauthenticated",  # the password has expired
    50056: "unauthenticated",
    50064: "unauthenticated",
    50144: "unauthenticated",
    # Accepted, and denied.
    50105: "forbidden",  # not assigned to the application
    53000: "forbidden",
    53001: "forbidden",
    53002: "forbidden",
    53003: "forbidden",  # conditional access
    53004: "forbidden",
    530031: "forbidden",
    530032: "forbidden",
    530034: "forbidden",
    65001: "forbidden",  # no consent
    90094: "forbidden",  # an administrator's consent is asked for
    # Accepted so far, and more was asked for.
    50058: "unknown",
    50072: "unknown",
    50074: "unknown",
    50076: "unknown",
    50079: "unknown",
    50097: "unknown",
    50125: "unknown",
    50140: "unknown",
    50158: "unknown",
}
"""A code that is not here decides nothing about the credential."""


def outcome_of(code: int | None) -> tuple[Outcome, str]:
    """Returns the outcome and the error as Microsoft names it."""
    if code is None:
        return "unknown", ""
    return CODES.get(code, "unknown"), f"AADSTS{code}" if code else ""
