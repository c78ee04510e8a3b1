"""Stage `receive_kubernetes`: the audit webhook of an API server (audit.k8s.io/v1 EventList), to
raw.kubernetes.

The API server comes back after 429, 5xx and Retry-After; any other refusal ends a batch for it.
"""

from __future__ import annotations

import msgspec
from starlette.responses import PlainTextResponse, Response

from streams.receivers.handover import Handover, Message
from streams.receivers.http.cutting import MalformedError, cut, is_crowded, json_form, json_items, json_object
from streams.receivers.http.reception import Body, Parcel, Refusal
from streams.receivers.http.serving import run
from streams.receivers.unfit import Unfit
from streams.site.settings import Settings
from streams.site.stage import Stage

SOURCE = "kubernetes"
JSON = "application/json"
API = "audit.k8s.io/"
ITEMS = "items"


class WebhookReception:
    """`limit` is the most bytes of a record. Any path will do: the server's kubeconfig names one."""

    paths = ("/{path:path}",)
    media = (JSON,)

    def __init__(self, handover: Handover, topic: str, limit: int) -> None:
        self._handover = handover
        self._topic = topic
        self._limit = limit

    def parcel(self, path: str, body: Body) -> Parcel:
        """Returns the list as one message, or as several where it is too large for one."""
        too_large: list[bytes] = []
        try:
            fields = json_object(body.content)
            if not _text(fields, "apiVersion").startswith(API) or _text(fields, "kind") != "EventList":
                raise MalformedError(f"kind and apiVersion must be EventList and {API}v1")
            if not json_items(fields, ITEMS):
                return Parcel([])
            pieces = cut(
                body.content, json_form, (ITEMS,), self._limit, too_large.append, is_crowded(body.content)
            )
        except MalformedError as error:
            raise Refusal(400, f"not a list of audit events: {error}") from None
        reason = f"larger than {self._limit} bytes (record_limit)"
        messages = [Message(self._topic, piece, (("content-type", JSON.encode()),)) for piece in pieces]
        rejects = [self._handover.reject(Unfit.of(item, reason, path), self._topic) for item in too_large]
        return Parcel(messages + rejects, len(rejects))

    def accepted(self, path: str, media: str, unfit: int) -> Response:
        """Returns an empty answer, of which the server reads the status only."""
        return PlainTextResponse(f"{unfit} events were too large\n" if unfit else "")

    def refused(self, media: str, refusal: Refusal) -> Response:
        """Returns the answer to a request that is not taken: one line of plain text."""
        return PlainTextResponse(f"{refusal}\n", refusal.status)


def _text(fields: dict[str, msgspec.Raw], name: str) -> str:
    try:
        return msgspec.json.decode(fields.get(name, b'""'), type=str)
    except msgspec.DecodeError:
        return ""


def main(settings: Settings, stage: Stage) -> None:
    """Receives until `stage.stopping` is set. Raises SettingsError, NotRunning."""

    def make(handover: Handover) -> WebhookReception:
        topic = handover.topic(SOURCE, settings.receive_kubernetes_instance)
        return WebhookReception(handover, topic, settings.record_limit)

    run(settings, stage, make)
