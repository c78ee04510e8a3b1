"""How a call ended, with which credential, and what kind of use it was."""

from __future__ import annotations

import re
from typing import NamedTuple

from schemas.activity import Action, Outcome
from schemas.sources.vault.call import Call

LOGIN = re.compile(r"auth/[^/]+/(?:login|callback|oidc/callback)(?:/|$)")
LOGIN_STEPS = ("login", "callback", "oidc/callback")
"""Steps below an auth mount at which its methods log in, each perhaps followed by a name."""

NOT_WRAPPING = "wrapping token is not valid"
REFUSALS = ("permission denied", "bad token", "invalid token", NOT_WRAPPING)
"""Errors with which a server says that it does not know the token. Any other error without an accepted
token tells nothing about it."""

SERVER_FAULT = re.compile(
    r"internal error|timeout|deadline|context canceled|sealed|standby|not active|unavailable|rate limit|quota"
    r"|connection|no such host"
)
"""A login that the server could not judge refuses no credential."""

WRAPPING_USES = ("sys/wrapping/unwrap", "sys/wrapping/rewrap")
SHOWS_WRAPPING = (*WRAPPING_USES, "sys/wrapping/lookup")
"""Calls that present a wrapping token, in the body or in place of the caller's own. A look-up uses nothing
up."""

SILENT = (*SHOWS_WRAPPING, "sys/seal", "sys/step-down")
"""Calls of which a refusal is logged on the request line only: no response line ever follows."""

WRITES = frozenset({"create", "update", "patch", "delete", "recover"})
IDENTITY_PATHS = (
    "auth/",
    "identity/",
    "sys/policies/",
    "sys/policy/",
    "sys/auth/",
    "sys/generate-root",
    "sys/mfa/method/",
)
HARMLESS = re.compile(
    r"auth/token/(?:lookup|lookup-self|lookup-accessor|renew|renew-self|renew-accessor|revoke-self|tidy)(?:/|$)"
    r"|auth/.+/role/[^/]+/secret-id(?:-accessor)?/lookup$"
    r"|auth/[^/]+/tidy/|identity/lookup/|identity/oidc/introspect$"
)
"""Calls that are written as updates and change nobody's access, or only end the caller's own."""

NO_SECRETS = ("auth/", "sys/", "identity/")
NOT_READ = frozenset(
    {
        "metadata",
        "config",
        "roles",
        "role",
        "keys",
        "certs",
        "ca",
        "ca_chain",
        "crl",
        "subkeys",
        "issuers",
        "issuer",
    }
)
VALUE_MOUNTS = frozenset({"kv", "generic", "cubbyhole", ""})
ISSUING = frozenset({"creds", "static-creds", "sts", "code", "export", "token"})
"""First steps below a dynamic engine's mount whose reading gives a secret."""


class Use(NamedTuple):
    """Credential "" where the call was made with none, or where what it carried was not looked at."""

    outcome: Outcome
    credential: str = ""
    names: tuple[str, ...] = ()
    identity: str = ""


def use_of(call: Call) -> Use:
    """Returns who uses which credential. A login is a use of what was logged in with, whatever old token came
    along; everything else of the token presented."""
    if is_login(call):
        return _login(call)
    credential, names = call.presented
    if call.path in SHOWS_WRAPPING and call.asked("token") and NOT_WRAPPING in (call.line.error or ""):
        # The caller's own token, which may stand beside it, was not looked at.
        return Use("unauthenticated", call.token_key(call.asked("token")))
    if call.authenticated:
        return Use(_authenticated(call), credential, names, call.identity)
    if not call.refused:
        return Use("succeeded")
    if not any(words in (call.line.error or "") for words in REFUSALS):
        return Use("unknown", credential, names)
    return Use("unauthenticated", credential, names)


INVALID = "invalid credentials"
"""What AppRole says of a secret id that it does not know, once it has found the role. Of an unknown role id,
or of an address outside the bounds of the secret id, the answer alone speaks, which is HMAC'd
(openbao/openbao and hashicorp/vault, approle path_login.go)."""


def is_aside(call: Call, outcome: Outcome) -> bool:
    """Says whether a refusal is about something beside what was presented: of a token that the server
    still knows it writes the accessor (bounds and a disabled entity are looked at after that;
    request_handling.go)."""
    if outcome != "unauthenticated":
        return False
    if is_login(call):
        return INVALID not in (call.line.error or "")
    return bool(call.request.client_token_accessor)


def asked_of(call: Call) -> str:
    """Returns what was presented to what: a secret id to a role, a token to a namespace; "" for the root
    one."""
    if is_login(call):
        role = call.asked("role_id")
        return f"{call.prefix}role-id/{call.masked(role)}" if role else ""
    return call.namespace_group(call.ns) if call.ns else ""


def is_login(call: Call) -> bool:
    """Says whether a call is a login. Any path may log in that hands out a token; a refused login is told
    from its path."""
    if call.issued:
        return not call.path.startswith(("auth/token/", "sys/wrapping/"))
    mount = (call.request.mount_point or "").removeprefix(call.ns)
    if mount.startswith("auth/") and call.path.startswith(mount):
        below = f"{call.path.removeprefix(mount)}/"
        return mount != "auth/token/" and any(below.startswith(f"{step}/") for step in LOGIN_STEPS)
    return LOGIN.match(call.path) is not None


def login_secret(call: Call) -> str:
    """Returns the key of the secret id that a login presented; "" for other methods."""
    secret = call.asked("secret_id")
    return call.secret_id_key(secret) if secret else ""


def _login(call: Call) -> Use:
    secret = login_secret(call)
    issued = call.issued
    if issued:
        return Use("succeeded", secret, (), call.entity_key(issued.entity_id) if issued.entity_id else "")
    if call.response and call.response.wrap_info:
        return Use("succeeded", secret, (), call.identity)
    if not call.refused or SERVER_FAULT.search(call.line.error or ""):
        return Use("unknown", secret)
    return Use("unauthenticated", secret)


def _authenticated(call: Call) -> Outcome:
    if not call.refused:
        return "succeeded"
    results = call.auth.policy_results
    denied = results is not None and results.allowed is False
    return "forbidden" if denied or "permission denied" in (call.line.error or "") else "failed"


def action_of(call: Call) -> Action:
    """Returns the action that a call is: a read of secrets, a write of identities, or "" for anything
    else."""
    path = call.path
    if path.startswith(NO_SECRETS):
        return _managed(call)
    if call.operation != "read":
        leased = call.response.secret if call.response else None
        return "secret_read" if leased and leased.lease_id else ""
    kind = call.request.mount_type or ""
    mount = (call.request.mount_point or "").removeprefix(call.ns)
    below = path.removeprefix(mount) if mount and path.startswith(mount) else path.partition("/")[2]
    step = below.partition("/")[0]
    if kind in VALUE_MOUNTS:
        return "" if step in NOT_READ else "secret_read"
    return "secret_read" if step in ISSUING else ""


def _managed(call: Call) -> Action:
    path = call.path
    if path in ("auth/token/renew-self", "auth/token/renew") and _own(call):
        return "renew"
    if call.operation not in WRITES or not path.startswith(IDENTITY_PATHS):
        return ""
    if is_login(call) or HARMLESS.match(path):
        return ""
    return "" if path == "auth/token/revoke" and _own(call) else "identity_write"


def _own(call: Call) -> bool:
    """Whether a call about a token is about the caller's own."""
    return call.path.endswith("-self") or call.asked("token") in ("", call.request.client_token)
