"""Stage `receive_otlp`: traces and logs over OTLP/HTTP (OTLP specification 1.x) to raw.otel.

A request goes to Kafka as it came, unpacked; headers of the message say what it is (`content-type`,
`signal`).
"""

from __future__ import annotations

from typing import NamedTuple

import orjson
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtobufMessage
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.responses import Response

from schemas.records import EVENTS_MAX
from schemas.sources import Context, sources
from streams.receivers.handover import Handover, Message
from streams.receivers.http.cutting import (
    MalformedError,
    cut,
    is_crowded,
    json_form,
    json_items,
    json_object,
    protobuf_count,
    protobuf_form,
    varint,
)
from streams.receivers.http.reception import Body, Parcel, Refusal
from streams.receivers.http.serving import run
from streams.receivers.unfit import Unfit
from streams.site.settings import Settings
from streams.site.stage import Stage

SOURCE = "otel"
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
PROTOBUF_LEVELS = (1, 2, 2)
"""Field numbers of resource, scope and span or log record; both kinds of request have the same."""
SERVICE_SHOWN = 100
"""Letters of a service that a refusal repeats."""
RPC_CODES = {400: 3, 401: 16, 403: 7, 408: 4, 413: 8, 415: 3, 429: 8, 503: 14}
"""google.rpc.Code by HTTP status."""


class Signal(NamedTuple):
    """A kind of telemetry: request and response, its levels in JSON, and what counts its items there."""

    name: str
    request: type[ProtobufMessage]
    response: type[ProtobufMessage]
    levels: tuple[str, str, str]
    rejected: str


SIGNALS = {
    "/v1/traces": Signal(
        "traces",
        ExportTraceServiceRequest,
        ExportTraceServiceResponse,
        ("resourceSpans", "scopeSpans", "spans"),
        "rejectedSpans",
    ),
    "/v1/logs": Signal(
        "logs",
        ExportLogsServiceRequest,
        ExportLogsServiceResponse,
        ("resourceLogs", "scopeLogs", "logRecords"),
        "rejectedLogRecords",
    ),
}


class OtlpReception:
    """`limit` is the most bytes of a record."""

    paths = tuple(SIGNALS)
    media = (PROTOBUF, JSON)

    def __init__(self, handover: Handover, topic: str, limit: int) -> None:
        self._handover = handover
        self._topic = topic
        self._limit = limit

    def parcel(self, path: str, body: Body) -> Parcel:
        """Returns the request as one message, or as several where it is too large for one."""
        signal = SIGNALS[path]
        too_large: list[bytes] = []
        try:
            if body.media == JSON:
                pieces = self._json(body.content, signal, too_large)
            else:
                pieces = self._protobuf(body.content, signal, too_large)
        except (MalformedError, DecodeError) as error:
            raise Refusal(400, f"not an export request of {signal.name}: {error}") from None
        if too_large and not pieces:
            raise Refusal(413, f"larger than {self._limit} bytes (record_limit) without being a batch")
        reason = f"larger than {self._limit} bytes (record_limit)"
        _check(pieces, body.services)
        headers = (("content-type", body.media.encode()), ("signal", signal.name.encode()))
        messages = [Message(self._topic, piece, headers) for piece in pieces]
        rejects = [self._handover.reject(Unfit.of(item, reason, path), self._topic) for item in too_large]
        return Parcel(messages + rejects, len(rejects))

    def accepted(self, path: str, media: str, unfit: int) -> Response:
        """Returns a full or a partial success, in the sender's own encoding."""
        signal = SIGNALS[path]
        words = f"{unfit} items are larger than {self._limit} bytes (record_limit)"
        if media == JSON:
            partial = {"partialSuccess": {signal.rejected: str(unfit), "errorMessage": words}}
            return Response(orjson.dumps(partial if unfit else {}), media_type=JSON)
        response = signal.response()
        if unfit:
            # Field 1 of both responses, with the count in field 1 and the words in field 2.
            part = b"\x08" + varint(unfit) + b"\x12" + varint(len(words)) + words.encode()
            response.MergeFromString(b"\x0a" + varint(len(part)) + part)
        return Response(response.SerializeToString(), media_type=PROTOBUF)

    def refused(self, media: str, refusal: Refusal) -> Response:
        """Returns a google.rpc.Status in the sender's own encoding."""
        code, words = RPC_CODES.get(refusal.status, 2), str(refusal)
        if media == PROTOBUF:
            text = words.encode()
            status = b"\x08" + varint(code) + b"\x12" + varint(len(text)) + text
            return Response(status, refusal.status, media_type=PROTOBUF)
        return Response(orjson.dumps({"code": code, "message": words}), refusal.status, media_type=JSON)

    def _protobuf(self, body: bytes, signal: Signal, too_large: list[bytes]) -> list[bytes]:
        if not body:
            return []
        count = protobuf_count(body, PROTOBUF_LEVELS)
        if not count:
            raise MalformedError("it holds nothing of them")
        crowded = count > EVENTS_MAX
        pieces = cut(body, protobuf_form, PROTOBUF_LEVELS, self._limit, too_large.append, crowded)
        for piece in pieces:
            signal.request().ParseFromString(piece)
        return pieces

    def _json(self, body: bytes, signal: Signal, too_large: list[bytes]) -> list[bytes]:
        key = signal.levels[0]
        fields = json_object(body.removeprefix(b"\xef\xbb\xbf"))
        if not fields:
            return []
        if key not in fields:
            raise MalformedError(f"it has no {key}")
        if not json_items({key: fields[key]}, key):
            return []
        body = body.removeprefix(b"\xef\xbb\xbf")
        return cut(body, json_form, signal.levels, self._limit, too_large.append, is_crowded(body))


def _check(pieces: list[bytes], services: tuple[str, ...]) -> None:
    """What the pieces say, as it will be read, is said of these services alone. Raises Refusal."""
    if "*" in services:
        return
    source = sources()[SOURCE]
    for piece in pieces:
        for activity in source.read(piece, Context(key=bytes(32))).activities:
            if not any(_is(activity.service, service) for service in services):
                shown = activity.service[:SERVICE_SHOWN] or "no service"
                raise Refusal(403, f"this token does not speak for {shown!r}")


def _is(name: str, service: str) -> bool:
    return name.startswith(service[:-1]) if service.endswith("*") else bool(name) and name == service


def main(settings: Settings, stage: Stage) -> None:
    """Receives until `stage.stopping` is set. Raises SettingsError, NotRunning."""

    def make(handover: Handover) -> OtlpReception:
        topic = handover.topic(SOURCE, settings.receive_otlp_instance)
        return OtlpReception(handover, topic, settings.record_limit)

    run(settings, stage, make)
