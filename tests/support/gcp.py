"""Audit log entries of Google Cloud as Google writes them, and what the reader makes of them."""

from __future__ import annotations

import json
from typing import Any

from schemas.activity import Activity
from schemas.sources import Context, Reading
from schemas.sources.gcp import read

PROJECT = "shop-prod"
EMAIL = f"payments@{PROJECT}.iam.gserviceaccount.com"
ACCOUNT = f"gcp:{PROJECT}:{EMAIL}"
KEY_ID = "69049163b190437ab9279b28e8afa24bb5c5b076"
KEY = f"gcp:key/{EMAIL}/{KEY_ID}"
KEY_NAME = f"//iam.googleapis.com/projects/{PROJECT}/serviceAccounts/{EMAIL}/keys/{KEY_ID}"
ADMIN = {"principalEmail": "admin@example.com", "principalSubject": "user:admin@example.com"}
BY_KEY = {
    "principalEmail": EMAIL,
    "principalSubject": f"serviceAccount:{EMAIL}",
    "serviceAccountKeyName": KEY_NAME,
}
CONTEXT = Context(key=b"site")


def entry(method: str = "storage.objects.get", service: str = "storage", **more: Any) -> dict[str, Any]:
    """A call by the key of ``payments``; keywords of the payload replace or add, ``entry_…`` those of the
    entry."""
    outer = {name.removeprefix("entry_"): more.pop(name) for name in list(more) if name.startswith("entry_")}
    payload: dict[str, Any] = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": {},
        "authenticationInfo": BY_KEY,
        "requestMetadata": {
            "callerIp": "198.51.100.7",
            "callerSuppliedUserAgent": "google-api-python-client/2.0 (gzip),gzip(gfe)",
        },
        "serviceName": f"{service}.googleapis.com",
        "methodName": method,
        "authorizationInfo": [{"permission": "storage.objects.get", "granted": True}],
        "resourceName": "projects/_/buckets/shop/objects/orders",
    }
    base: dict[str, Any] = {
        "insertId": "1plwiv7e2lak8",
        "timestamp": "2026-11-22T10:00:00.123456789Z",
        "receiveTimestamp": "2026-11-22T10:00:01.5Z",
        "severity": "INFO",
        "logName": f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Fdata_access",
        "resource": {"type": "gcs_bucket", "labels": {"project_id": PROJECT, "bucket_name": "shop"}},
        "protoPayload": payload | more,
    }
    return base | outer


def iam(word: str, **more: Any) -> dict[str, Any]:
    """A call by the administrator about the account ``payments``."""
    about: dict[str, Any] = {
        "authenticationInfo": ADMIN,
        "resourceName": "projects/-/serviceAccounts/103566171230474107362",
        "request": {"name": f"projects/-/serviceAccounts/{EMAIL}"},
        "entry_resource": {
            "type": "service_account",
            "labels": {"project_id": PROJECT, "email_id": EMAIL, "unique_id": "103566171230474107362"},
        },
    }
    return entry(f"google.iam.admin.v1.{word}", "iam", **(about | more))


def about_key(word: str, **more: Any) -> dict[str, Any]:
    request = {"name": f"projects/-/serviceAccounts/{EMAIL}/keys/{KEY_ID}"}
    return iam(word, **({"request": request} | more))


def reading(record: object, context: Context = CONTEXT) -> Reading:
    return read(record if isinstance(record, bytes) else json.dumps(record).encode(), context)


def activity(record: object) -> Activity:
    """The one activity of a record without a reject."""
    result = reading(record)
    assert not result.rejects, result.rejects
    (one,) = result.activities
    return one
