"""Small audit events as an API server writes them."""

from __future__ import annotations

import base64
import json
from typing import Any

from schemas.sources import Context, Reading, kubernetes

INSTANCE = "c1"
PREFIX = f"k8s:{INSTANCE}:"
CONTEXT = Context(instance=INSTANCE, key=b"test")
ACCOUNT = f"{PREFIX}shop/mailer"
JTI = "0b81481c-ddd2-4800-be9d-8b12b77218a8"
UID = "812bea55-6f53-416a-968a-8abc214aaa45"
SHA = "4b56d01cfeb14ef1c9e46159d53af65d51f0e98141e2b1bae2e7f78b66816b12"
CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
ADMIN: dict[str, Any] = {
    "username": "alice@example.com",
    "groups": ["system:masters"],
    "extra": {CREDENTIAL_ID: [f"X509SHA256={SHA}"]},
}
APISERVER: dict[str, Any] = {"username": "system:apiserver", "groups": ["system:masters"]}


def account(name: str = "mailer", jti: str = JTI, uid: str = UID, namespace: str = "shop") -> dict[str, Any]:
    """A service account as a user."""
    extra = {CREDENTIAL_ID: [f"JTI={jti}"]} if jti else {}
    return {"username": f"system:serviceaccount:{namespace}:{name}", "uid": uid, "extra": extra}


def clock(second: float) -> str:
    """A time so many seconds after ten."""
    return f"2026-11-22T10:{int(second) // 60:02}:{second % 60:09.6f}Z"


def event(at: float = 0, code: int | None = 200, **more: Any) -> dict[str, Any]:
    """One ResponseComplete line; ``took`` seconds long. The audit id is told from the time unless given."""
    took = more.pop("took", 0.002)
    status: dict[str, Any] = {"metadata": {}} | ({"code": code} if code else {})
    base = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": f"audit-{at}",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/shop/configmaps",
        "verb": "list",
        "user": account(),
        "sourceIPs": ["10.1.2.3"],
        "userAgent": "mailer/1.0",
        "objectRef": {"resource": "configmaps", "namespace": "shop", "apiVersion": "v1"},
        "responseStatus": status,
        "requestReceivedTimestamp": clock(at),
        "stageTimestamp": clock(at + took),
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    }
    return {k: v for k, v in (base | more).items() if v is not None}


def ref(resource: str, name: str = "", namespace: str = "shop", **more: str) -> dict[str, str]:
    """An ``objectRef``."""
    made = {"resource": resource, "namespace": namespace, "name": name, "apiVersion": "v1"} | more
    return {k: v for k, v in made.items() if v}


def unauthorized(at: float, took: float = 0.003, **more: Any) -> dict[str, Any]:
    """A 401: it names nobody."""
    return event(at, 401, took=took, user={}, stage="ResponseStarted", annotations=None, **more)


def looked_up(at: float, resource: str, name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    """The server's own search for what a token rests on."""
    return event(
        at,
        404,
        took=0.001,
        user=APISERVER,
        verb="get",
        objectRef=ref(resource, name, namespace),
        sourceIPs=["127.0.0.1"],
        **more,
    )


def token_issued(
    at: float, jti: str = JTI, name: str = "mailer", uid: str = UID, bound: Any = None
) -> dict[str, Any]:
    """A TokenRequest that was answered."""
    return event(
        at,
        201,
        user=ADMIN,
        verb="create",
        objectRef=ref("serviceaccounts", name, subresource="token"),
        requestObject={"kind": "TokenRequest", "spec": {"boundObjectRef": bound}, "status": {"token": ""}},
        responseObject={
            "kind": "TokenRequest",
            "metadata": {"name": name, "namespace": "shop", "uid": uid},
            "spec": {"boundObjectRef": bound},
            "status": {"token": jwt(jti), "expirationTimestamp": "2026-11-22T11:00:00Z"},
        },
        annotations={"authentication.kubernetes.io/issued-credential-id": f"JTI={jti}"},
    )


def deleted(at: float, resource: str, name: str, uid: str = UID, **more: Any) -> dict[str, Any]:
    """The delete of an object that is answered with the object."""
    meta = {"name": name, "namespace": "shop", "uid": uid} | more
    return event(
        at,
        user=ADMIN,
        verb="delete",
        objectRef=ref(resource, name),
        responseObject={"kind": "Any", "metadata": meta},
    )


def jwt(jti: str) -> str:
    """A token with this id and a signature that is none."""
    parts = ({"alg": "RS256"}, {"jti": jti, "sub": "system:serviceaccount:shop:mailer"})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join((*encoded, "c2lnbmF0dXJlIG9mIG5vYm9keQ"))


def reading(record: Any, context: Context = CONTEXT) -> Reading:
    """Reads an event, a list of them, or bytes."""
    if not isinstance(record, bytes):
        record = json.dumps(record, separators=(",", ":")).encode()
    return kubernetes.read(record, context)


def activity(record: Any) -> Any:
    """The one activity of a record."""
    result = reading(record)
    assert not result.rejects
    (only,) = result.activities
    return only


def effect(record: Any, kind: type) -> Any:
    """The one effect of this kind."""
    (only,) = [e for a in reading(record).activities for e in a.effects if isinstance(e, kind)]
    return only


def effects(record: Any) -> list[Any]:
    """What every event of the record changes."""
    return [e for a in reading(record).activities for e in a.effects]
