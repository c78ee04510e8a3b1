"""An audit line, and what is put around one."""

from __future__ import annotations

from typing import Any

from schemas.records import Contents
from schemas.shippers import shipped


def is_line(document: dict[str, Any]) -> bool:
    """A request or a response with the request that it is about."""
    request = document.get("request")
    if document.get("type") not in ("request", "response") or not isinstance(request, dict):
        return False
    return "operation" in request and "path" in request


def opened(document: dict[str, Any]) -> Contents | None:
    """What an envelope holds; None for an object that is none."""
    return None if "request" in document else shipped(document)
