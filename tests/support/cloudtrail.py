"""CloudTrail events for tests, in its exact form; worthless example ids."""

from __future__ import annotations

import json
from typing import Any

from schemas.activity import Activity, Effect
from schemas.sources import Context, Reading
from schemas.sources.cloudtrail import read

ACCOUNT = "111122223333"
KEY = "AKIAIOSFODNN7EXAMPLE"
SESSION = "ASIAIOSFODNN7EXAMPLE"
CONTEXT = Context(key=b"site")

USER: dict[str, Any] = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLEUSER00001",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/team/ci/deployer",
    "accountId": ACCOUNT,
    "accessKeyId": KEY,
    "userName": "deployer",
}
ROLE: dict[str, Any] = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLEROLE00001:i-0abc",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/payments/i-0abc",
    "accountId": ACCOUNT,
    "accessKeyId": SESSION,
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROAEXAMPLEROLE00001",
            "arn": f"arn:aws:iam::{ACCOUNT}:role/svc/payments",
            "accountId": ACCOUNT,
            "userName": "payments",
        },
        "attributes": {"creationDate": "2026-11-22T09:00:00Z", "mfaAuthenticated": "false"},
    },
}


def event(operation: str = "ListBuckets", service: str = "s3", **more: Any) -> dict[str, Any]:
    """An event of the user ``deployer``; a keyword replaces or adds a field, None as null."""
    base: dict[str, Any] = {
        "eventVersion": "1.09",
        "userIdentity": USER,
        "eventTime": "2026-11-22T10:00:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": operation,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15.0",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "5e9a4f6c-0000-4000-8000-000000000001",
        "eventID": "0f7a3f5e-0000-4000-8000-000000000001",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    return base | more


def reading(record: object) -> Reading:
    return read(record if isinstance(record, bytes) else json.dumps(record).encode(), CONTEXT)


def activity(*args: Any, **more: Any) -> Activity:
    """The activity of one event."""
    result = reading(event(*args, **more))
    assert not result.rejects, result.rejects
    (one,) = result.activities
    return one


def effects(operation: str, service: str = "iam", **more: Any) -> tuple[Effect, ...]:
    return activity(operation, service, **more).effects
