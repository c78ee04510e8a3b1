"""Google's form of an audit event: a LogEntry of Cloud Logging, brought into Kubernetes' own.

Layout: https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging. It has no stage, no credential
id and no uid of the account; Google accounts are named by their e-mail.
"""

from __future__ import annotations

from typing import Any

from schemas.sources.kubernetes.call import READS, WRITES

CODES = {0: 200, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 10: 409, 13: 500, 14: 503, 16: 401}
"""HTTP codes of ``google.rpc.Code``, as Google's API design guide maps them."""

VERBS = WRITES | READS


def event_of(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns the entry as an Event's fields. What is of another type than documented is left to the wire
    model to judge."""
    payload = entry["protoPayload"]
    verb, ref = _what(_text(payload, "methodName"), _text(payload, "resourceName"))
    request, response = payload.get("request"), payload.get("response")
    metadata = _part(payload, "requestMetadata")
    address = metadata.get("callerIp") or metadata.get("callerIP")
    authentication = _part(payload, "authenticationInfo")
    operation = _text(_part(entry, "operation"), "id")
    return {
        "auditID": (_open_end(entry) and operation) or entry.get("insertId") or operation,
        "stage": "ResponseStarted" if _open_end(entry) == "first" else "ResponseComplete",
        "verb": verb,
        "user": {"username": authentication.get("principalEmail") or authentication.get("authoritySelector")},
        "sourceIPs": [address] if isinstance(address, str) else None,
        "userAgent": metadata.get("callerSuppliedUserAgent"),
        "objectRef": ref,
        # A probe of the server's health has no resource: its method says what it was.
        "requestURI": _text(payload, "resourceName") or _text(payload, "methodName"),
        "responseStatus": {"code": _code(payload), "message": _part(payload, "status").get("message")},
        "requestObject": request,
        "responseObject": response,
        "requestReceivedTimestamp": entry.get("timestamp")
        or payload.get("timestamp")
        or entry.get("receiveTimestamp"),
        "annotations": {k: v for k, v in _part(entry, "labels").items() if isinstance(v, str)},
    }


def _open_end(entry: dict[str, Any]) -> str:
    """Which record of a request it is that stands open (an exec, a watch) and has one for its begin and one
    for its end, under one operation's id (LogEntry, ``operation``): ``first`` or ``last``; "" for the one of
    a request that has one."""
    operation = _part(entry, "operation")
    first, last = operation.get("first") is True, operation.get("last") is True
    return "first" if first and not last else "last" if last and not first else ""


def cluster_of(entry: dict[str, Any]) -> str:
    """Returns ``project/location/cluster``; "" where the entry does not say."""
    labels = _part(_part(entry, "resource"), "labels")
    names = (labels.get("project_id"), labels.get("location"), labels.get("cluster_name"))
    return "/".join(str(name) for name in names if name) if labels.get("cluster_name") else ""


def _what(method: str, name: str) -> tuple[str, dict[str, str]]:
    """Verb and object: ``io.k8s.core.v1.pods.exec.create``, ``core/v1/namespaces/shop/pods/web-1/exec``."""
    steps = method.split(".")
    verb = steps[-1] if steps[-1] in VERBS else ""
    group, _, rest = name.partition("/")
    version, _, rest = rest.partition("/")
    path = rest.split("/") if rest else []
    ref = {"apiGroup": "" if group == "core" else group, "apiVersion": version}
    if len(path) >= 3 and path[0] == "namespaces":
        ref["namespace"], path = path[1], path[2:]
    return verb, ref | dict(zip(("resource", "name", "subresource"), path, strict=False))


def _code(payload: dict[str, Any]) -> int | None:
    status = _part(payload, "status").get("code", 0)
    code = status if isinstance(status, int) else None
    if _part(payload, "response").get("status") == "Failure":
        answered = _part(payload, "response").get("code")
        return answered if isinstance(answered, int) else 500
    checks = payload.get("authorizationInfo")
    if isinstance(checks, list) and any(_denied(check) for check in checks):
        return CODES.get(code or 7, 403)
    return None if code is None else CODES.get(code, 500)


def _denied(check: object) -> bool:
    return isinstance(check, dict) and check.get("granted") is False


def _part(whole: object, name: str) -> dict[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    return part if isinstance(part, dict) else {}


def _text(whole: dict[str, Any], name: str) -> str:
    value = whole.get(name)
    return value if isinstance(value, str) else ""
