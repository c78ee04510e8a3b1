"""Grants in Entra and Azure: application permissions, delegated scopes, directory roles, role assignments.

Entra's directory log names the role or scope among the modified properties, and the client that is given it
beside the resource (``ServicePrincipal.ObjectID``), or as its first target (roles). Azure's activity log has
the assignment's body with its writing, and its id alone with its deletion. (Microsoft, "Microsoft Entra audit
activity reference"; Azure RBAC, "View activity logs for Azure RBAC changes", "Azure built-in roles".)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.activity import Effect, Granted, Withdrawn
from schemas.sources.azure.keys import GUID, Tenant
from schemas.sources.azure.secrets import decoded
from schemas.sources.azure.wire import Changed, Target
from schemas.wire import as_fields, as_text, pick, text_at

SCOPES_MAX = 64
"""Scopes of one consent that are told; Graph has some hundreds."""

APP_ROLE = "app role assignment to service principal", "app role assignment from service principal"
DELEGATED = ("delegated permission grant",)
MEMBER = ("member to role", "member from role", "eligible member to role", "eligible member from role")

ASSIGNMENT = re.compile(r"/roleassignments/([0-9a-f-]{8,64})/?\Z", re.IGNORECASE)
WRITE, DELETE = (
    "microsoft.authorization/roleassignments/write",
    "microsoft.authorization/roleassignments/delete",
)


def grants_of(tenant: Tenant, word: str, how: str, targets: list[Target]) -> Iterator[Effect]:
    """Yields what an entry of the directory's log gave or took. ``word``: the operation in its one
    spelling."""
    verb, _, about = word.partition(" ")
    if verb not in ("add", "remove") or about not in (*APP_ROLE, *DELEGATED, *MEMBER):
        return
    for grant, role, holder in _given(tenant, about, verb == "add", targets):
        if verb == "add":
            yield Granted(grant, role, f"{how} {role.rpartition('/')[2]}", (holder,))
        else:
            yield Withdrawn(grant, f"{how} {role.rpartition('/')[2]}", identities=(holder,))


def holders_of(tenant: Tenant, word: str, targets: list[Target]) -> set[str]:
    """Returns who would be given something by an entry that adds."""
    verb, _, about = word.partition(" ")
    return {holder for _, _, holder in _given(tenant, about, True, targets)} if verb == "add" else set()


def _given(tenant: Tenant, about: str, added: bool, targets: list[Target]) -> Iterator[tuple[str, str, str]]:
    if not targets:
        return
    first = targets[0]
    said = {name: _said(changed, added) for name, changed in _changed(targets)}
    if about in MEMBER:
        holder = _account(tenant, first)
        role = said.get("role.templateid") or said.get("role.objectid") or said.get("role.displayname", "")
        if holder and role:
            key = f"role/{role.lower()}"
            yield f"{tenant.prefix}grant/{_name(holder)}/{key}", f"{tenant.prefix}{key}", holder
        return
    holder = tenant.principal(said.get("serviceprincipal.objectid", ""))
    if not holder:
        return
    if about in DELEGATED:
        scopes = said.get("delegatedpermissiongrant.scope", "").split()[:SCOPES_MAX]
    else:
        scopes = [value] if (value := said.get("approle.value") or said.get("approle.id", "")) else []
    sort = "scope" if about in DELEGATED else "approle"
    for scope in scopes:
        grant = f"{tenant.prefix}grant/{_name(holder)}/{first.id}/{sort}/{scope}"
        yield grant, f"{tenant.prefix}{sort}/{scope}", holder


def _changed(targets: list[Target]) -> Iterator[tuple[str, Changed]]:
    for target in targets:
        for one in target.modified_properties:
            changed = Changed.model_validate(one)
            yield changed.display_name.lower(), changed


def _said(changed: Changed, added: bool) -> str:
    """Values are JSON in text; of what is removed they are the old ones, mostly."""
    both = (changed.new_value, changed.old_value) if added else (changed.old_value, changed.new_value)
    return next((text for value in both if (text := as_text(decoded(value)).strip())), "")


def _account(tenant: Tenant, target: Target) -> str:
    if target.type.lower() == "user":
        return tenant.user(target.id or target.user_principal_name)
    return tenant.principal(target.id) if target.type.lower() == "serviceprincipal" else ""


def _name(holder: str) -> str:
    return holder.rpartition(":")[2]


def assigned(
    tenant: Tenant, operation: str, resource: str, properties: dict[str, object]
) -> Iterator[Effect]:
    """Yields what a written or deleted role assignment gives or takes."""
    found = ASSIGNMENT.search(resource)
    if found is None:
        return
    grant = f"{tenant.prefix}assignment/{found[1].lower()}"
    if operation == DELETE:
        yield Withdrawn(grant, "roleAssignments/delete")
        return
    if operation == WRITE and (asked := _asked(tenant, properties)):
        yield Granted(grant, asked[1], "roleAssignments/write", (asked[0],))


def assigns(tenant: Tenant, operation: str, properties: dict[str, object]) -> str:
    """Returns who would be given a role; "" where that is not on record."""
    asked = _asked(tenant, properties) if operation == WRITE else None
    return asked[0] if asked else ""


def _asked(tenant: Tenant, properties: dict[str, object]) -> tuple[str, str] | None:
    """Holder and role: of what was asked for, or of what was answered."""
    for body in ("requestbody", "responseBody"):
        asked = as_fields(pick(as_fields(pick(properties, body)), "properties"))
        principal, role = text_at(asked, "principalId"), GUID.findall(text_at(asked, "roleDefinitionId"))
        if principal and role:
            person = text_at(asked, "principalType").lower() == "user"
            holder = tenant.user(principal) if person else tenant.principal(principal)
            return holder, f"{tenant.prefix}role/{role[-1].lower()}"
    return None
