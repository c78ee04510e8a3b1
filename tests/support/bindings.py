"""Kubernetes records about bindings: given, taken away, used, and sessions that they allow."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity
from tests.support.kubernetes import ADMIN, INSTANCE, account, event, reading, ref

RBAC = "rbac.authorization.k8s.io"
GRANT = f"k8s:{INSTANCE}:rolebinding/shop/mailer-reader"
WIDE = f"k8s:{INSTANCE}:clusterrolebinding/mailer-view"
OTHER: dict[str, Any] = ADMIN | {"username": "bob@example.com"}


def read(*records: dict[str, Any]) -> list[Activity]:
    """The activities of these records."""
    result = reading(list(records) if len(records) != 1 else records[0])
    assert not result.rejects
    return result.activities


def binding(name: str, wide: bool = False) -> dict[str, str]:
    resource = "clusterrolebindings" if wide else "rolebindings"
    return ref(resource, name, "" if wide else "shop", apiGroup=RBAC)


def given(
    at: float, name: str = "mailer-reader", role: str = "reader", by: Any = ADMIN, wide: bool = False,
    to: tuple[str, ...] = ("mailer",), verb: str = "create", **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """A binding of the role to these accounts."""
    body = {
        "kind": "ClusterRoleBinding" if wide else "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": a, "namespace": "shop"} for a in to],
    }
    return event(
        at, 201, user=by, verb=verb, objectRef=binding(name, wide), requestObject=body, responseObject=body,
        **more,
    )  # fmt: skip


def taken(at: float, name: str = "mailer-reader", by: Any = ADMIN, wide: bool = False) -> dict[str, Any]:
    """The delete of a binding."""
    return event(at, user=by, verb="delete", objectRef=binding(name, wide))


def allowed(
    at: float, by: str = "mailer-reader", verb: str = "list", resource: str = "configmaps", code: int = 200,
    wide: bool = False, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """A request that this binding allowed; of another code than a success, one that nothing allowed."""
    kind = "ClusterRoleBinding" if wide else "RoleBinding"
    place = "" if wide else "/shop"
    reason = f'RBAC: allowed by {kind} "{by}{place}" of ClusterRole "x" to ServiceAccount "mailer/shop"'
    notes = {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": reason}
    if code == 403:
        notes = {"authorization.k8s.io/decision": "forbid"}
    base: dict[str, Any] = {"verb": verb, "objectRef": ref(resource), "annotations": notes}
    return event(at, code, **(base | more))


def session(
    at: float, took: float, what: str = "exec", by: str = "mailer-reader", resource: str = "pods", **more: Any
) -> list[dict[str, Any]]:
    """The two lines of a session; ``took`` 0: it stands yet. ``what``: a subresource, or a watch."""
    watch = what == "watch"
    result: dict[str, Any] = {
        "auditID": f"session-{at}",
        "verb": "watch" if watch else "create",
        "objectRef": ref(resource) if watch else ref("pods", "web-1", subresource=what),
    }
    code = 200 if watch else 101
    begun = allowed(at, by, code=code, stage="ResponseStarted", **(result | more))
    return [begun] if not took else [begun, allowed(at, by, code=code, took=took, **(result | more))]


__all__ = ["ADMIN", "GRANT", "OTHER", "WIDE", "account", "allowed", "binding", "given", "read", "session",
           "taken"]  # fmt: skip
