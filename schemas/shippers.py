"""What shippers, search engines and consoles put around one vendor record.

| who | form |
|---|---|
| Elasticsearch, OpenSearch | ``{"hits": {"hits": [{"_source": …}]}}``, or one hit a line |
| Beats, Elastic Agent | ``{"event": {"original": "…"}}``, or ``message`` |
| Splunk | an export's ``{"result": {"_raw": "…"}}``, the collector's ``{"event": …}`` |
| Fluent Bit, Docker | ``log``, perhaps behind the time and stream of a container runtime |
| journald, Loki | ``MESSAGE``, ``line`` |
| CloudWatch Logs | ``{"events": [{"message": "…"}]}``, ``logEvents``, ``@message`` of Insights |
| Cloud Logging | ``{"entries": [{"jsonPayload": …}]}``, ``textPayload`` |
| Datadog | ``attributes``, in a search's answer below ``content`` |
"""

from __future__ import annotations

from typing import Any

from schemas.records import Contents

LISTS = (("hits", "hits"), ("events",), ("logEvents",), ("entries",))
PATHS = (
    ("_source",),
    ("result", "_raw"),
    ("event", "original"),
    ("content", "attributes"),
    ("@message",),
    ("_raw",),
    ("message",),
    ("log",),
    ("event",),
    ("attributes",),
    ("MESSAGE",),
    ("line",),
    ("textPayload",),
    ("jsonPayload",),
)
"""Where the record stands, the most telling first: a shipper that keeps the original also takes it apart."""

PREFIX_MAX = 256
"""What carried a line may have written a prefix before it (``@cee: ``, a runtime's time): at most so many
characters are skipped."""


def shipped(document: dict[str, Any]) -> Contents | None:
    """The record in a shipper's envelope, or its list of envelopes; None for any other object. To be asked
    only of an object that is no record itself."""
    for path in LISTS:
        many = _at(document, path)
        if isinstance(many, list):
            return [(f"{'.'.join(path)}[{i}]", one) for i, one in enumerate(many)]
    for path in PATHS:
        content = _at(document, path)
        if isinstance(content, str):
            content = _bare(content)
        if isinstance(content, dict) or (isinstance(content, str) and content[:1] == "{"):
            return [(".".join(path), content)]
    return None


def _bare(text: str) -> str:
    """From the first object on."""
    text = text.strip()
    start = text.find('{"', 0, PREFIX_MAX)
    return text[start:] if start > 0 and text[:1] != "{" else text


def _at(document: dict[str, Any], path: tuple[str, ...]) -> object:
    value: object = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
