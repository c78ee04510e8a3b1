"""Requests that are no requests, to the SQL endpoint and the page of metrics: what is answered and logged."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streams.clickhouse.sql_endpoint import SqlEndpoint
from streams.site.errors import SettingsError
from streams.site.metrics_server import MetricsServer
from streams.site.settings import Settings
from streams.supervision.run import _with_ports
from tests.support.clickhouse import engine_over

HOST = b"Host: localhost\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlEndpoint]:
    with engine_over(tmp_path_factory.mktemp("asked") / "clickhouse") as engine:
        served = SqlEndpoint(engine)
        served.start()
        yield served
        served.stop()


def send(endpoint: SqlEndpoint, raw: bytes, closed: bool = False) -> bytes:
    return _sent(endpoint.port, raw, closed)


def _sent(port: int, raw: bytes, closed: bool) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(raw)
        if closed:
            connection.shutdown(socket.SHUT_WR)
        parts = []
        try:
            while part := connection.recv(65_536):
                parts.append(part)
                if b"\r\n\r\n" in part and not closed and b"Connection: close" not in raw:
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return b"".join(parts)


def post(body: bytes, head: bytes = b"", path: bytes = b"/") -> bytes:
    size = b"Content-Length: %d\r\n" % len(body)
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + head + size + b"Connection: close\r\n\r\n" + body


SMUGGLED = b"0\r\n\r\nGET /?query=SELECT+'smuggled' HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.mark.parametrize(
    "both",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % len(SMUGGLED),
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(SMUGGLED),
        b"content-length: 4\r\ntransfer-encoding: CHUNKED\r\n",
    ],
)
def test_a_request_that_says_its_length_in_two_ways_ends_the_connection(
    endpoint: SqlEndpoint, both: bytes
) -> None:
    answer = send(endpoint, b"POST / HTTP/1.1\r\n" + HOST + both + b"\r\n" + SMUGGLED, closed=True)
    assert answer.startswith(b"HTTP/1.1 400") and answer.count(b"HTTP/1.1") == 1 and b"smuggled" not in answer


ODD = [
    post(b"\xff\xfe\xfd"),
    post(b"SELECT 1", path=b"/?query_id=%0d%0aX:%20y"),
    post(b"SELECT 1", path=b"/?query_id=" + b"a" * 200),
    post(b"SELECT 1", path=b"/?database=%ff%fe"),
    post(b"SELECT 1", path=b"/?%ff=%ff&param_%00=%00"),
    post(b"SELECT 1", path=b"/?default_format=%0d%0a"),
    post(b"SELECT {p:Array(String)}", path=b"/?param_p=['%00"),
    post(b"SELECT {p:Nonsense}", path=b"/?param_p=1"),
    post(b"SELECT {p:UInt8}", path=b"/?param_p=%5cN%27"),
    post(b"SELECT 1", b"X-ClickHouse-Format: %s%n\xff\r\n"),
    post(b"SELECT 1", b"X-ClickHouse-Database: \xe4\xf6\r\n"),
    post(b"SELECT 1", b"X-ClickHouse-User: \xff\r\nX-ClickHouse-Key: \xff\r\n"),
    post(b"SELECT 1", b"Content-Encoding: gzip\r\n"),
    post(b"SELECT 1", b"Content-Type: multipart/form-data\r\n"),
    post(b"--x\r\n\r\n", FORM),
    post(b"--x\r\nContent-Disposition: form-data; name*=utf-7''%2B\r\n\r\nv\r\n--x--", FORM),
    post(b'--x\r\nContent-Disposition: form-data; name="a"; name="b"\r\n\r\nv\r\n--x--', FORM),
    post(
        b"--x\r\nContent-Disposition: form-data; name=q\r\nContent-Transfer-Encoding: uuencode\r\n\r\n--x--",
        FORM,
    ),
    post(b"--x\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n--x--", FORM),
    post(b"v", b"Content-Type: multipart/form-data; boundary*0*=utf-8''%ff; boundary=\"\r\n"),
    post(b"v", b"Content-Type: multipart/form-data; boundary=" + b"x" * 8_000 + b"\r\n"),
    b"GET /?query=SELECT%201 HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n",
    b"GET //evil/?query=SELECT%201 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    b"GET http://[::1/ HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET / HTTP/1.1\r\n" + HOST + b"Sec-Fetch-Site: \xff\r\nOrigin: \xff\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\nConnection: close\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nhalf",
    b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 2\r\n\r\nx",
]


def test_no_request_writes_a_traceback_or_its_words_into_a_log(
    endpoint: SqlEndpoint,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    record_property("tried", len(ODD))
    with caplog.at_level(logging.INFO):
        for raw in ODD:
            answer = send(endpoint, raw, closed=True)
            assert b"Traceback" not in answer and b"X: y" not in answer.partition(b"\r\n\r\n")[0], raw[:80]
    said = caplog.text + "".join(capfd.readouterr())
    assert "Traceback" not in said and "evil" not in said
    assert not [record for record in caplog.records if record.exc_info], said[:2000]
    assert send(endpoint, post(b"SELECT 40 + 2")).endswith(b"42\n")


def test_the_page_of_metrics_says_nothing_of_such_requests_either(
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    record_property("tried", len(ODD))
    server = MetricsServer("127.0.0.1", 0, CollectorRegistry())
    try:
        for raw in ODD:
            answer = _sent(server.server_port, raw, closed=True)
            assert b"Traceback" not in answer and b"X: y" not in answer.partition(b"\r\n\r\n")[0], raw[:80]
        accepted = b"GET /metrics HTTP/1.1\r\n" + HOST + b"Accept: %s\r\n\r\n"
        for accept in (
            b"\xff",
            b"a" * 60_000,
            b"application/openmetrics-text; version=;;=\x00",
            b"," * 9_000,
        ):
            _sent(server.server_port, accepted % accept, closed=True)
        assert _sent(server.server_port, accepted % b"*/*", closed=True).startswith(b"HTTP/1.0 200")
    finally:
        server.shutdown()
        server.server_close()
    said = caplog.text + "".join(capfd.readouterr())
    assert "Traceback" not in said and "evil" not in said


FOREIGN = [
    (b"evil.example", b""),
    (b"evil.example:%d", b""),
    (b"127.0.0.1.evil.example", b""),
    (b"[::1].evil.example:%d", b""),
    (b"localhost.", b""),
    (b"", b""),
    (b"localhost:%d", b"Origin: http://evil.example\r\n"),
    (b"localhost:%d", b"Origin: null\r\n"),
    (b"localhost:%d", b"Origin: https://localhost:%d\r\n"),
    (b"localhost:%d", b"Sec-Fetch-Site: cross-site\r\n"),
    (b"localhost:%d", b"Sec-Fetch-Site: same-site\r\n"),
]


def test_a_page_of_another_site_reads_neither_rows_nor_metrics(
    endpoint: SqlEndpoint, record_property: Callable[[str, object], None]
) -> None:
    record_property("tried", 2 * len(FOREIGN))
    metrics = MetricsServer("127.0.0.1", 0, CollectorRegistry())
    try:
        for port, path in ((endpoint.port, b"/?query=SELECT+1"), (metrics.server_port, b"/metrics")):
            asked = b"GET " + path + b" HTTP/1.1\r\nHost: %s\r\n%sConnection: close\r\n\r\n"
            for host, more in FOREIGN:
                host, more = host.replace(b"%d", b"%d" % port), more.replace(b"%d", b"%d" % port)
                assert b" 403 " in _sent(port, asked % (host, more), closed=True).splitlines()[0], (
                    host,
                    more,
                )
            own = b"LocalHost:%d" % port
            for more in (b"", b"Origin: http://" + own + b"\r\nSec-Fetch-Site: same-origin\r\n"):
                assert b" 200 " in _sent(port, asked % (own, more), closed=False).splitlines()[0]
    finally:
        metrics.shutdown()
        metrics.server_close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "gapwatch.example.com", ""])
def test_what_asks_for_no_token_listens_on_this_machine_alone(tmp_path: Path, host: str) -> None:
    for setting in ("sql_host", "metrics_host"):
        settings = Settings(data=tmp_path).model_copy(update={setting: host})
        with pytest.raises(SettingsError, match=rf"Setting {setting}: .* asks for no token"):
            _with_ports(settings, ["deliver"])
