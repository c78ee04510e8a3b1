"""What kind of use an API call is: tables of services and the beginnings of their calls."""

from __future__ import annotations

from schemas.activity import Action

IDENTITY_WRITES: dict[str, tuple[str, ...]] = {
    "iam": (
        "Accept", "Add", "Associate", "Attach", "Change", "Create", "Deactivate", "Delegate", "Delete",
        "Detach", "Disable", "Enable", "Put", "Remove", "Reset", "Resync", "Set", "Tag", "Untag", "Update",
        "Upload",
    ),
    # A session outlives the key that it was asked with: a new credential, like any other.
    "sts": ("AssumeRo", "GetDelegatedAccessToken", "GetFederationToken", "GetSessionToken",
    "GetWebIdentityToken"), "organizations": (
        "Accept", "Attach", "Close", "Create", "Delete", "Deregister", "Detach", "Disable", "Enable",
        "Invite", "Leave", "Move", "Put", "Register", "Remove", "Update",
    ),
    "sso": ("Associate", "Attach", "Create", "Delete", "Detach", "Disassociate", "Provision", "Put",
    "Update"), "sso-directory": ("Add", "Create", "Delete", "Disable", "Enable", "Remove", "Reset", "Start",
    "Update"), "identitystore": ("Create", "Delete", "Update"),
    "kms": ("CreateGrant", "PutKeyPolicy", "ReplicateKey", "RetireGrant", "RevokeGrant"),
    "rolesanywhere": ("Create", "Delete", "Disable", "Enable", "Import", "Put", "Reset", "Update"),
    "eks": (
        "AssociateAccessPolicy", "CreateAccessEntry", "CreatePodIdentityAssociation", "DeleteAccessEntry",
        "DisassociateAccessPolicy", "UpdateAccessEntry", "UpdatePodIdentityAssociation",
    ),
    "secretsmanager": ("DeleteResourcePolicy", "PutResourcePolicy"),
    "ram": ("AcceptResourceShare", "AssociateResourceShare", "CreateResourceShare"),
}  # fmt: skip
"""Writes to identities, credentials, trust or access."""

SECRET_READS: dict[str, tuple[str, ...]] = {
    "secretsmanager": ("GetSecretValue", "BatchGetSecretValue"),
}
"""Reads of secrets. KMS ``Decrypt`` is none: whatever stores anything encrypted calls it, for every read."""

DECRYPTED_READS: dict[str, tuple[str, ...]] = {"ssm": ("GetParameter",)}
"""Reads of a secret only where the caller asked for it decrypted (``withDecryption``); else it stays
sealed."""


def action_of(service: str, operation: str, decrypted: bool) -> Action:
    """Returns the action of a call by its caller; ``decrypted``: it asked for what it reads in clear."""
    if operation.startswith(IDENTITY_WRITES.get(service, ())):
        return "identity_write"
    if operation.startswith(SECRET_READS.get(service, ())):
        return "secret_read"
    return "secret_read" if decrypted and operation.startswith(DECRYPTED_READS.get(service, ())) else ""
