"""An HTTP receiver: takes requests in within bounds, and answers once Kafka has what they hold.

What it takes and how it answers is a `Reception`'s. Bounded are connections, the time of a head, of a body
and of a TLS handshake, the bytes of a request and those of all requests together.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.server import ServerState

from streams.receivers import counts
from streams.receivers.addresses import listen, parse
from streams.receivers.handover import Handover, Message, NotTakenError
from streams.receivers.http.access import Access, of_receiver
from streams.receivers.http.protocol import bounded
from streams.receivers.http.reception import Body, Reception, Refusal
from streams.receivers.http.unpack import WINDOW_BITS, BrokenError, TooLargeError, Unpacker
from streams.site.settings import Settings
from streams.site.stage import Stage

PATIENCE_SECONDS = 8.0
"""How long a request waits for Kafka: an OpenTelemetry exporter gives up after 10 s by default, and a short
outage should cost it nothing.
"""
ANSWER_SECONDS = 4.0
"""librdkafka says within this time after its own deadline that it gave up."""
BODY_SECONDS = 30.0
"""Time a request's body may take: 16 MiB at half a MiB a second."""
HANDSHAKE_SECONDS = 10.0
DISCARD_SECONDS = 2.0
"""How long the rest of a refused body is read and dropped: who is cut off while sending sees no answer."""
STOP_SECONDS = 3.0
KEEP_ALIVE_SECONDS = 75
"""Longer than most senders pause between batches, so that few meet a connection that is being closed."""
LOOK_SECONDS = 0.1
COME_BACK_SECONDS = 1
COME_BACK_LATER_SECONDS = 60

log = logging.getLogger("gapwatch.receivers")


@dataclass(frozen=True)
class Bounds:
    """Bytes of one request and of all requests together, connections, and seconds a body may take."""

    body: int
    in_flight: int
    connections: int
    body_seconds: float = BODY_SECONDS
    patience: float = PATIENCE_SECONDS


class HttpReceiver:
    """`closed` says why intake is closed, None while it is open."""

    def __init__(
        self,
        reception: Reception,
        handover: Handover,
        access: Access,
        bounds: Bounds,
        closed: Callable[[], str | None],
    ) -> None:
        self._reception = reception
        self._handover = handover
        self._access = access
        self._bounds = bounds
        self._closed = closed
        self._in_flight = 0
        # Taking a body apart needs several times its size, so one is taken apart at a time.
        self._apart = asyncio.Lock()
        routes = [Route(path, self._answer, methods=["POST"]) for path in reception.paths]
        self._app = Starlette(routes=routes)

    async def serve(self, listener: socket.socket, stopping: Callable[[], bool]) -> None:
        """Serves until `stopping`; then lets the requests that it has finish."""
        state = ServerState()
        config = uvicorn.Config(
            self._app,
            http=bounded(self._bounds.connections, self._handover.receiver),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        config.load()
        server = await asyncio.get_running_loop().create_server(
            lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),  # type: ignore[call-arg]
            sock=listener,
            ssl=self._access.tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if self._access.tls else None,
        )
        while not stopping():
            await asyncio.sleep(LOOK_SECONDS)
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=STOP_SECONDS)

    async def _answer(self, request: Request) -> Response:
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            unfit = await self._take(request, media)
        except Refusal as refusal:
            counts.REFUSED.labels(self._handover.receiver, str(refusal.status)).inc()
            await _discard(request)
            return self._refused(media, refusal)
        request.scope["taken"] = True
        return self._reception.accepted(request.url.path, media, unfit)

    def _refused(self, media: str, refusal: Refusal) -> Response:
        response = self._reception.refused(media, refusal)
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if refusal.status in (401, 408, 413):
            response.headers["Connection"] = "close"
        return response

    async def _take(self, request: Request, media: str) -> int:
        services = self._known(request)
        coding = self._admit(request, media)
        held = _Held(self)
        try:
            body = Body(await self._read(request, coding, held), media, services)
            async with self._apart:
                parcel = await asyncio.to_thread(self._reception.parcel, request.url.path, body)
            await self._hand_over(parcel.messages)
            return parcel.unfit
        finally:
            held.free()

    def _known(self, request: Request) -> tuple[str, ...]:
        """The services that the sender may speak for. Raises Refusal."""
        services = self._access.admits(request.headers.get("authorization", "").encode("latin-1", "replace"))
        if services is None:
            raise Refusal(401, "the bearer token is missing or wrong")
        return services

    def _admit(self, request: Request, media: str) -> str:
        """The content coding of a request that may come in. Raises Refusal."""
        headers = request.headers
        if "origin" in headers:
            # Pages open in a browser on this machine reach loopback too.
            raise Refusal(403, "requests from web pages are not taken")
        if media not in self._reception.media:
            raise Refusal(415, f"the content type must be {' or '.join(self._reception.media)}")
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", *WINDOW_BITS):
            raise Refusal(415, f"the content encoding must be {', '.join(WINDOW_BITS)} or none")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._bounds.body:
            raise self._too_large()
        if closed := self._closed():
            raise Refusal(503, closed, COME_BACK_LATER_SECONDS)
        return coding

    async def _read(self, request: Request, coding: str, held: _Held) -> bytes:
        unpacker = Unpacker(coding, self._bounds.body)
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                async for chunk in request.stream():
                    before = unpacker.size
                    unpacker.feed(chunk)
                    held.more(unpacker.size - before)
            return unpacker.content()
        except TimeoutError:
            seconds = f"{self._bounds.body_seconds:g}"
            raise Refusal(408, f"the request did not arrive within {seconds} s") from None
        except TooLargeError:
            raise self._too_large() from None
        except BrokenError as error:
            raise Refusal(400, f"the {coding} body is broken: {error}") from None
        except ClientDisconnect:
            raise Refusal(400, "the request was cut off") from None

    async def _hand_over(self, messages: list[Message]) -> None:
        try:
            async with asyncio.timeout(self._bounds.patience + ANSWER_SECONDS):
                await self._handover.taken(messages)
        except NotTakenError as error:
            if error.too_large:
                raise Refusal(413, f"Kafka does not take a record of this size: {error}") from None
            raise Refusal(503, f"Kafka does not take records now: {error}", COME_BACK_SECONDS) from None
        except TimeoutError:
            raise Refusal(503, "Kafka does not take records now", COME_BACK_SECONDS) from None

    def _too_large(self) -> Refusal:
        limit = self._bounds.body
        return Refusal(413, f"the request is larger than {limit} bytes, unpacked (receive_body_limit)")

    def hold(self, size: int) -> None:
        """Raises Refusal where all requests together would hold too much."""
        if self._in_flight + size > self._bounds.in_flight:
            raise Refusal(429, "too much is waiting for Kafka", COME_BACK_SECONDS)
        self._in_flight += size

    def free(self, size: int) -> None:
        """Gives back the room (bytes) that a request had taken."""
        self._in_flight -= size


class _Held:
    """The bytes that one request holds."""

    def __init__(self, receiver: HttpReceiver) -> None:
        self._receiver = receiver
        self._size = 0

    def more(self, size: int) -> None:
        self._receiver.hold(size)
        self._size += size

    def free(self) -> None:
        self._receiver.free(self._size)
        self._size = 0


async def _discard(request: Request) -> None:
    # Who asks first whether to send a body has its answer without.
    if "expect" in request.headers:
        return
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            async for _ in request.stream():
                pass
    except (TimeoutError, ClientDisconnect, RuntimeError):
        # RuntimeError: all of it was read before.
        return


def run(settings: Settings, stage: Stage, make: Callable[[Handover], Reception]) -> None:
    """Runs an HTTP receiver as the stage of its name until it is to stop."""
    address = parse(getattr(settings, stage.name), stage.name)
    access = of_receiver(settings, stage.name, address)
    handover = Handover(settings, stage.name, PATIENCE_SECONDS)
    try:
        reception = make(handover)
        bounds = Bounds(settings.receive_body_limit, settings.receive_in_flight, settings.receive_connections)
        with listen(address, stage.name) as listener:
            receiver = HttpReceiver(reception, handover, access, bounds, stage.intake_closed)
            log.info("%s listens on %s", stage.name, address)
            stage.ready()
            asyncio.run(receiver.serve(listener, stage.stopping.is_set))
    finally:
        handover.close()
