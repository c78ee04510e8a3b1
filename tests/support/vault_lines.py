"""Audit lines for tests, made as the servers write them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.activity import Activity
from schemas.sources import Context, Reading, vault

SHARED = Path(__file__).parents[3] / "shared" / "data"
RECORDED = SHARED / "vault" / "openbao_recorded"
LEARN = SHARED / "vault" / "hashicorp-education_learn-vault-monitoring" / "vault-audit.log"

CONTEXT = Context(instance="prod", key=b"site key")


def hmac(text: str) -> str:
    """What stands in a log for ``text``."""
    return "hmac-sha256:" + hashlib.sha256(text.encode()).hexdigest()


def auth(name: str = "app", entity: str | None = "e-app", **more: Any) -> dict[str, Any]:
    """A token as its lines show it."""
    known = {
        "client_token": hmac(f"{name} token"),
        "accessor": hmac(f"{name} accessor"),
        "display_name": "approle",
        "policies": ["app", "default"],
        "token_policies": ["app", "default"],
        "token_type": "service",
        "entity_id": entity,
        "token_ttl": 3600,
    }
    return {key: value for key, value in (known | more).items() if value is not None}


def token(name: str) -> str:
    return f"vault:prod:token/{hmac(f'{name} token')}"


def accessor(name: str) -> str:
    return f"vault:prod:accessor/{hmac(f'{name} accessor')}"


def entity(name: str) -> str:
    return f"vault:prod:entity/{name}"


def line(
    path: str,
    *,
    operation: str = "update",
    who: dict[str, Any] | None = None,
    data: Any = None,
    response: Any = None,
    error: str | None = None,
    kind: str = "response",
    **request: Any,
) -> dict[str, Any]:
    """A line about a call of ``path`` by the token ``who`` (none: a call that was not authenticated)."""
    asked: dict[str, Any] = {
        "id": "5c1f8f0e-0000-4000-8000-000000000001",
        "operation": operation,
        "path": path,
        "namespace": {"id": "root"},
        "remote_address": "10.1.2.3",
    }
    if who:
        asked |= {"client_token": who.get("client_token"), "client_token_accessor": who.get("accessor")}
    if data is not None:
        asked["data"] = data
    whole: dict[str, Any] = {
        "time": "2026-11-22T21:07:50.123456789Z",
        "type": kind,
        "auth": who or {"token_type": "default"},
        "request": asked | request,
    }
    if kind == "response":
        whole["response"] = response or {}
    if error is not None:
        whole["error"] = error
    return whole


def login(name: str = "app", secret: str = "s1", **more: Any) -> dict[str, Any]:
    """A successful AppRole login that hands out the token ``name``."""
    new = auth(name, metadata={"role_name": "payments"}, **more)
    return line(
        "auth/approle/login",
        data={"role_id": hmac("role"), "secret_id": hmac(secret)},
        response={"auth": new},
        mount_point="auth/approle/",
        mount_type="approle",
    ) | {"auth": new}


def read(document: dict[str, Any] | bytes, context: Context = CONTEXT) -> Reading:
    body = document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":")).encode()
    return vault.read(body, context)


def activity(document: dict[str, Any], context: Context = CONTEXT) -> Activity:
    """The one activity that the line gives."""
    reading = read(document, context)
    assert len(reading.activities) == 1, reading
    return reading.activities[0]


def logged(document: dict[str, Any], at: float) -> Activity:
    return activity(dated(document, at))


def dated(document: dict[str, Any], at: float) -> dict[str, Any]:
    """The line as written ``at`` seconds after the first, under an id of its own."""
    time = datetime(2026, 11, 22, 21, tzinfo=UTC) + timedelta(seconds=at)
    request = document["request"] | {"id": f"5c1f8f0e-0000-4000-8000-{int(at * 1000):012}"}
    stamp = time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return document | {"time": stamp, "request": request}
