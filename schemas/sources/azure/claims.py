"""Who called, from the claims of the token that came with a call to a resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from schemas.activity import Aliased, Effect, Known
from schemas.evidence import SECOND
from schemas.sources.azure.event import Record
from schemas.sources.azure.keys import GUID, Tenant, resource_of, tenant_of
from schemas.sources.azure.wire import Operation
from schemas.wire import as_fields, as_number, as_text, pick, text_at

LATEST = 1 << 33
"""Seconds since 1970, in the year 2242: what is later is no second."""

PRINCIPALS = {"user": "user", "serviceprincipal": "sp", "foreigngroup": "", "group": ""}
"""What kind of identity an authorization was for; a group's says nothing of who called."""


class Caller(NamedTuple):
    """Identity key, readable name, credential key ("" where unknown), aliases, the tenant of the token, and
    the object id of an application's service principal."""

    identity: str
    name: str
    credential: str
    effects: tuple[Effect, ...]
    tenant: Tenant
    principal: str = ""


def caller_of(call: Operation, record: Record) -> Caller:
    """Returns the caller that the claims of an Azure Resource Manager call name: a person, an application or
    a managed identity."""
    claims = _claims(call)
    tenant = tenant_of(record.outer, record.context, claims.get("tenantid", "") or claims.get("tid", ""))
    app = claims.get("appid", "") or claims.get("azp", "")
    object_id = claims.get("objectidentifier", "") or claims.get("oid", "") or claims.get("objectid", "")
    person = _person(claims, call.caller)
    if person:
        identity = tenant.user(object_id or person)
        return Caller(identity, person, tenant.token(claims.get("uti", "")), (), tenant)
    if not app and not object_id:
        identity = _authorized(call, tenant) or _bare(call.caller, tenant)
        return Caller(identity, call.caller or claims.get("emailaddress", ""), "", (), tenant)
    key, principal = tenant.app(app), tenant.principal(object_id)
    effects: list[Effect] = list(_lifetime(claims, tenant, key or principal))
    if key and principal:
        effects.append(Aliased(principal, key))
    resource = resource_of(claims.get("xms_mirid", ""))
    if resource and key:
        effects.append(Aliased(resource, key))
    return Caller(
        key or principal,
        call.caller or app,
        tenant.token(claims.get("uti", "")),
        tuple(effects),
        tenant,
        object_id,
    )


def _lifetime(claims: dict[str, str], tenant: Tenant, identity: str) -> Iterator[Effect]:
    """From when to when the token is good, as it says itself (``iat`` and ``exp``, seconds since 1970)."""
    token, expires = tenant.token(claims.get("uti", "")), _seconds(claims.get("exp", ""))
    if token and expires:
        issued = _seconds(claims.get("iat", ""))
        yield Known(token, identity, "access_token", issued=issued, expires=expires, as_of=issued)


def _seconds(text: str) -> int:
    number = as_number(text) or 0
    return number * SECOND if 0 < number < LATEST else 0


def _claims(call: Operation) -> dict[str, str]:
    """By the last step of their names: some are URLs, some are bare."""
    claims = (
        as_fields(pick(call.identity, "claims"))
        or as_fields(pick(call.identity, "claim"))
        or call.claims
        or as_fields(pick(call.identity, "requester"))
    )
    return {name.rpartition("/")[2].lower(): as_text(value) for name, value in claims.items()}


def _person(claims: dict[str, str], caller: str) -> str:
    """The name of a person; an application's token says so, or names nobody."""
    if claims.get("idtyp") == "app":
        return ""
    for name in (claims.get("upn", ""), claims.get("name", ""), claims.get("unique_name", ""), caller):
        if "@" in name:
            return name
    return ""


def _authorized(call: Operation, tenant: Tenant) -> str:
    """Whom the authorization was for that let the call pass."""
    evidence = as_fields(pick(call.identity, "authorization", "evidence"))
    kind = PRINCIPALS.get(text_at(evidence, "principalType").lower(), "")
    name = text_at(evidence, "principalId")
    if not name or not kind:
        return ""
    return tenant.user(name) if kind == "user" else tenant.principal(name)


def _bare(caller: str, tenant: Tenant) -> str:
    """A caller without claims: the object id of a service principal."""
    return tenant.principal(caller) if GUID.fullmatch(caller) else ""
