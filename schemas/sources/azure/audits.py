"""The directory's audit log: who changed which identity, credential, role or policy."""

from __future__ import annotations

from schemas.activity import Action, Aliased, Effect, Ended, EndFailed, Outcome
from schemas.addresses import address_of
from schemas.sources.azure.changes import UNREADABLE, Changes
from schemas.sources.azure.event import Record, RowRead, made, time_of, uid_of, wrong
from schemas.sources.azure.grants import grants_of, holders_of
from schemas.sources.azure.keys import Tenant, tenant_of
from schemas.sources.azure.wire import Audit, Detail, Initiator, Target

RESULTS: dict[str, Outcome] = {
    "success": "succeeded",
    "succeeded": "succeeded",
    "failure": "failed",
    "timeout": "unknown",
}
DENIED = (
    "insufficient privileges",
    "authorization_requestdenied",
    "unauthorized",
    "access denied",
    "forbidden",
)

READS = ("validate ", "get ", "download ", "list ", "export ")
"""Beginnings of entries that change nothing."""


def read(record: Record) -> RowRead:
    """Returns the activity of one entry of Entra's directory audit (``auditLogs``), or the fields for which
    it is rejected."""
    entry = Audit.model_validate(record.all)
    time = time_of(record, entry.activity_date_time, entry.time)
    operation = (entry.operation_name or entry.activity_display_name).strip()
    if not time:
        return wrong("activityDateTime", "is missing or not a time")
    if not operation:
        return wrong("activityDisplayName", "is missing")
    tenant = tenant_of(record.outer, record.context)
    details = {d.key.lower(): d.value for d in map(Detail.model_validate, entry.additional_details)}
    identity, name, alias = _who(entry, tenant)
    targets = [Target.model_validate(one) for one in entry.target_resources]
    changes = Changes(tenant, entry.activity_display_name or operation, details.get("appid", ""))
    outcome = _outcome(entry)
    effects = effects_of(changes.of(targets), outcome)
    if outcome == "succeeded":
        effects += tuple(grants_of(tenant, changes.word, changes.operation, targets))
    activity = made(
        record,
        uid=uid_of(record, entry.id, _composed(entry, operation)),
        time=time,
        identity=identity,
        actor_name=name,
        operation=operation,
        service=entry.logged_by_service or "entra",
        outcome=outcome,
        action=action_of(operation),
        place=_place(entry, details),
        client=details.get("user-agent", "") or entry.user_agent,
        target=_target(effects, changes, targets),
        resource=targets[0].display_name or targets[0].id if targets else "",
        error=entry.result if outcome != "succeeded" else "",
        allowed_by=_refused_self(entry, tenant, changes.word, targets) if outcome == "forbidden" else "",
        effects=(*alias, *effects),
    )
    return RowRead(
        activity.activity, tuple((f"targetResources.{name}", UNREADABLE) for name in changes.unreadable)
    )


def effects_of(changes: list[Effect], outcome: Outcome) -> tuple[Effect, ...]:
    """Returns what took; of a change that failed only that an end was tried."""
    if outcome == "succeeded":
        return tuple(changes)
    if outcome == "unknown":
        return ()
    return tuple(EndFailed(e.how, e.credential, e.identity) for e in changes if isinstance(e, Ended))


def action_of(operation: str) -> Action:
    """Returns the action that an entry is. The log is of changes to identities, credentials, roles and
    policies; few entries are none."""
    return "" if operation.lower().startswith(READS) else "identity_write"


def _refused_self(entry: Audit, tenant: Tenant, word: str, targets: list[Target]) -> str:
    """Says, as a grant, that an application was refused to give itself something."""
    app = entry.initiated_by.app
    itself = tenant.principal(app.service_principal_id) if app else ""
    return f"{tenant.prefix}grants-itself" if itself and itself in holders_of(tenant, word, targets) else ""


def _composed(entry: Audit, operation: str) -> str:
    when = entry.activity_date_time or entry.time
    return f"{entry.correlation_id}:{operation}:{when}" if entry.correlation_id else ""


def _outcome(entry: Audit) -> Outcome:
    outcome = RESULTS.get(entry.result.lower(), "unknown")
    if outcome == "failed" and any(words in entry.result_reason.lower() for words in DENIED):
        return "forbidden"
    return outcome


def _who(entry: Audit, tenant: Tenant) -> tuple[str, str, tuple[Effect, ...]]:
    """Identity, name, and what the entry says of the initiating application's two ids."""
    user, app = entry.initiated_by.user, entry.initiated_by.app
    if user and (user.id or user.user_principal_name):
        return (
            tenant.user(user.id or user.user_principal_name),
            user.user_principal_name or user.display_name,
            (),
        )
    initiator = app or user or Initiator()
    key, principal = tenant.app(initiator.app_id), tenant.principal(initiator.service_principal_id)
    alias = (Aliased(principal, key),) if key and principal else ()
    return key or principal, initiator.display_name, alias


def _place(entry: Audit, details: dict[str, str]) -> str:
    user, app = entry.initiated_by.user, entry.initiated_by.app
    addresses = (
        user.ip_address if user else "",
        app.ip_address if app else "",
        details.get("ipaddr", ""),
        entry.caller_ip_address,
    )
    return next((address for text in addresses if (address := address_of(text))), "")


def _target(effects: tuple[Effect, ...], changes: Changes, targets: list[Target]) -> str:
    for effect in effects:
        if key := getattr(effect, "credential", ""):
            return str(key)
    return next((key for target in targets if (key := changes.identity(target))), "")
