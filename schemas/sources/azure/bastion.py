"""Sessions through Azure Bastion: a shell or a desktop on a machine, begun, and, where the row says it,
ended.

Layout: Microsoft, "Enable and work with Azure Bastion resource logs", and the table
MicrosoftAzureBastionAuditLogs. A row names who signed in to Azure (``userEmail``) only where Bastion asked
for that; ``userName`` is an account of the machine. A row of the end has when it ended, or how long it
lasted.
"""

from __future__ import annotations

from schemas.activity import Effect, Session
from schemas.addresses import address_of
from schemas.evidence import SECOND
from schemas.sources.azure.event import Record, RowRead, made, time_of, uid_of, wrong
from schemas.sources.azure.keys import tenant_of
from schemas.times import micros_of
from schemas.wire import as_number, as_text

CATEGORIES = frozenset({"bastionauditlogs", "microsoftazurebastionauditlogs"})
"""The category of the diagnostic setting, and the table of Log Analytics."""

DONE = "success"
"""How the message begins of a connection that came about."""


def read(record: Record) -> RowRead:
    """Returns the activity of one row of Bastion's log, or the fields for which it is rejected."""
    row = record.all
    begun, said = (
        as_text(row.get("sessionstarttime")),
        as_text(row.get("time")) or as_text(row.get("timegenerated")),
    )
    time = time_of(record, said, begun)
    if not time:
        return wrong("time", "is missing or not a time")
    tenant = tenant_of(record.outer, record.context)
    account, message = as_text(row.get("useremail")), as_text(row.get("message"))
    identity, ended = tenant.user(account.lower()) if account else "", _ended(row, time)
    connected = message.lower().startswith(DONE) or bool(ended)
    return made(
        record,
        uid=uid_of(record, as_text(row.get("id"))),
        time=time,
        identity=identity,
        actor_name=account or as_text(row.get("username")),
        operation=as_text(row.get("operationname")) or "Microsoft.Network/BastionHost/connect",
        service="bastion",
        # The row of an end is no use of its own.
        outcome="unknown" if ended or not connected else "succeeded",
        place=address_of(as_text(row.get("clientipaddress"))),
        client=as_text(row.get("useragent")),
        resource=as_text(row.get("targetresourceid")) or as_text(row.get("targetvmipaddress")),
        error="" if connected else message,
        effects=_session(row, identity, ended) if connected else (),
    )


def _session(row: dict[str, object], identity: str, ended: int) -> tuple[Effect, ...]:
    tunnel = as_text(row.get("tunnelid"))
    if not tunnel or not (identity or ended):
        return ()
    name = f"azure:bastion/{tunnel}"
    return (Session(ended=ended, name=name) if ended else Session(identity, name=name),)


def _ended(row: dict[str, object], time: int) -> int:
    """When the session ended (µs), where the row is that of its end; else 0."""
    if end := micros_of(as_text(row.get("sessionendtime"))):
        return end
    lasted = as_number(row.get("duration"))
    return time if lasted and lasted > 0 and time > SECOND else 0
