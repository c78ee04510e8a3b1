"""Microsoft Entra and Azure: sign-ins of service principals, managed identities and users, the directory's
audit log, Microsoft Graph activity, Azure Activity, Key Vault, storage and Bastion logs, Microsoft's unified
audit log.

A record is one row, an array, ``{"records": […]}`` as event hubs and storage accounts get them, ``{"value":
[…]}`` of the Graph API, a row of Log Analytics or of ``Search-UnifiedAuditLog``, a shipper's envelope
around any, or JSON lines; gz too. Which log a row is of is told
from its content.

Key Vault's rows name no tenant: name the installation after the tenant (``raw.azure.<tenant id>``).

Out of sight: which secret a refused sign-in presented (7000215 names none); tokens that managed identities
use inside Azure; what the tenant's licence does not log. Audit records of a cluster (AKS) are read as the
Kubernetes source does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from schemas.records import Contents, head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading, sources
from schemas.sources.azure import audits, bastion, graph, operations, signins, unified
from schemas.sources.azure.event import NAME, Record, RowRead, rejects_of
from schemas.sources.kubernetes.aks import CONTROL_PLANE
from schemas.summary import Blind, Summary
from schemas.wire import as_fields, as_text, plain

__all__ = ["NAME", "read", "recognises"]

SIGNS = frozenset({"operationName", "OperationName", "properties", "CreationTime"})

Read = Callable[[Record], RowRead]

SIGN_INS = frozenset({
    "signinlogs", "noninteractiveusersigninlogs", "serviceprincipalsigninlogs", "managedidentitysigninlogs",
    "adfssigninlogs", "microsoftserviceprincipalsigninlogs", "aadserviceprincipalsigninlogs",
    "aadmanagedidentitysigninlogs", "aadnoninteractiveusersigninlogs",
})  # fmt: skip
"""Categories of the diagnostic setting, and the tables of Log Analytics."""

GRAPH = "microsoftgraphactivitylogs"
CLUSTERS = frozenset({"kube-audit", "kube-audit-admin"}) | CONTROL_PLANE
"""Categories of AKS."""

OWN = frozenset(
    {"operationname", "operationnamevalue", "operation", "properties", "creationtime", "createddatetime",
     "activitydatetime", "requesturi", "evt"}
)  # fmt: skip
"""A row that has one of these is one itself, whatever its other fields are called like."""

ANYWHERE = ("resourceid", "category", "calleripaddress", "correlationid", "caller", "eventdataid")
"""A row with an operation is an Azure row if it has one of these too."""

MARKS = ('"operationName"', '"Microsoft.aadiam"', '"servicePrincipalId"', '"OperationName"')


SUMMARY = Summary(
    gives=(
        "Azure Activity, Key Vault, Entra audit, service-principal and managed-identity sign-ins, "
        "Graph activity: application, credential key id, token id; secrets and certificates added "
        "and removed, principals disabled and deleted; sessions through Azure Bastion"
    ),
    cannot_show=(
        "Service-principal sign-ins are aggregated; managed identities have no address; an access "
        "token ends by expiry, or by continuous access evaluation where the resource takes part; "
        "regenerated keys of storage accounts are not followed; a row without any time is as old as its "
        "arrival"
    ),
    ship=("Diagnostic settings to an Event Hub (its Kafka endpoint) into `raw.azure`, or exported JSON"),
    blind=(
        Blind(
            name="aggregated sign-ins",
            hides="each single sign-in of a service principal or managed identity, and its address",
            switch_on="Microsoft Graph activity logs, and the resources' own diagnostic logs",
        ),
    ),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that no JSON parser took) is a row or an envelope of
    Azure's."""
    if isinstance(document, bytes):
        head = head_of(document)
        return any(mark in head for mark in MARKS) and '"category"' in head.lower()
    return ENVELOPES.recognises(document)


def _is_row(document: dict[str, Any]) -> bool:
    outer = _plain(document)
    return not _of_cluster(outer) and (_is_metric(outer) or _reader_of(outer, _inner(outer)) is not None)


def _is_bare(document: dict[str, Any]) -> bool:
    return not OWN.isdisjoint(map(plain, document))


def read(record: bytes, context: Context) -> Reading:
    """Returns every row of the record as an activity or a reject with its place; never raises."""
    reading = Reading([], [], 0)
    for place, found in ENVELOPES.objects(record):
        if isinstance(found, Rejected):
            reading.rejects.append(found)
            continue
        outer = _plain(found)
        if _of_cluster(outer):
            _hand_over(found, place, context, reading)
            continue
        if _is_metric(outer):
            reading.passed += 1
            continue
        row = Record(outer, _inner(outer), context)
        reader = _reader_of(row.outer, row.inner)
        if reader is None:
            reading.rejects.append(Rejected(NAME, "is no row of a log that is read", "operationName", place))
            continue
        row_read = reader(row)
        if row_read.activity:
            reading.activities.append(row_read.activity)
        reading.rejects += rejects_of(row_read, place)
    return reading


def _opened(document: dict[str, Any]) -> Contents | None:
    for name in ("records", "Records", "value"):
        if isinstance(many := document.get(name), list) and not (
            "eventSource" in document or "operationName" in document
        ):
            return [(f"{name}[{i}]", one) for i, one in enumerate(many)]
    if isinstance(found := document.get("AuditData"), dict | str):
        return [("AuditData", found)]
    return None


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    """A row with its names in one case, and without their ``_`` or the quote that one export leaves at their
    end."""
    return {plain(name).strip('"'): value for name, value in document.items()}


def _inner(outer: dict[str, Any]) -> dict[str, Any]:
    return {plain(name): value for name, value in as_fields(outer.get("properties")).items()}


def _reader_of(outer: dict[str, Any], inner: dict[str, Any]) -> Read | None:
    """Which log the row is of; None for none of ours."""
    category = as_text(outer.get("category")).lower()
    kind = as_text(outer.get("type")).lower()
    operation = outer.get("operationname")
    fields = inner or outer
    if category in SIGN_INS or kind in SIGN_INS or operation == "Sign-in activity" or _is_sign_in(outer):
        return signins.read
    if category in bastion.CATEGORIES or kind in bastion.CATEGORIES:
        return bastion.read
    if "initiatedby" in fields or ("activitydisplayname" in fields and "activitydatetime" in fields):
        return audits.read
    if (
        category == GRAPH
        or kind == GRAPH
        or ("requesturi" in fields and "requestmethod" in fields and "appid" in fields)
    ):
        return graph.read
    if "operation" in outer and "creationtime" in outer and ("userid" in outer or "workload" in outer):
        return unified.read
    if "servicesource" in outer and "title" in outer and "createddatetime" in outer:
        return unified.read_alert
    if ("operationname" in outer or "operationnamevalue" in outer) and any(
        name in outer for name in ANYWHERE
    ):
        return operations.read
    return operations.read if "evt" in outer and "resourceid" in outer else None


def _is_sign_in(row: dict[str, Any]) -> bool:
    """The Graph resource signIn has no category."""
    return (
        "createddatetime" in row
        and "appid" in row
        and ("signineventtypes" in row or "resourcedisplayname" in row)
    )


def _is_metric(row: dict[str, Any]) -> bool:
    """A diagnostic setting may send a resource's metrics into the same hub."""
    return "metricname" in row and "timegrain" in row


def _of_cluster(outer: dict[str, Any]) -> bool:
    """A row of AKS: by its category, or in the table of its own, which has none."""
    return as_text(outer.get("category")).lower() in CLUSTERS or {"auditid", "verb", "stage"} <= outer.keys()


def _hand_over(row: dict[str, Any], place: str, context: Context, reading: Reading) -> None:
    """One event hub carries the logs of clusters too."""
    other = sources().get("kubernetes")
    if other is None:
        reading.rejects.append(
            Rejected(NAME, "is an audit record of a Kubernetes cluster", "category", place)
        )
        return
    reading_of_other = other.read(orjson.dumps(row), context)
    reading.activities += reading_of_other.activities
    reading.passed += reading_of_other.passed
    reading.rejects += [
        Rejected(r.source, r.reason, r.field, ".".join(filter(None, (place, r.place))))
        for r in reading_of_other.rejects
    ]


ENVELOPES = Envelopes(NAME, _is_row, _opened, _is_bare)
