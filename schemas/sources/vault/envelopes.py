"""An audit line, and what is put around one."""

from __future__ import annotations

from typing import Any

from schemas.shippers import Envelopes

OTHER_LISTENERS = ("-request", "-response")
"""Ends of the types of lines that a listener of another protocol writes to the same device (``kmip-request``
of Vault Enterprise's KMIP secrets engine): its clients show certificates, no tokens, so they are passed."""


def is_line(document: dict[str, Any]) -> bool:
    """Says whether a document is a request or a response with the request that it is about."""
    kind, request = document.get("type"), document.get("request")
    if not isinstance(kind, str) or not isinstance(request, dict):
        return False
    if kind.endswith(OTHER_LISTENERS):
        return "namespace" in request and "remote_address" in request
    return kind in ("request", "response") and "operation" in request and "path" in request


ENVELOPES = Envelopes("vault", is_line, is_bare=lambda document: "request" in document)
