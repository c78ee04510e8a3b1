"""Calls of Microsoft Graph: a token's uses, joined to its sign-in by ``signInActivityId``."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from schemas.activity import Action, Aliased, Effect, Outcome
from schemas.addresses import address_of
from schemas.sources.azure.event import Record, RowRead, made, time_of, uid_of, wrong
from schemas.sources.azure.keys import tenant_of
from schemas.sources.azure.wire import GraphCall

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
IDENTITIES = re.compile(
    r"/(?:applications|serviceprincipals|users|groups|directoryroles|rolemanagement|policies|oauth2permissiongrants|"
    r"identity|invitations|domains|directory|me)(?:[/(]|$)"
)
QUERIES = re.compile(
    r"/(?:getbyids|getmembergroups|checkmembergroups|getmemberobjects|checkmemberobjects|validateproperties|\$batch)$"
)
MAIL = re.compile(
    r"/(?:users/[^/]+|me)/(?:messages|mailfolders|sendmail|events|calendar|drive|onenote|chats|todo)"
)
"""A person's own data: written to, no identity is."""

DOUBLED = re.compile(r"(?<!:)//")
"""Not where another URL begins: what stands before its host must still be told from a path."""


def read(record: Record) -> RowRead:
    """Returns the activity of one row of Microsoft Graph's activity log, or the fields for which it is
    rejected."""
    call = GraphCall.model_validate(record.all)
    time = time_of(record, call.time)
    if not time:
        return wrong("time", "is missing or not a time")
    tenant = tenant_of(record.outer, record.context)
    app, principal = tenant.app(call.app_id), tenant.principal(call.service_principal_id)
    effects: tuple[Effect, ...] = (Aliased(principal, app),) if app and principal and not call.user_id else ()
    path, token = _path(call.request_uri), tenant.token(call.sign_in_activity_id)
    return made(
        record,
        uid=uid_of(record, call.request_id),
        time=time,
        identity=tenant.user(call.user_id) or app or principal,
        actor_name=call.app_id,
        credential=token,
        incarnation="" if token or call.user_id else call.service_principal_id,
        operation=f"{call.request_method} {path}",
        service="graph",
        outcome=_outcome(call.response_status_code),
        action=_action(call.request_method.upper(), path.lower()),
        place=address_of(call.ip_address),
        client=call.user_agent,
        resource=path,
        error=str(call.response_status_code) if (call.response_status_code or 0) >= 400 else "",
        effects=effects,
    )


def _path(uri: str) -> str:
    """The path alone: a query may hold whatever was searched for. Of what is no URL nothing."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return DOUBLED.sub("/", parts.path) if parts.scheme in ("https", "http", "") else ""


def _outcome(status: int | None) -> Outcome:
    if status is None or status >= 500:
        return "unknown"
    if status == 401:
        return "unauthenticated"
    if status == 403:
        return "forbidden"
    return "failed" if status >= 400 else "succeeded"


def _action(method: str, path: str) -> Action:
    if method not in WRITES or not IDENTITIES.search(path) or QUERIES.search(path) or MAIL.search(path):
        return ""
    return "identity_write"
