"""What a call hands out or keeps alive: tokens, secret ids, leases, wrapping tokens."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.activity import Edge, Effect, Issued, Known, Parent, Renewed
from schemas.credential_kind import CredentialKind
from schemas.evidence import SECOND
from schemas.sources.vault.call import Call
from schemas.sources.vault.use import login_secret
from schemas.sources.vault.wire import Auth, Wrap

SPONSORED = "sponsored"
"""Incarnation of what is only kept in an entity's dossier: it has no entity of its own, so the deletion of
that one does not end it."""

FOREVER = 250_000_000_000 * SECOND
"""Beyond any calendar: a credential that would expire later does not expire."""

BATCH = "batch:"
TOKENS = "token:"
SECRET_IDS = "secret-id:"
"""How paths in a group begin that must not fall to every end of it: batch tokens outlive their mount,
tokens their role, and secret ids are no leases."""

SHARED_POLICIES = frozenset({"default", "root", "response-wrapping"})
"""Policies that everybody has, or that cannot be deleted, make no groups."""

ROLE_NAMES = (("role_name", "role"), ("role", "role"), ("username", "users"), ("cert_name", "certs"))
"""Metadata of a token, and the step under its mount where the role of that name is kept."""


def issues_of(call: Call) -> Iterator[Effect]:
    """Yields the effects of a call that succeeded."""
    path, response = call.path, call.response
    if response is None:
        return
    if call.issued:
        yield from _token(call, call.issued)
    if response.wrap_info:
        yield from _wrapped(call, response.wrap_info)
    if response.secret and response.secret.lease_id:
        yield from _lease(call, response.secret.lease_id)
    if call.answered("secret_id") and _hands_out_secret_ids(call):
        yield from _secret_id(call)
    elif path.startswith("sys/generate-root") and call.response_data.get("complete") is True:
        yield _root(call)


def _token(call: Call, auth: Auth) -> Iterator[Effect]:
    credential, names = call.keys_of(auth.client_token, auth.accessor)
    entity = call.entity_key(auth.entity_id) if auth.entity_id else ""
    if call.path.startswith(("auth/token/renew", "sys/renew", "sys/leases/renew")):
        yield Renewed(credential, entity, _expiry(call, auth.token_ttl))
        return
    yield Issued(
        credential,
        entity or sponsor_of(call),
        kind=_kind(auth),
        names=names,
        parents=_parents(call, entity),
        groups=dict(_groups(call, auth)),
        expires=_expiry(call, auth.token_ttl),
        max_uses=max(auth.num_uses or 0, 0),
        incarnation="" if entity else SPONSORED,
    )


def sponsor_of(call: Call) -> str:
    """Returns whose dossier holds a token that has no entity: the caller's entity, else the caller's token. A
    login has no caller."""
    return (call.identity or call.presented[0]) if call.path.startswith("auth/token/") else ""


def _kind(auth: Auth) -> CredentialKind:
    if "root" in (auth.policies or ()):
        return "root"
    return "batch" if auth.token_type == "batch" else "service"


def _expiry(call: Call, seconds: int | None) -> int:
    """When ``seconds`` from the call are over, in µs; 0 for a token without TTL."""
    expires = call.time + seconds * SECOND if seconds and seconds > 0 else 0
    return expires if expires < FOREVER else 0


def _parents(call: Call, entity: str) -> dict[str, Parent]:
    if call.path.startswith("sys/wrapping/"):
        return {call.presented[0]: Parent("made_by")} if call.presented[0] else {}
    if call.path.startswith("auth/token/"):
        parent = call.presented[0]
        return {parent: Parent(_edge(call, entity), call.identity)} if parent else {}
    secret = login_secret(call)
    return {secret: Parent("came_from", entity)} if secret else {}


def _edge(call: Call, entity: str) -> Edge:
    """Whether a created token dies with its maker. An orphan inherits no entity. A role may make orphans,
    and give them the entity of an alias, and the line does not say so: where the entity does not tell
    either, no death is carried, for a wrong one would accuse a healthy token."""
    orphan = call.request_data.get("no_parent") in (True, "true") or call.path == "auth/token/create-orphan"
    if orphan or call.identity != entity:
        return "made_by"
    if call.path.startswith("auth/token/create/") and not call.identity:
        return "made_by"
    return "dies_with"


def mount_group(path: str) -> str:
    """Returns the first step of a path (two for auth mounts): the group in which the tokens and leases below
    it are found."""
    steps = path.split("/", 2 if path.startswith("auth/") else 1)
    return "/".join(steps[:-1]) + "/" if len(steps) > 1 else f"{path}/"


def _groups(call: Call, auth: Auth) -> Iterator[tuple[str, str]]:
    """Namespace, mount or lease prefix, role and policies: group key and the path of the token in it."""
    path = call.path
    yield from _namespace(call).items()
    if path.startswith("auth/"):
        batch = BATCH if auth.token_type == "batch" else ""
        yield call.group(mount_group(path)), f"{batch}{path.rstrip('/')}/"
        role = _role(call, auth)
        if role:
            yield call.group(role), TOKENS
    for policy in auth.policies or ():
        if policy not in SHARED_POLICIES:
            yield call.group(f"policy/{policy}"), TOKENS


def _namespace(call: Call) -> dict[str, str]:
    """The namespace with which everything in it ends; the root one never does."""
    return {call.namespace_group(call.ns): call.path} if call.ns else {}


def _role(call: Call, auth: Auth) -> str:
    """Where the role that the token was issued by is kept; "" where the line names none."""
    if call.path.startswith("auth/token/"):
        made = call.path.removeprefix("auth/token/create/")
        return f"auth/token/roles/{made}" if made and made != call.path else ""
    for name, step in ROLE_NAMES:
        value = (auth.metadata or {}).get(name)
        if isinstance(value, str) and value:
            return f"{login_mount(call)}{step}/{value}"
    return ""


def login_mount(call: Call) -> str:
    """Returns the mount of an auth path, with its last slash and without its namespace."""
    mount = (call.request.mount_point or "").removeprefix(call.ns)
    if mount and call.path.startswith(mount):
        return mount
    return mount_group(call.path)


def _wrapped(call: Call, wrap: Wrap) -> Iterator[Effect]:
    """The wrapping token, good for one unwrap; and what is in it, known by its accessor until the unwrap
    shows the rest."""
    credential, names = call.keys_of(wrap.token, wrap.accessor)
    maker = call.presented[0] if call.authenticated else ""
    if wrap.wrapped_accessor and call.path.endswith("/secret-id"):
        yield _secret_id_issued(call, call.secret_id_accessor_key(wrap.wrapped_accessor), ())
    elif wrap.wrapped_accessor and call.path.startswith("auth/token/create"):
        yield Issued(
            call.accessor_key(wrap.wrapped_accessor),
            sponsor_of(call),
            parents=_parents(call, "" if call.path.startswith("auth/token/create/") else call.identity),
        )
    elif wrap.wrapped_accessor and wrap.wrapped_accessor == call.auth.accessor:
        yield from _token(call, call.auth)
        maker = ""
    if credential:
        yield Issued(
            credential,
            call.identity or maker,
            kind="wrapping",
            names=names,
            parents={maker: Parent("made_by", call.identity)} if maker else {},
            expires=_expiry(call, wrap.ttl),
            max_uses=1,
            incarnation=SPONSORED,
        )


def _lease(call: Call, lease: str) -> Iterator[Effect]:
    key = call.lease_key(lease)
    if call.path.startswith(("sys/leases/", "sys/renew")):
        # Only a renewal shows the HMAC of a lease id beside the id itself: it joins a revocation by HMAC.
        hidden = call.asked("lease_id")
        if hidden and hidden != lease:
            yield Known(key, key, "lease", (call.lease_key(hidden),))
        return
    token = call.presented[0]
    yield Issued(
        key,
        call.identity or token,
        kind="lease",
        parents={token: Parent("dies_with", call.identity)} if token else {},
        groups={call.group(mount_group(lease)): f"{lease}/"},
        incarnation=SPONSORED,
    )


def _hands_out_secret_ids(call: Call) -> bool:
    """Users store secret ids under that very name as well."""
    if call.path.startswith("sys/wrapping/"):
        return bool(call.answered("secret_id_accessor"))
    return call.path.startswith("auth/") and call.path.endswith(("/secret-id", "/custom-secret-id"))


def _secret_id(call: Call) -> Iterator[Effect]:
    secret = call.secret_id_key(call.answered("secret_id"))
    accessor = call.answered("secret_id_accessor")
    names = (call.secret_id_accessor_key(accessor),) if accessor else ()
    if call.path.startswith("sys/wrapping/"):
        yield Known(secret, secret, "secret_id", names)
    else:
        yield _secret_id_issued(call, secret, names)


def _secret_id_issued(call: Call, key: str, names: tuple[str, ...]) -> Issued:
    """Without identity: it gets that of the entity that logs in with it."""
    maker = call.presented[0]
    role = call.path.removesuffix("/secret-id").removesuffix("/custom-secret-id")
    return Issued(
        key,
        kind="secret_id",
        names=names,
        parents={maker: Parent("made_by", call.identity)} if maker else {},
        groups={
            call.group(mount_group(call.path)): f"{SECRET_IDS}{role}/",
            call.group(role): SECRET_IDS,
            **_namespace(call),
        },
        expires=_expiry(call, _number(call, "secret_id_ttl")),
        max_uses=_number(call, "secret_id_num_uses"),
        incarnation=SPONSORED,
    )


def _root(call: Call) -> Issued:
    """The new root token is shown encoded only: nothing joins it to its uses, so it goes by the call
    that made it."""
    return Issued(f"{call.prefix}root/{call.request.id}", call.identity or call.presented[0], kind="root")


def _number(call: Call, name: str) -> int:
    value = call.response_data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < FOREVER else 0
