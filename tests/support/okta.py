"""Small events as Okta's System Log writes them."""

from __future__ import annotations

import json
from typing import Any

from schemas.sources import Context, Reading, okta

ORG = "acme"
PREFIX = f"okta:{ORG}:"
CONTEXT = Context(instance=ORG, key=b"test")
USER, CLIENT = "00u1jo", "0oa1sync"
TOKEN, SECRET = "00T1sync", "ocs1a"
ADMIN: dict[str, Any] = {
    "id": USER, "type": "User", "alternateId": "jo@example.com", "displayName": "Jo", "detailEntry": None,
}  # fmt: skip
APP: dict[str, Any] = {
    "id": CLIENT,
    "type": "PublicClientApp",
    "alternateId": "unknown",
    "displayName": "sync",
}


def clock(second: float) -> str:
    """A time so many seconds after ten."""
    return f"2026-11-22T10:{int(second) // 60:02}:{second % 60:06.3f}Z"


def target(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "type": kind,
        "alternateId": "unknown",
        "displayName": name,
        "detailEntry": None,
    } | more


def event(
    kind: str, at: float = 0, *targets: dict[str, Any], result: str = "SUCCESS", token: str = "", **more: Any
) -> dict[str, Any]:
    """One LogEvent; ``token``: the API token that the request was made with."""
    return {
        "actor": ADMIN,
        "client": {
            "userAgent": {"rawUserAgent": "sync/1.0", "os": "Unknown", "browser": "UNKNOWN"},
            "zone": "null",
            "device": "Unknown",
            "id": None,
            "ipAddress": "198.51.100.7",
        },
        "authenticationContext": {"authenticationStep": 0, "externalSessionId": "trs1"},
        "displayMessage": kind,
        "eventType": kind,
        "outcome": {"result": result, "reason": None},
        "published": clock(at),
        "severity": "INFO",
        "debugContext": {"debugData": {"requestUri": "/api/v1/x", "requestId": f"r-{at}"}},
        "legacyEventType": "x",
        "transaction": {
            "type": "WEB",
            "id": f"r-{at}",
            "detail": {"requestApiTokenId": token} if token else {},
        },
        "uuid": f"event-{kind}-{at}",
        "version": "0",
        "request": {"ipChain": [{"ip": "198.51.100.7", "version": "V4"}]},
        "target": list(targets) or None,
    } | more


def granted(at: float = 0, result: str = "SUCCESS", reason: str | None = None) -> dict[str, Any]:
    """A service app asks for an access token."""
    kind = "app.oauth2.token.grant" + (".access_token" if result == "SUCCESS" else "")
    return event(
        kind, at, target("access_token", f"AT.{at}"), actor=APP, outcome={"result": result, "reason": reason},
        debugContext={"debugData": {
            "grantType": "client_credentials", "requestUri": "/oauth2/v1/token",
            "clientAuthType": "client_secret_basic", "clientSecret": "never-to-be-kept",
        }},
    )  # fmt: skip


def reading(*documents: Any) -> Reading:
    """What is read of one record: one document, or a list of several."""
    body = documents[0] if len(documents) == 1 else list(documents)
    return okta.read(json.dumps(body).encode(), CONTEXT)
