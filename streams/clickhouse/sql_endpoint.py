"""A read-only HTTP endpoint in front of the embedded engine that speaks as ClickHouse does over HTTP.

clickhouse-connect, curl and `gapwatch sql` use it as they would a server. There are no users: whoever reaches
the port can read, nobody can do more (`streams.clickhouse.engine`, `streams.clickhouse.sql_gate`). A request
that a page of another site sent is refused (`streams.site.listening`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
import uuid

import uvicorn
from clickhouse_connect.driver.exceptions import ClickHouseError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from schemas.failure import where
from streams.clickhouse.asking import Asking, GoneError
from streams.clickhouse.engine import Engine, brief
from streams.clickhouse.http_query import (
    MAX_BODY_BYTES,
    HttpQuery,
    InvalidRequestError,
    content_type,
    read_query,
    status_of,
)
from streams.clickhouse.readers import Answer, Rest
from streams.clickhouse.sql_gate import RefusedError
from streams.site.errors import Stop
from streams.site.http_protocol import TimedProtocol
from streams.site.listening import asked_from_here, only_here

BODY_SECONDS = 10.0
"""Time a request may take to arrive. One that dribbles would hold its place for ever."""
STOP_SECONDS = 5
_UNKNOWN = 1002

log = logging.getLogger("gapwatch.sql")


class Flowing(Response):
    """An answer that goes out while the engine makes it. Who goes away ends its query; one that fails on the
    way ends its connection, so that nobody takes a part for the whole."""

    def __init__(self, first: bytes, rest: Rest, asking: Asking, headers: dict[str, str]) -> None:
        super().__init__(None, headers=headers)
        del self.headers["content-length"]
        self._first, self._rest, self._asking = first, rest, asking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the head, then part by part."""

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                continue

        left = asyncio.ensure_future(gone())
        try:
            head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(head)
            part = self._first
            while part and not left.done():
                await send({"type": "http.response.body", "body": part, "more_body": True})
                part = await self._next(left)
            if not left.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except ClickHouseError as error:
            log.warning("an answer ended on its way: %s", brief(error))
        finally:
            left.cancel()
            self._rest.close()

    async def _next(self, left: asyncio.Future[None]) -> bytes:
        part = asyncio.ensure_future(asyncio.to_thread(self._rest.more))
        await asyncio.wait((part, left), return_when=asyncio.FIRST_COMPLETED)
        if not part.done():
            await self._asking.cut(self._rest.ticket)
        return await part


class SqlEndpoint:
    """`start` listens and returns; `stop` ends all queries and returns."""

    def __init__(self, engine: Engine, host: str = "127.0.0.1", port: int = 0) -> None:
        only_here(host, "sql_host", "the SQL endpoint")
        self._engine = engine
        self._asking = Asking(engine)
        self._socket = _listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._listens_on = host
        self._version = str(engine_version(engine))
        paths = [Route(path, self._ok) for path in ("/ping", "/replicas_status")]
        app = Starlette(routes=[*paths, Route("/", self._answer, methods=["GET", "POST", "HEAD"])])
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=TimedProtocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                h11_max_incomplete_event_size=MAX_BODY_BYTES,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._thread = threading.Thread(target=self._serve, name="sql-endpoint", daemon=True)

    def start(self) -> None:
        """Raises Stop where the server does not come up."""
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise Stop(f"The SQL endpoint on {self.host}:{self.port} did not start; see the log.")
            time.sleep(0.01)

    def stop(self) -> None:
        """Cancels what runs: an engine cannot be closed under a query."""
        self._server.should_exit = True
        self._asking.stop(STOP_SECONDS)
        self._thread.join(STOP_SECONDS + 1)
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    async def _ok(self, request: Request) -> Response:
        return self._refuse_foreign(request) or PlainTextResponse("Ok.\n")

    async def _answer(self, request: Request) -> Response:
        if refused := self._refuse_foreign(request):
            return refused
        started = time.monotonic()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                query = await read_query(request)
        except TimeoutError:
            message = f"the request did not arrive within {BODY_SECONDS:.0f} s (TIMEOUT_EXCEEDED)"
            return self._failure(408, 159, message)
        except InvalidRequestError as error:
            return self._failure(error.status, error.code, str(error))
        except ClientDisconnect:
            return Response(status_code=400)  # Nobody is there to read it.
        except Exception as error:
            return self._unreadable(error)
        if not query.text.strip():
            return PlainTextResponse("Ok.\n")
        if query.database not in ("", "default", self._engine.database):
            message = (
                f"Database {query.database} does not exist, see {self._engine.database} (UNKNOWN_DATABASE)"
            )
            return self._failure(404, 81, message)
        return await self._ask(request, query, started)

    async def _ask(self, request: Request, query: HttpQuery, started: float) -> Response:
        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                continue

        try:
            answer = await self._asking.ask(query, gone)
        except GoneError:
            return Response(status_code=499)
        except RefusedError as error:
            return self._failure(status_of(error.code), error.code, str(error))
        except ClickHouseError as error:
            code = int(getattr(error, "code", None) or _UNKNOWN)
            return self._failure(status_of(code), code, str(error))
        except Exception as error:
            log.error("a query failed in the endpoint itself: %s", where(error))
            return self._failure(500, _UNKNOWN, "the endpoint failed, see its log (UNKNOWN_EXCEPTION)")
        return self._success(query, answer, time.monotonic() - started)

    def _unreadable(self, error: Exception) -> Response:
        """The log is told what failed and where, and no word of the request."""
        log.warning("a request could not be read: %s", where(error))
        return self._failure(400, 36, "the request cannot be read (BAD_ARGUMENTS)")

    def _success(self, query: HttpQuery, answer: Answer, seconds: float) -> Response:
        figures = answer.figures
        summary = {
            "read_rows": str(figures.read_rows),
            "read_bytes": str(figures.read_bytes),
            "total_rows_to_read": str(figures.read_rows),
            "result_rows": str(figures.result_rows),
            "result_bytes": str(answer.size),
            "elapsed_ns": str(int(seconds * 1e9)),
        }
        headers = self._headers() | {
            "X-ClickHouse-Format": answer.format,
            "X-ClickHouse-Query-Id": query.query_id or str(uuid.uuid4()),
            "X-ClickHouse-Summary": json.dumps(summary),
            "Content-Type": content_type(answer.format),
            "Vary": "Accept-Encoding",
        }
        if answer.coding:
            headers["Content-Encoding"] = answer.coding
        if query.progress:
            headers["X-ClickHouse-Progress"] = json.dumps(summary)
        if answer.rest is not None:
            return Flowing(answer.body, answer.rest, self._asking, headers)
        return Response(answer.body, headers=headers)

    def _failure(self, status: int, code: int, message: str) -> Response:
        if not message.startswith("Code: "):
            message = f"Code: {code}. DB::Exception: {message}"
        headers = self._headers() | {"X-ClickHouse-Exception-Code": str(code)}
        return PlainTextResponse(
            f"{message} (version {self._version})\n", status_code=status, headers=headers
        )

    def _headers(self) -> dict[str, str]:
        return {
            "X-ClickHouse-Server-Display-Name": "gapwatch",
            "X-ClickHouse-Timezone": "UTC",
            "X-Content-Type-Options": "nosniff",
        }

    def _refuse_foreign(self, request: Request) -> Response | None:
        if asked_from_here(request.headers, self._listens_on):
            return None
        return self._failure(403, 497, "a request from another site is not answered (ACCESS_DENIED)")


def engine_version(engine: Engine) -> object:
    """Returns the version of ClickHouse that answers, as drivers ask for it."""
    client = engine.writer()
    try:
        return client.server_version
    finally:
        engine.discard(client)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Stop(
            f"The SQL endpoint cannot listen on {host}:{port}: {error.strerror}. Set sql_host and sql_port."
        ) from None
