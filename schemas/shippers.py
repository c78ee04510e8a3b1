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

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.records import WRAPPINGS_MAX, Contents, Found, Open, objects, parsed

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


@dataclass(frozen=True, slots=True)
class Envelopes:
    """How the records of one source are wrapped: the one way from bytes to its events, and to whether they
    are its own.

    ``is_one``: whether an object is an event of the source. ``own``: what an envelope holds that only this
    source has (a delivery, a list, a queue's message); None for any other object. ``is_bare``: an object that
    is no envelope although it is none of its events (another source's, that comes the same way). What is
    nothing of these may be in a shipper's envelope.
    """

    source: str
    is_one: Callable[[dict[str, Any]], bool]
    own: Open = lambda document: None
    is_bare: Callable[[dict[str, Any]], bool] = lambda document: False

    def opened(self, document: dict[str, Any]) -> Contents | None:
        """Returns what an envelope holds; None for an object that is none."""
        contents = self.own(document)
        if contents is not None:
            return contents
        return None if self.is_one(document) or self.is_bare(document) else shipped(document)

    def recognises(self, document: object, left: int = WRAPPINGS_MAX) -> bool:
        """Says whether the first that a decoded record holds is an event of the source."""
        if isinstance(document, str):
            document = parsed(document)
        if not left:
            return False
        if isinstance(document, list):
            return bool(document) and self.recognises(document[0], left - 1)
        if not isinstance(document, dict):
            return False
        if self.is_one(document):
            return True
        contents = self.opened(document)
        return self.recognises(contents[0][1], left - 1) if contents else False

    def objects(self, record: bytes) -> Iterator[Found]:
        """Yields every object of a record that is no envelope, or why there is none, with its place; never
        raises."""
        return objects(record, self.source, self.opened)


def shipped(document: dict[str, Any]) -> Contents | None:
    """Returns the record in a shipper's envelope, or its list of envelopes; None for any other object. To be
    asked only of an object that is no record itself."""
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
