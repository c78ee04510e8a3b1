"""A stand-in for a ClickHouse server: its HTTP protocol over the embedded engine, with users, TLS, and faults
on demand."""

from __future__ import annotations

import ast
import base64
import gzip
import re
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.clickhouse.engine import Engine, connect
from streams.clickhouse.sink import INSERT_SETTINGS

INSERT = re.compile(r"\s*INSERT INTO (\S+?)\s*(?:\(([^)]*)\))?\s*FORMAT\s+(\w+)\s*$", re.IGNORECASE)
ANSWERS = re.compile(r"\s*(SELECT|SHOW|WITH|EXISTS|DESC)", re.IGNORECASE)
FORMATTED = re.compile(r"FORMAT\s+\w+\s*$", re.IGNORECASE)


@dataclass
class Faults:
    """What the server does wrong from now on. ``refuse``: it answers inserts 503; ``slow``: seconds before
    each answer; ``half``: of an insert half of the rows are stored, and nothing is answered."""

    refuse: bool = False
    slow: float = 0.0
    half: bool = False
    gone: bool = False
    """It takes connections and ends them without an answer."""
    most: int = 0
    """Bytes of a body beyond which what stands before the server answers 413; 0 for any."""
    full: bool = False
    """Its disk is."""
    refused: int = 0
    halved: int = 0


@dataclass
class Server:
    """Its address, and what it was asked by whom."""

    engine: Engine
    users: dict[str, str]
    certificates: frozenset[str] = frozenset()
    """Names that come in by certificate, without a password."""
    faults: Faults = field(default_factory=Faults)
    users_seen: set[str] = field(default_factory=set)
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, query: str, body: bytes, settings: dict[str, Any], form: str) -> bytes:
        """One statement at a time, as the engine in this process takes them."""
        with self._lock:
            client = self.engine.writer()
            try:
                if into := INSERT.match(query):
                    table, columns, fmt = into.groups()
                    names = [name.strip(" `") for name in columns.split(",")] if columns else None
                    client.raw_insert(table, names, body, settings, fmt)
                    return b""
                bound = {name.removeprefix("param_"): _value(text) for name, text in settings.items()}
                if not ANSWERS.match(query):
                    client.command(query, bound)
                    return b""
                formatted = FORMATTED.search(query)
                return bytes(client.raw_query(query, bound, fmt=None if formatted else form))
            finally:
                self.engine.discard(client)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Server

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(self._chunks())
        match self.headers.get("Content-Encoding"):
            case "gzip":
                body = gzip.decompress(body)
            case "deflate":
                body = zlib.decompress(body)
        self._serve(body)

    def _serve(self, body: bytes) -> None:
        result = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        asked = {name: values[0] for name, values in result.items()}
        server, faults = self.served, self.served.faults
        time.sleep(faults.slow)
        if faults.gone:
            self.close_connection = True
            return
        if not self._known(asked):
            self._answer(
                403, b"Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)\n", 516
            )
            return
        query = asked.get("query") or ""
        if not query:
            # An insert's rows follow the line of the statement.
            statement, _, rows = body.partition(b"\n")
            whole = INSERT.match(statement.decode(errors="replace")) is None
            query, body = (body.decode(), b"") if whole else (statement.decode(), rows)
        inserts = INSERT.match(query) is not None
        if faults.most and len(body) > faults.most:
            self._answer(413, b"<html>Request Entity Too Large</html>")
            return
        if inserts and faults.full:
            self._answer(500, b"Code: 243. DB::Exception: Cannot reserve 1 MiB. (NOT_ENOUGH_SPACE)\n", 243)
            return
        if inserts and faults.refuse:
            faults.refused += 1
            self._answer(503, b"Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)\n", 252)
            return
        inserted = {k: v for k, v in asked.items() if k in INSERT_SETTINGS}
        settings = inserted if inserts else {k: v for k, v in asked.items() if k.startswith("param_")}
        if inserts and faults.half:
            lines = body.split(b"\n")
            body = (
                b"\n".join(lines[: max(1, len(lines) // 2)]) + b"\n"
                if b"JSONEachRow" in query.encode()
                else body
            )
        try:
            answer = server.run(query, body, settings, asked.get("default_format", "TabSeparated"))
        except ClickHouseError as error:
            # The embedded engine has no number for a row that is not UTF-8.
            code = getattr(error, "code", None) or (
                117 if isinstance(error.__cause__, UnicodeDecodeError) else 0
            )
            self._answer(400, str(error).encode() + b"\n", code)
            return
        if inserts and faults.half:
            faults.halved += 1
            self.close_connection = True
            return
        self._answer(200, answer)

    def _known(self, asked: dict[str, str]) -> bool:
        users = self.served.users
        user, shown = self.headers.get("X-ClickHouse-User", ""), self.headers.get("X-ClickHouse-Key", "")
        basic = self.headers.get("Authorization", "")
        if basic.startswith("Basic "):
            user, _, shown = base64.b64decode(basic.removeprefix("Basic ")).decode().partition(":")
        self.served.users_seen.add(user)
        if self.headers.get("X-ClickHouse-SSL-Certificate-Auth") == "on":
            return user in self.served.certificates and user == self._certified()
        return user in users and shown == users[user]

    def _certified(self) -> str:
        connection = self.connection
        if not isinstance(connection, ssl.SSLSocket) or not (shown := connection.getpeercert()):
            return ""
        subject: Any = shown["subject"]
        return str(dict(pair for part in subject for pair in part)["commonName"])

    def _answer(self, status: int, body: bytes, code: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Summary", "{}")
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        # Who asked may have been killed meanwhile.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, *_: object) -> None: ...


def _value(text: str) -> Any:
    """A parameter as it is bound: an array, or a text."""
    return ast.literal_eval(text) if text.startswith("[") else text


def _half(body: bytes) -> bytes:
    lines = body.split(b"\n")
    return b"\n".join(lines[: max(1, len(lines) // 2)]) + b"\n"


@contextmanager
def server_over(
    path: Path,
    users: dict[str, str] | None = None,
    certificates: frozenset[str] = frozenset(),
    tls: ssl.SSLContext | None = None,
    port: int = 0,
) -> Iterator[Server]:
    """A server over this folder; ``users``: their passwords (the default user without one where none is
    given)."""
    engine = connect(None, path, memory=2 * 2**30)
    served = Server(engine, users if users is not None else {"default": ""}, certificates)
    handler = type("Bound", (Handler,), {"served": served})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as http:
        http.daemon_threads = True
        if tls is not None:
            http.socket = tls.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
        served.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            http.shutdown()
            thread.join()
            engine.close()
