"""The numbers of a run over HTTP, served within bounds: whoever connects, the supervisor stays as it is.

At most a few connections are open; of more the one that has been open longest gives way, since a scrape takes
milliseconds. All that ask within a moment get the same answer.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from streams.site.listening import asked_from_here

CONNECTIONS_MAX = 8
"""Open at once, each a thread: a few scrapers, each with one."""
SILENT_SECONDS = 5.0
"""Of a connection, after which it is closed."""
FRESH_SECONDS = 0.5
"""How old an answer may be: collecting reads the files of all processes."""


class MetricsServer(ThreadingHTTPServer):
    """Serves from the start on, in threads of its own, until it is closed."""

    daemon_threads = True
    request_queue_size = CONNECTIONS_MAX

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._registry = registry
        self._open: dict[Any, None] = {}
        self._lock = threading.Lock()
        self._answers: dict[Callable[..., bytes], tuple[float, bytes]] = {}
        self.listens_on = host
        super().__init__((host, port), _Handler)
        threading.Thread(target=self.serve_forever, name="metrics", daemon=True).start()

    def server_bind(self) -> None:
        """Binds the socket without looking up the host's name, as the base class does: that may take
        seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serves a request in a thread of its own; the oldest connection is hung up on where too many are
        open."""
        with self._lock:
            longest = next(iter(self._open), None) if len(self._open) >= CONNECTIONS_MAX else None
            self._open.pop(longest, None)
            self._open[request] = None
        if longest is not None:
            _hang_up(longest)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forgets and closes a connection that was served."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs nothing of a client that goes away, which is no news."""

    def answer(self, accept: str) -> tuple[str, bytes]:
        """Returns content type and body of the answer."""
        encode, content_type = choose_encoder(accept)
        with self._lock:
            at, body = self._answers.get(encode, (0.0, b""))
            if not body or time.monotonic() - at > FRESH_SECONDS:
                body = encode(self._registry)
                self._answers[encode] = time.monotonic(), body
        return content_type, body


class _Handler(BaseHTTPRequestHandler):
    server: MetricsServer
    timeout = SILENT_SECONDS

    def do_GET(self) -> None:
        headers = {name.lower(): text for name, text in self.headers.items()}
        if not asked_from_here(headers, self.server.listens_on):
            self.send_error(403, "a request from another site is not answered")
            return
        if self.path.partition("?")[0] not in ("/", "/metrics"):
            self.send_error(404)
            return
        content_type, body = self.server.answer(self.headers.get("Accept", ""))
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Logs nothing: nobody reads who scraped when."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It is gone already.
        return
