"""What AKS makes of an audit event: a row of the tables ``AKSAudit`` and ``AKSAuditAdmin``; and the other
logs of its control plane, which come in the same stream.

Columns: Microsoft, "Azure Monitor tables: AKSAudit". The row has no column for an impersonated user.
"""

from __future__ import annotations

from typing import Any

from schemas.wire import as_fields, as_list, as_text

TEXTS = {
    "AuditId": "auditID", "Stage": "stage", "Verb": "verb", "Level": "level", "RequestUri": "requestURI",
    "UserAgent": "userAgent", "RequestReceivedTime": "requestReceivedTimestamp",
    "StageReceivedTime": "stageTimestamp",
}  # fmt: skip
PARTS = {
    "User": "user", "ObjectRef": "objectRef", "ResponseStatus": "responseStatus",
    "RequestObject": "requestObject", "ResponseObject": "responseObject", "Annotations": "annotations",
}  # fmt: skip
"""Objects, or their text; of a body that was too big a word that says so."""

CONTROL_PLANE = frozenset({
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cluster-autoscaler",
    "cloud-controller-manager", "guard", "csi-azuredisk-controller", "csi-azurefile-controller",
    "csi-snapshot-controller",
})  # fmt: skip
"""Categories of the diagnostic setting that hold what components log about themselves."""


def is_row(document: dict[str, Any]) -> bool:
    """Says whether a document is a row of AKS's own audit tables (``AKSAudit``, ``AKSAuditAdmin``)."""
    return "AuditId" in document and "Verb" in document and "Stage" in document


def event_of(row: dict[str, Any]) -> dict[str, Any]:
    """Returns the row under the names of the audit event."""
    event: dict[str, Any] = {name: as_text(row.get(column)) for column, name in TEXTS.items()}
    event |= {name: part for column, name in PARTS.items() if (part := as_fields(row.get(column)))}
    event["sourceIPs"] = [ip for ip in as_list(row.get("SourceIps")) if isinstance(ip, str)]
    return event


def is_control_plane(document: dict[str, Any]) -> bool:
    """Says whether a line is a component's own log, which is no audit event."""
    category = document.get("category") or document.get("Category")
    return isinstance(category, str) and category.lower() in CONTROL_PLANE
