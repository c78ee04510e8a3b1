"""What a call changes: a table from the method's last word to the effects that its success has.

A kill that did not succeed is ``EndFailed``, unless there was nothing to kill.
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
    Issued,
    Parent,
    Restored,
    Session,
)
from schemas.claims import BACK, GONE
from schemas.evidence import SECOND, micros
from schemas.sources.gcp.call import Call
from schemas.sources.gcp.grants import POLICIES, grants_of, logs_of
from schemas.sources.gcp.identity import account_of, key_of, named, origin_of
from schemas.sources.gcp.secrets import secret_added, secret_read, secret_turned
from schemas.times import micros_of
from schemas.wire import as_list, as_number, pick, text_at

LIFE_MAX = micros(timedelta(hours=12))
"""The longest that an organisation may allow; a longer one is no life."""

NOTHING_TO_END = frozenset({"NOT_FOUND"})

Teach = Callable[[Call], tuple[Effect, ...]]


def effects_of(call: Call) -> tuple[Effect, ...]:
    """Returns the effects of one call; refused ends become failed ends, and calls of unknown outcome have
    none."""
    teach = TEACH.get(call.word)
    if call.outcome == "succeeded" and teach is None:
        return (*grants_of(call), *logs_of(call)) if call.word in BESIDE else ()
    if teach is None or call.outcome == "unknown":
        return ()
    if call.outcome == "succeeded":
        return (*teach(call), *_aliases(call))
    if call.error in NOTHING_TO_END:
        return ()
    return tuple(
        EndFailed(effect.how, effect.credential, effect.identity)
        for effect in teach(call)
        if isinstance(effect, Ended)
    )


def _aliases(call: Call) -> tuple[Effect, ...]:
    """Later records may name the account by its unique id alone."""
    labels, answer = call.entry.resource.labels, call.payload.response
    unique = text_at(labels, "unique_id") or text_at(answer, "unique_id")
    if not unique or "@" not in call.account:
        return ()
    return (Aliased(account_of(unique), call.identity),)


def _parents(call: Call, edge: str) -> dict[str, Parent]:
    caller = call.caller
    if not caller.credential:
        return {}
    return {caller.credential: Parent("came_from" if edge == "came_from" else "made_by", caller.identity)}


def _key_made(call: Call) -> tuple[Effect, ...]:
    """A key outlives whatever its maker used by design."""
    key = call.named("key")
    if not key or not call.account:
        return ()
    text = pick(call.payload.response, "valid_before_time")
    seconds = as_number(pick(text, "seconds")) if isinstance(text, dict) else None
    expires = seconds * SECOND if seconds else micros_of(text) if isinstance(text, str) else 0
    expires = expires if expires < NEVER else 0
    named = key_of(call.account, key)
    return (
        Issued(
            named, call.identity, "service_account_key", parents=_parents(call, "made_by"), expires=expires
        ),
    )


NEVER = 253_370_764_800 * SECOND
"""9999-01-01: how Google writes that a key does not expire."""


def _key_ended(call: Call, kind: EndKind) -> tuple[Effect, ...]:
    key = call.named("key")
    if not key or not call.account:
        return ()
    return (Ended(call.method, kind, key_of(call.account, key), call.identity),)


def _key_enabled(call: Call) -> tuple[Effect, ...]:
    key = call.named("key")
    if not key or not call.account:
        return ()
    return (Restored(call.method, "disabled", key_of(call.account, key), call.identity),)


def _account_ended(call: Call, kind: EndKind) -> tuple[Effect, ...]:
    return (Ended(call.method, kind, identity=call.identity),) if call.identity else ()


def _account_restored(call: Call, kind: EndKind) -> tuple[Effect, ...]:
    return (Restored(call.method, kind, identity=call.identity),) if call.identity else ()


def _token_made(call: Call) -> tuple[Effect, ...]:
    """An access token of another account: it goes on when what it was asked with is ended.

    No use of it ever says which token it was, so it goes by the record that issued it; its uses are known by
    account and impersonator (``Caller``). How long it lives is only known where the request that is on record
    asks for something; never longer than an organisation may allow.
    """
    account, identity = call.account, call.identity
    if not account or not identity:
        return ()
    token = f"gcp:token/{account.lower()}/{call.uid}"
    life = _life(call.payload.request)
    caller = call.payload.authentication_info
    origin = origin_of(caller.service_account_delegation_info) or named(caller.principal_email)
    issued = Issued(
        token,
        identity,
        "access_token",
        parents=_parents(call, "came_from"),
        expires=call.time + life if life else 0,
        seen_as=f"gcp:impersonation/{account.lower()}/{origin}" if origin else "",
        seen_until=call.time + (life or LIFE_MAX),
    )
    return (issued,)


def _life(request: dict[str, object]) -> int:
    """``lifetime`` is ``{"seconds": 3600}`` or ``"3600s"``; 0: not on record."""
    lifetime = pick(request, "lifetime")
    seconds = (
        as_number(pick(lifetime, "seconds"))
        if isinstance(lifetime, dict)
        else as_number(str(lifetime or "").rstrip("s"))
    )
    life = (seconds or 0) * SECOND
    return life if 0 < life <= LIFE_MAX else 0


def _named_last(call: Call, part: str) -> str:
    """The last step of the answer's or request's name below ``part``."""
    for text in (
        text_at(call.payload.response, "name"),
        text_at(call.payload.request, "name"),
        call.payload.resource_name,
    ):
        if f"/{part}/" in text:
            return text.rpartition("/")[2]
    return ""


def _api_key_made(call: Call) -> tuple[Effect, ...]:
    key = _named_last(call, "keys")
    return (Issued(f"gcp:apikey/{key}", kind="api_key", parents=_parents(call, "made_by")),) if key else ()


def _api_key_ended(call: Call) -> tuple[Effect, ...]:
    key = _named_last(call, "keys")
    return (Ended(call.method, "deleted", f"gcp:apikey/{key}"),) if key else ()


def _api_key_restored(call: Call) -> tuple[Effect, ...]:
    key = _named_last(call, "keys")
    return (Restored(call.method, "deleted", f"gcp:apikey/{key}"),) if key else ()


TUNNELS = frozenset({"iap.tunnelInstances.accessViaIAP", "iap.tunnelDestGroups.accessViaIAP"})
"""What is asked of whoever wants a tunnel; a web page behind the proxy asks for another permission."""


def _tunnel_opened(call: Call) -> tuple[Effect, ...]:
    """A tunnel to a port of a machine (Google Cloud, "Using IAP for TCP forwarding", "Enable audit logs").
    No entry tells that it ended."""
    asked = {text_at(one, "permission") for one in as_list(call.payload.authorization_info)}
    if not call.caller.identity or TUNNELS.isdisjoint(asked):
        return ()
    project = text_at(call.entry.resource.labels, "project_id") or "unknown"
    return (Session(call.caller.identity, name=f"gcp:{project}:tunnel/{call.uid}"),)


TEACH: dict[str, Teach] = {
    "authorizeuser": _tunnel_opened,
    "accesssecretversion": secret_read,
    "addsecretversion": secret_added,
    "disablesecretversion": partial(secret_turned, overlap=GONE),
    "destroysecretversion": partial(secret_turned, overlap=GONE),
    "enablesecretversion": partial(secret_turned, overlap=BACK),
    "createserviceaccountkey": _key_made,
    "uploadserviceaccountkey": _key_made,
    "deleteserviceaccountkey": partial(_key_ended, kind="deleted"),
    "disableserviceaccountkey": partial(_key_ended, kind="disabled"),
    "enableserviceaccountkey": _key_enabled,
    "createserviceaccount": partial(_account_restored, kind="remade"),
    "undeleteserviceaccount": partial(_account_restored, kind="deleted"),
    "deleteserviceaccount": partial(_account_ended, kind="deleted"),
    "disableserviceaccount": partial(_account_ended, kind="disabled"),
    "enableserviceaccount": partial(_account_restored, kind="disabled"),
    "generateaccesstoken": _token_made,
    "apikeys.createkey": _api_key_made,
    "apikeys.deletekey": _api_key_ended,
    "apikeys.undeletekey": _api_key_restored,
}


BESIDE = POLICIES | {
    f"{what}{thing}" for what in ("create", "update", "delete") for thing in ("sink", "exclusion")
}
"""Methods that change who may do what, and where logs go."""


def word_of(method: str) -> str:
    """Returns the method's last word in small letters; with the word before it where it says too little
    alone."""
    words = method.lower().split(".")
    return ".".join(words[-2:]) if words[-2:-1] == ["apikeys"] else words[-1]
