"""What a call ends, restores, or tried in vain to end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.activity import Effect, Ended, EndFailed, EndKind, Known, Outcome, Restored
from schemas.sources.vault.call import HMAC, Call
from schemas.sources.vault.issues import BATCH, SECRET_IDS, TOKENS, mount_group
from schemas.sources.vault.use import WRAPPING_USES

FOUND_NOTHING = re.compile(
    r"no [a-z ]{1,40}found|not found|nothing|does not exist|unknown|invalid|fail|unable|could not|cannot",
    re.IGNORECASE,
)
"""A warning that turns a successful revocation into none (an unknown accessor gives 200 and "No token
found with this accessor")."""

PREFIX_ENDS = re.compile(r"sys/(?:leases/)?(revoke-prefix|revoke-force)/(.+)")
LEASE_ENDS = re.compile(r"sys/(?:leases/)?revoke(?:/(.+))?")
MOUNTS = re.compile(r"sys/(auth|mounts)/(.+)")
NAMESPACES = re.compile(r"sys/namespaces/([^/]+/?)")
ROLES = re.compile(r"auth/.+/(?:role|roles|users|user|certs)/[^/]+")
POLICIES = re.compile(r"sys/(?:policies/acl|policy)/(.+)")
AUDIT = re.compile(r"sys/audit/(.+)")
ENTITIES = re.compile(r"identity/entity(?:/(id|name)/(.+))?")
SECRET_ID_ENDS = re.compile(r"auth/.+/role/[^/]+/(secret-id|secret-id-accessor)/destroy(?:/.*)?")


WAITS = "needs further approval"
"""Error of an unwrap before a control group has approved it: the wrapping token waits."""

NAMED_IN_PATH = re.compile(r"auth/token/(revoke|revoke-orphan|revoke-accessor)/.+")

BY_HMAC = (
    "names by HMAC what the rest of this log shows in clear: this end joins no credential; "
    "list the field in the mount's audit_non_hmac_request_keys"
)
IN_PATH = (
    "names in clear what the rest of this log shows by HMAC: this end joins no credential; "
    "revoke with the token or accessor in the body"
)


def exhausted(call: Call) -> Iterator[Effect]:
    """Yields the end of a token by its last use: ``remaining_uses`` is as it stood before the call, whatever
    became of the call, so 1 was the last."""
    credential = call.presented[0]
    if WAITS in (call.line.error or ""):
        return
    if (
        call.path in WRAPPING_USES
        and call.asked("token")
        and "response-wrapping" not in (call.auth.policies or ())
    ):
        credential = call.token_key(call.asked("token"))
    elif call.auth.remaining_uses != 1 and call.path not in WRAPPING_USES:
        return
    if credential:
        yield Ended("its last allowed use", "exhausted", credential, carries=call.path not in WRAPPING_USES)


def ends_of(call: Call, outcome: Outcome) -> Iterator[Effect]:
    """Yields the effects of a call whose token was accepted and which was not denied."""
    if outcome not in ("succeeded", "failed"):
        return
    took = outcome == "succeeded" and not _found_nothing(call)
    path = call.path
    if path.startswith("auth/token/revoke"):
        yield from _token(call, took)
    elif path.startswith("auth/"):
        yield from _auth(call, took)
    elif not took:
        return
    elif path.startswith("sys/"):
        yield from _system(call)
    elif path.startswith("identity/entity"):
        yield from _entity(call)


def _found_nothing(call: Call) -> bool:
    warnings = (call.response.warnings if call.response else None) or ()
    return any(isinstance(w, str) and FOUND_NOTHING.search(w) for w in warnings)


def _token(call: Call, took: bool) -> Iterator[Effect]:
    verb, _, named = call.path.removeprefix("auth/token/").partition("/")
    identity = ""
    if verb == "revoke-self":
        credential, identity = call.presented[0], call.identity
    elif verb == "revoke-accessor":
        accessor = named or call.asked("accessor")
        credential = call.accessor_key(accessor) if accessor else ""
    elif verb in ("revoke", "revoke-orphan"):
        token = named or call.asked("token")
        credential = call.token_key(token) if token else ""
    else:
        return
    how = f"auth/token/{verb}"
    if not credential:
        return
    if took:
        yield Ended(how, "revoked", credential, identity, carries=verb != "revoke-orphan")
    else:
        yield EndFailed(how, credential, identity)


def _auth(call: Call, took: bool) -> Iterator[Effect]:
    secret_id = SECRET_ID_ENDS.fullmatch(call.path)
    if secret_id and secret_id[1] == "secret-id" and call.asked("secret_id"):
        yield _secret_id(call, took, call.secret_id_key(call.asked("secret_id")), secret_id[1])
    elif secret_id and secret_id[1] == "secret-id-accessor" and call.asked("secret_id_accessor"):
        key = call.secret_id_accessor_key(call.asked("secret_id_accessor"))
        yield _secret_id(call, took, key, secret_id[1])
    elif took and call.operation == "delete" and ROLES.fullmatch(call.path):
        # Tokens outlive their role by design; its secret ids do not, and their death is not the tokens'.
        yield _group(call, f"{call.path} deleted", call.path, TOKENS, "removed")
        yield _group(call, f"{call.path} deleted", call.path, SECRET_IDS, carries=False)
    elif took and call.operation == "create" and ROLES.fullmatch(call.path):
        # The audit log says ``update`` where there was one: this one is new, or there again.
        yield Restored(f"{call.path} written", "removed", group=call.group(call.path), scope=TOKENS)


def _secret_id(call: Call, took: bool, key: str, verb: str) -> Effect:
    return Ended(f"{verb}/destroy", "revoked", key) if took else EndFailed(f"{verb}/destroy", key)


def _system(call: Call) -> Iterator[Effect]:
    path, deleted = call.path, call.operation == "delete"
    if device := AUDIT.fullmatch(path):
        yield from _audited(call, device[1].rstrip("/"), deleted)
        return
    mount = MOUNTS.fullmatch(path) if deleted else None
    policy = POLICIES.fullmatch(path) if deleted else None
    prefix = PREFIX_ENDS.fullmatch(path)
    lease = LEASE_ENDS.fullmatch(path)
    if prefix:
        scope = f"{prefix[2].rstrip('/')}/"
        yield _group(call, f"sys/leases/{prefix[1]}/{prefix[2]}", mount_group(scope), scope)
    elif lease:
        yield from _lease(call, lease[1] or call.asked("lease_id"))
    elif mount:
        yield from _mount(call, f"{'auth/' if mount[1] == 'auth' else ''}{mount[2].rstrip('/')}/")
    elif deleted and (namespace := NAMESPACES.fullmatch(path)):
        yield _namespace(call, namespace[1])
    elif policy:
        yield Ended(
            f"{path} deleted", "removed", group=call.group(f"policy/{policy[1]}"), carries=False, scope=TOKENS
        )


LESS = frozenset({"filter", "exclude"})
"""Options of an audit device by which it leaves out requests, or fields of them (HashiCorp Vault, "Audit
filters", "Audit exclusions")."""


def _audited(call: Call, device: str, deleted: bool) -> Iterator[Effect]:
    """An audit device that is disabled, or enabled. Of the last one the log shows nothing any more. All
    devices of one Vault write the same, so they stand together."""
    room = f"{call.prefix}audit"
    if deleted:
        how = f"{call.path} disabled"
        yield Ended(how, "silenced", identity=room, claims_cut=False, carries=False, scope=device)
    elif call.operation in ("create", "update"):
        yield Restored(f"{call.path} enabled", "silenced", identity=room, scope=device)
        options = call.request_data.get("options")
        if isinstance(options, dict) and not LESS.isdisjoint(options):
            how = f"{call.path} enabled with less"
            yield Ended(how, "narrowed", identity=room, claims_cut=False, carries=False, scope=device)
        else:
            yield Restored(f"{call.path} enabled", "narrowed", identity=room, scope=device)


def _namespace(call: Call, name: str) -> Ended:
    """Whatever was issued in a namespace ends with it. One that holds others cannot be deleted."""
    whole = f"{call.ns}{name.rstrip('/')}/"
    return Ended(f"{call.path} deleted", "group", group=call.namespace_group(whole))


def _mount(call: Call, mount: str) -> Iterator[Effect]:
    how = f"{call.path} disabled"
    yield _group(call, how, mount_group(mount), mount)
    if mount.startswith("auth/"):
        yield _group(call, how, mount_group(mount), f"{SECRET_IDS}{mount}", carries=False)
        yield _group(call, how, mount_group(mount), f"{BATCH}{mount}", "removed")


def _lease(call: Call, lease: str) -> Iterator[Effect]:
    if lease:
        key = call.lease_key(lease)
        yield Known(key, key, "lease")
        yield Ended("sys/leases/revoke", "revoked", key)


def _group(
    call: Call, how: str, name: str, scope: str, kind: EndKind = "group", *, carries: bool | None = None
) -> Ended:
    ended = kind == "group"
    if carries is None:
        carries = ended
    return Ended(how, kind, group=call.group(name), claims_cut=ended, carries=carries, scope=scope)


def _entity(call: Call) -> Iterator[Effect]:
    found = ENTITIES.fullmatch(call.path)
    if found is None:
        return
    by, name = found.groups()
    if by == "name":
        identity = f"{call.prefix}entity-name/{call.ns}{name}"
    else:
        named = name or call.asked("id")
        identity = call.entity_key(named) if named else ""
    disabled = call.request_data.get("disabled")
    if not identity:
        return
    if call.operation == "delete":
        # Its tokens are refused from then on, and not revoked: what they made lives by its own entity.
        yield Ended("identity/entity deleted", "deleted", identity=identity, carries=False, scope=identity)
    elif disabled in (True, "true"):
        yield Ended("identity/entity disabled", "disabled", identity=identity)
    elif disabled in (False, "false"):
        yield Restored("identity/entity enabled", "disabled", identity=identity)


def unjoined(call: Call) -> tuple[str, str]:
    """Returns the field by which a kill names its target in a way that joins nothing in this log, and what to
    do; empty where it does join."""
    if call.path == "auth/token/revoke-accessor":
        return ("request.data.accessor", BY_HMAC) if _hidden(call, "accessor") and _plain(call) else ("", "")
    if call.path == "identity/entity":
        names = [name for name in ("id", "name") if _hidden(call, name)]
        disabling = call.request_data.get("disabled") is not None
        return (f"request.data.{names[0]}", BY_HMAC) if disabling and names else ("", "")
    if call.path == "identity/entity/batch-delete":
        return "request.data.entity_ids", BY_HMAC
    if call.path == "sys/remount":
        return ("request.data.from", BY_HMAC) if _hidden(call, "from") else ("", "")
    named = NAMED_IN_PATH.fullmatch(call.path)
    if named and call.authenticated and not call.refused:
        shown = call.auth.accessor if named[1] == "revoke-accessor" else call.auth.client_token
        return ("request.path", IN_PATH) if (shown or "").startswith(HMAC) else ("", "")
    return "", ""


def _hidden(call: Call, name: str) -> bool:
    return call.asked(name).startswith(HMAC)


def _plain(call: Call) -> bool:
    """Whether this log shows accessors in clear."""
    return bool(call.auth.accessor) and not (call.auth.accessor or "").startswith(HMAC)
