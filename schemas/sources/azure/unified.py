"""The Microsoft 365 unified audit log and Graph's security alerts: the same directory, told by other
services."""

from __future__ import annotations

from schemas.activity import Action, Outcome
from schemas.addresses import address_of
from schemas.sources.azure.audits import effects_of
from schemas.sources.azure.changes import UNREADABLE, Changes
from schemas.sources.azure.event import Record, RowRead, made, time_of, uid_of, wrong
from schemas.sources.azure.keys import GUID, Tenant, tenant_of
from schemas.sources.azure.refusals import outcome_of
from schemas.sources.azure.wire import Target, Unified
from schemas.wire import as_fields, as_list, text_at

RESULTS: dict[str, Outcome] = {
    "success": "succeeded", "succeeded": "succeeded", "true": "succeeded", "partiallysucceeded": "succeeded",
    "failed": "failed", "failure": "failed", "false": "failed",
}  # fmt: skip

PRINCIPAL = "serviceprincipal_"
TARGETS = {"serviceprincipal_": "ServicePrincipal", "application_": "Application", "user_": "User"}
"""How the directory's records name what they are about: the kind, and the object id behind it."""

DIRECTORY = "azureactivedirectory"
ADMINISTRATION = ("add-", "remove-", "new-", "set-", "enable-", "disable-")
PERMISSIONS = ("permission", "roleassignment", "rolegroup", "serviceprincipal", "managementrole", "delegate")
"""Parts of Exchange cmdlets that change who may do what."""


def read(record: Record) -> RowRead:
    """Returns the activity of one entry of Microsoft 365's unified audit log, or the fields for which it is
    rejected."""
    entry = Unified.model_validate(record.outer)
    time = time_of(record, entry.creation_time)
    if not time:
        return wrong("CreationTime", "is missing or not a time")
    if not entry.operation:
        return wrong("Operation", "is missing")
    tenant = tenant_of(record.outer, record.context, entry.organization_id)
    outcome, error = _ended(entry)
    changes = Changes(tenant, entry.operation.rstrip("."), "")
    effects = effects_of(changes.of(_targets(entry)), outcome) if entry.workload.lower() == DIRECTORY else ()
    activity = made(
        record,
        uid=uid_of(record, entry.id),
        time=time,
        identity=_who(entry, tenant),
        actor_name=entry.user_id,
        operation=entry.operation,
        service=entry.workload.lower(),
        outcome=outcome,
        action=_action(entry),
        place=address_of(entry.client_ip),
        client=entry.user_agent or _extended(entry, "useragent"),
        resource=entry.object_id,
        error=error,
        effects=effects,
    )
    return RowRead(
        activity.activity, tuple((f"ModifiedProperties.{name}", UNREADABLE) for name in changes.unreadable)
    )


def read_alert(record: Record) -> RowRead:
    """Returns an alert: nobody's act, so it has no outcome; whom it is about and from where stands in its
    evidence."""
    row = record.outer
    time = time_of(record, text_at(row, "firstactivitydatetime"), text_at(row, "createddatetime"))
    if not time:
        return wrong("createdDateTime", "is missing or not a time")
    tenant = tenant_of(record.outer, record.context)
    evidence = [as_fields(one) for one in as_list(row.get("evidence"))]
    account = next((found for e in evidence if (found := as_fields(e.get("userAccount")))), {})
    name = text_at(account, "userPrincipalName") or text_at(account, "accountName")
    return made(
        record,
        uid=uid_of(record, text_at(row, "id")),
        time=time,
        identity=tenant.user(text_at(account, "azureAdUserId") or name),
        actor_name=name,
        operation=text_at(row, "title"),
        service=text_at(row, "servicesource"),
        place=next((a for e in evidence if (a := address_of(text_at(e, "ipAddress")))), ""),
        resource=text_at(row, "category"),
    )


def _ended(entry: Unified) -> tuple[Outcome, str]:
    if entry.logon_error or entry.operation == "UserLoginFailed":
        outcome, error = outcome_of(entry.error_number)
        return "unauthenticated" if outcome == "unknown" else outcome, entry.logon_error or error
    status = entry.result_status.lower()
    outcome = RESULTS.get(status, "unknown" if status else "succeeded")
    return outcome, entry.result_status if outcome == "failed" else ""


def _who(entry: Unified, tenant: Tenant) -> str:
    name = entry.user_id
    if name.lower().startswith(PRINCIPAL):
        return tenant.principal(name[len(PRINCIPAL) :])
    if "@" in name:
        return tenant.user(name)
    return tenant.user(entry.user_key if GUID.fullmatch(entry.user_key) else name)


def _targets(entry: Unified) -> list[Target]:
    for one in entry.target:
        name = text_at(one, "ID")
        for prefix, kind in TARGETS.items():
            if name.lower().startswith(prefix):
                target = {
                    "id": name[len(prefix) :],
                    "type": kind,
                    "modifiedProperties": entry.modified_properties,
                }
                return [Target.model_validate(target)]
    return []


def _action(entry: Unified) -> Action:
    operation = entry.operation.lower()
    if entry.workload.lower() == DIRECTORY:
        return "" if operation.startswith("userlog") else "identity_write"
    if operation.startswith(ADMINISTRATION) and any(part in operation for part in PERMISSIONS):
        return "identity_write"
    return ""


def _extended(entry: Unified, name: str) -> str:
    return next(
        (text_at(p, "Value") for p in entry.extended_properties if text_at(p, "Name").lower() == name), ""
    )
