"""Sign-ins of service principals, managed identities and users: a use of a credential that issues a token.

Service-principal rows are aggregated: one row may stand for many like it. ``createdDateTime`` is when it
was; the envelope's time is when it was written, minutes later.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.activity import Aliased, Effect, Issued, Parent
from schemas.addresses import address_of, system_number
from schemas.sources.azure.event import Record, RowRead, made, time_of, uid_of, wrong
from schemas.sources.azure.keys import Tenant, resource_of, tenant_of
from schemas.sources.azure.refusals import outcome_of
from schemas.sources.azure.wire import SignIn
from schemas.wire import as_number, text_at

WORDS = {"success": 0, "succeeded": 0}

SYSTEM_ASSIGNED = "system"


def read(record: Record) -> RowRead:
    """Returns the activity of one sign-in of any of Entra's sign-in logs, or the fields for which it is
    rejected."""
    row = SignIn.model_validate(record.all)
    time = time_of(record, row.created_date_time, row.time)
    if not time:
        return wrong("createdDateTime", "is missing or not a time")
    tenant = tenant_of(record.outer, record.context)
    outcome, error = outcome_of(_code(row))
    identity, name = _who(row, tenant)
    credential, kind = _credential(row, tenant)
    effects = list(_aliases(row, tenant))
    if outcome == "succeeded":
        effects += _issued(row, tenant, identity, credential, kind)
    return made(
        record,
        uid=uid_of(record, row.id, row.unique_token_identifier),
        time=time,
        identity=identity,
        actor_name=name,
        credential=credential,
        incarnation="" if credential or row.user_id else row.service_principal_id,
        operation="Sign-in activity",
        service="entra",
        outcome=outcome,
        place=address_of(row.ip_address or row.caller_ip_address),
        asn=system_number(row.autonomous_system_number),
        client=row.user_agent or (row.app_display_name if row.user_id else ""),
        target=tenant.token(row.unique_token_identifier),
        resource=row.resource_display_name,
        error=error,
        effects=tuple(effects),
    )


def _code(row: SignIn) -> int | None:
    """Some exports put a word in place of the code."""
    code = as_number(row.status.get("errorCode"))
    if code is not None:
        return code
    return WORDS.get(row.result_type.lower(), as_number(row.result_type))


def _who(row: SignIn, tenant: Tenant) -> tuple[str, str]:
    if row.user_id or row.user_principal_name:
        return tenant.user(row.user_id or row.user_principal_name), row.user_principal_name
    name = row.service_principal_name or row.app_display_name
    return tenant.app(row.app_id) or tenant.principal(row.service_principal_id), name


def _credential(row: SignIn, tenant: Tenant) -> tuple[str, str]:
    """What was presented: a key, a federated credential, a user's session; "" where the row does not say."""
    if row.service_principal_credential_key_id:
        return tenant.key(row.service_principal_credential_key_id), "client_credential"
    if row.federated_credential_id:
        return tenant.federated(row.federated_credential_id), "federated_credential"
    if row.user_id and row.session_id:
        return tenant.session(row.session_id), "session"
    return "", ""


def _aliases(row: SignIn, tenant: Tenant) -> Iterator[Effect]:
    app, principal = tenant.app(row.app_id), tenant.principal(row.service_principal_id)
    if row.user_id or not app:
        return
    if principal:
        yield Aliased(principal, app)
    host = row.managed_service_identity
    resource = resource_of(text_at(host, "associatedResourceId"))
    if resource and SYSTEM_ASSIGNED in text_at(host, "msiType").lower():
        yield Aliased(resource, app)


def _issued(row: SignIn, tenant: Tenant, identity: str, credential: str, kind: str) -> list[Effect]:
    """The token, and with an interactive sign-in the session it belongs to."""
    effects: list[Effect] = []
    if kind == "session" and row.is_interactive:
        effects.append(Issued(credential, identity, "session"))
    token = tenant.token(row.unique_token_identifier)
    if token:
        parents = {credential: Parent("came_from", identity)} if credential else {}
        effects.append(Issued(token, identity, "access_token", parents=parents))
    return effects
