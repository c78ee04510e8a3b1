"""Reports of leaked credentials as GitHub sends them."""

from __future__ import annotations

from typing import Any


def alert(secret: str | None = None, kind: str = "aws_access_key_id", **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "number": 7,
        "created_at": "2026-11-22T10:00:00Z",
        "updated_at": "2026-11-22T10:00:00Z",
        "state": "open",
        "html_url": "https://github.com/shop/web/security/secret-scanning/7",
        "resolution": None,
        "resolved_at": None,
        "locations_url": "https://api.github.com/repos/shop/web/secret-scanning/alerts/7/locations",
        "secret_type": kind,
        "secret_type_display_name": "x",
        "validity": "active",
        "publicly_leaked": False,
    }
    return base | ({"secret": secret} if secret else {}) | more


def webhook(
    action: str = "created", secret: str | None = "AKIAQYLPMN5HFIQR7XYA", **more: Any
) -> dict[str, Any]:
    return {
        "action": action,
        "alert": alert(secret, **more),
        "repository": {"full_name": "shop/web"},
        "sender": {"login": "octocat"},
    }
