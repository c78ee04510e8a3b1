"""What shippers put around an audit line: Fluent Bit's ``log``, Filebeat's and Vector's ``message``, Splunk's
``event``, CloudWatch's ``logEvents[].message``, Cloud Logging's ``jsonPayload``.
"""

from __future__ import annotations

from typing import Any

from schemas.records import Contents

LISTS = ("logEvents", "records", "items", "entries")
TEXTS = (
    "log",
    "message",
    "@message",
    "MESSAGE",
    "event",
    "_raw",
    "line",
    "textPayload",
    "jsonPayload",
    "data",
)
"""Where they put a line, as text or taken apart."""

PREFIX_MAX = 256
"""An audit device, or what carried its line, may have written a prefix before it (``@cee: ``, a runtime's
time): at most so many characters are skipped."""

DEPTH = 4


def is_line(document: dict[str, Any]) -> bool:
    """A request or a response with the request that it is about."""
    request = document.get("request")
    if document.get("type") not in ("request", "response") or not isinstance(request, dict):
        return False
    return "operation" in request and "path" in request


def opened(document: dict[str, Any]) -> Contents | None:
    """What an envelope holds; None for an object that is none."""
    if is_line(document) or "request" in document:
        return None
    for name in LISTS:
        if isinstance(many := document.get(name), list):
            return [(f"{name}[{i}]", _bare(content)) for i, content in enumerate(many)]
    for name in TEXTS:
        content = _bare(document.get(name))
        if isinstance(content, dict) or (isinstance(content, str) and content[:1] == "{"):
            return [(name, content)]
    return None


def _bare(content: object) -> object:
    """A text from its first object on."""
    if not isinstance(content, str):
        return content
    text = content.strip()
    start = text.find('{"', 0, PREFIX_MAX)
    return text[start:] if start > 0 else text
