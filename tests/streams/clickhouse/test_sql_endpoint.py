"""The read-only endpoint, asked by real clients over real sockets while rows are inserted."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, ProgrammingError

from streams.clickhouse import asking, query, sql_endpoint
from streams.clickhouse.engine import Engine, Limits
from streams.clickhouse.sink import Sink
from streams.clickhouse.sql_endpoint import SqlEndpoint
from streams.site import http_protocol
from streams.site.errors import Stop
from streams.site.settings import Settings
from tests.support.clickhouse import activity, empty, engine_over, finding, lines, one, rows
from tests.support.waiting import wait_for

TIME_LIMIT = timedelta(seconds=2)
LIMITS = Limits(time=TIME_LIMIT, memory=256 * 2**20, rows=100_000, result_bytes=2**24)
BLOCK = 5000
RUNAWAY = "SELECT max(sipHash64(number)) FROM numbers(1000000000000)"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, SqlEndpoint]]:
    with engine_over(tmp_path_factory.mktemp("served") / "clickhouse", LIMITS) as engine:
        endpoint = SqlEndpoint(engine)
        endpoint.start()
        yield engine, endpoint
        endpoint.stop()


@pytest.fixture
def engine(served: tuple[Engine, SqlEndpoint]) -> Engine:
    empty(served[0])
    return served[0]


@pytest.fixture
def endpoint(served: tuple[Engine, SqlEndpoint]) -> SqlEndpoint:
    return served[1]


@pytest.fixture
def client(endpoint: SqlEndpoint) -> Iterator[Client]:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=endpoint.port)
    yield client
    client.close()


def post(
    endpoint: SqlEndpoint, body: str, path: str = "/", **headers: str
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST" if body else "GET", path, body.encode(), named)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read().decode()
    finally:
        connection.close()


@contextlib.contextmanager
def ingest(engine: Engine) -> Iterator[list[float]]:
    """Inserts the same BLOCK again and again without a pause; gives the seconds that each insert took."""
    taken: list[float] = []
    done = threading.Event()
    block = lines("activities", *map(activity, range(BLOCK)))

    def work() -> None:
        sink = Sink(engine)
        while not done.is_set():
            started = time.monotonic()
            sink.write("activities", [block])
            taken.append(time.monotonic() - started)
        sink.close()

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work)
        try:
            yield taken
        finally:
            done.set()
            working.result(timeout=30)


def test_clickhouse_connect_asks_with_parameters_of_every_kind(client: Client, engine: Engine) -> None:
    values = {
        "s": "it's a\ttab \\ and\nline %s {x}",
        "n": [1, 2],
        "t": datetime(2026, 11, 22, 10, 30),  # noqa: DTZ001
        "b": None,
    }
    asked = "SELECT {s:String}, {n:Array(UInt8)}, {t:DateTime64(6)}, {b:Nullable(String)}, '%d' LIKE '%'"
    assert client.query(asked, parameters=values).result_rows == [(*values.values(), 1)]


def test_clickhouse_connect_sends_large_parameters_as_a_form(client: Client) -> None:
    assert client.query("SELECT length({s:String})", parameters={"s": "ü" * 20_000}).result_rows == [
        (40_000,)
    ]


def test_clickhouse_connect_streams_probes_columns_and_pings(client: Client) -> None:
    with client.query_rows_stream("SELECT number FROM numbers(70000)") as stream:
        assert sum(number for (number,) in stream) == 70_000 * 69_999 // 2
    assert client.query("SELECT uid, time FROM activities LIMIT 0").column_names == ("uid", "time")
    assert client.ping() and client.command("SELECT 7") == 7
    assert (client.server_version or "").split(".")[0].isdigit()


def test_a_named_database_is_ours_or_unknown(endpoint: SqlEndpoint) -> None:
    named = clickhouse_connect.get_client(host="127.0.0.1", port=endpoint.port, database="gapwatch")
    assert ("findings",) in named.query("SHOW TABLES").result_rows
    with pytest.raises(DatabaseError, match="UNKNOWN_DATABASE"):
        clickhouse_connect.get_client(host="127.0.0.1", port=endpoint.port, database="other").query(
            "SELECT 1"
        )


def test_plain_http_asks_in_the_url_in_the_body_and_in_any_format(endpoint: SqlEndpoint) -> None:
    assert post(endpoint, "", "/?query=SELECT%201,2")[2] == "1\t2\n"
    assert post(endpoint, "SELECT 1 AS a FORMAT JSONEachRow")[2] == '{"a":1}\n'
    assert post(endpoint, "SELECT 1 AS a", "/?default_format=JSONEachRow")[2] == '{"a":1}\n'
    assert post(endpoint, "{x:UInt8} + 1", "/?query=SELECT&param_x=7")[2] == "8\n"
    status, headers, body = post(endpoint, "SELECT 1 FORMAT JSON")
    assert status == 200 and headers["content-type"].startswith("application/json") and '"rows": 1' in body
    assert headers["x-clickhouse-format"] == "JSON" and "elapsed_ns" in headers["x-clickhouse-summary"]
    assert post(endpoint, "", "/ping")[2] == post(endpoint, "")[2] == "Ok.\n"


@pytest.mark.parametrize(
    ("asked", "code", "status"),
    [
        *[("SELEC 1", 62, 400), ("SELECT nope", 47, 404), ("SELECT * FROM nope", 60, 404)],
        *[("INSERT INTO notes (id) VALUES ('1')", 164, 403), ("DROP TABLE notes", 164, 403)],
        *[("SELECT 1; DROP TABLE notes", 62, 400), ("SELECT 1; SELECT 2", 62, 400)],
        *[("SET readonly = 0", 164, 403), ("SET ROLE ALL", 164, 403), ("USE system", 164, 403)],
        *[("SELECT 1 SETTINGS max_execution_time = 0", 164, 403), ("SYSTEM STOP MERGES", 164, 403)],
        *[("KILL QUERY WHERE 1", 164, 403), ("SELECT 1 PARALLEL WITH SET ROLE ALL", 164, 403)],
        *[("SELECT 1 INTO/**/OUTFILE '/tmp/gapwatch-out'", 164, 403), ("EXECUTE AS x SELECT 1", 164, 403)],
        *[("SELECT file('/etc/passwd')", 497, 403), ("SELECT `f\\x69le`('/etc/passwd')", 497, 403)],
        *[("SELECT * APPLY(file) FROM (SELECT '/etc/passwd')", 497, 403)],
        *[("SELECT arrayMap(file, ['/etc/passwd'])", 497, 403)],
        *[("SELECT 1 AS `'`, file('/etc/passwd') AS `'`", 497, 403)],
        *[("SELECT * FROM file('/etc/passwd')", 497, 403), ("DESCRIBE TABLE file('/etc/passwd')", 497, 403)],
        *[
            ("EXPLAIN SELECT * FROM file('/etc/passwd')", 497, 403),
            ("SELECT * FROM Python(engine)", 497, 403),
        ],
        *[
            ("SELECT * FROM executable('id', CSV, 'a String')", 497, 403),
            ("SELECT aiGenerate('x')", 497, 403),
        ],
        *[
            ("SELECT * FROM sqlite('/tmp/x', 't')", 497, 403),
            ("SELECT * FROM default.`/etc/passwd`", 497, 403),
        ],
        *[("SELECT * FROM system.processes", 497, 403), ("SELECT * FROM system.server_settings", 60, 404)],
        *[("SHOW PROCESSLIST", 164, 403), ("SELECT * FROM system.disks", 60, 404)],
        *[
            ("SELECT name FROM merge('system', 'processes')", 497, 403),
            ("SELECT * FROM numbers(1000000)", 396, 413),
        ],
        *[("SELECT groupArray(number) FROM numbers(100000000)", 241, 413)],
    ],
)
def test_what_is_not_a_harmless_read_is_refused_as_clickhouse_refuses(
    endpoint: SqlEndpoint, asked: str, code: int, status: int
) -> None:
    answered, headers, body = post(endpoint, asked)
    assert (answered, headers.get("x-clickhouse-exception-code")) == (status, str(code)), body
    assert body.startswith(f"Code: {code}. DB::Exception: ") and "root:" not in body
    assert not Path("/tmp/gapwatch-out").exists()


@pytest.mark.parametrize(
    "setting", ["max_execution_time=0", "readonly=0", "max_memory_usage=0", "no_such_thing=1"]
)
def test_limits_cannot_be_raised_from_the_url(endpoint: SqlEndpoint, setting: str) -> None:
    status, headers, _ = post(endpoint, "SELECT 1", f"/?{setting}")
    assert status in (403, 404) and headers["x-clickhouse-exception-code"] in ("164", "115")


def test_words_are_free_inside_strings(endpoint: SqlEndpoint) -> None:
    said = "SELECT 'file(x); DROP TABLE t INTO OUTFILE', $$it's python$$ -- file('/etc/passwd')"
    assert post(endpoint, said)[2] == "file(x); DROP TABLE t INTO OUTFILE\tit\\'s python\n"


@pytest.mark.parametrize(
    "source",
    [
        *(
            "url('{}', 'CSV', 'a String')",
            "url('{}')",
            "s3('{}')",
            "s3('{}', 'CSV', 'a String')",
            "gcs('{}')",
        ),
        *(
            "deltaLake('{}')",
            "iceberg('{}')",
            "hudi('{}')",
            "urlCluster('c', '{}')",
            "remote('{}', 'a', 'b')",
        ),
        *(
            "mysql('{}', 'a', 'b', 'c', 'd')",
            "postgresql('{}', 'a', 'b', 'c', 'd')",
            "mongodb('{}', 'a', 'b', 'c')",
        ),
        *("azureBlobStorage('{}', 'a', 'b')", "hdfs('{}')", "redis('{}', 'k', 'k String')", "cosn('{}')"),
    ],
)
def test_no_query_makes_the_engine_open_a_connection(endpoint: SqlEndpoint, source: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        for form in ("SELECT * FROM {}", "DESCRIBE TABLE {}"):
            for place in (address, f"http://{address}/bucket/data.csv"):
                status, _, body = post(endpoint, form.format(source.format(place)))
                assert status >= 400, body
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_writes_are_refused_through_all_clients_while_ingest_goes_on(
    engine: Engine, endpoint: SqlEndpoint, client: Client, tmp_path: Path
) -> None:
    settings = Settings(clickhouse=f"http://127.0.0.1:{endpoint.port}", data=tmp_path)
    curl = shutil.which("curl")
    write = "INSERT INTO notes (id, finding) VALUES ('99', 'x')"
    with ingest(engine) as taken:
        before = len(taken)
        for _ in range(2):
            with pytest.raises(DatabaseError, match="READONLY"):
                client.command(write)
            with pytest.raises((DatabaseError, ProgrammingError)):
                client.insert("notes", [("99", "x")], column_names=["id", "finding"])
            with pytest.raises(Stop, match="READONLY"):
                list(query.ask(settings, write, "CSV"))
            if curl:
                url = f"http://127.0.0.1:{endpoint.port}/"
                said = subprocess.run(
                    [curl, "-s", url, "-d", write], capture_output=True, text=True, check=True
                )
                assert "READONLY" in said.stdout
        assert len(taken) > before
    assert rows(engine, "SELECT count() FROM notes") == [(0,)]
    assert rows(engine, "SELECT count() FROM activities") == [(BLOCK,)]


def test_a_runaway_query_is_cut_while_ingest_goes_on(engine: Engine, client: Client) -> None:
    with ingest(engine) as taken:
        before = len(taken)
        with pytest.raises(DatabaseError, match="TIMEOUT_EXCEEDED"):
            client.query(RUNAWAY)
        during = taken[before:]
    assert len(during) >= 2, "ingest stood still behind a query"


def test_nothing_of_a_failed_answer_stands_before_the_next_one(endpoint: SqlEndpoint) -> None:
    for _ in range(4):
        assert post(endpoint, "SELECT * FROM numbers(1000000)")[0] == 413
        assert post(endpoint, "SELECT 'mine'")[2] == "mine\n"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_page_of_another_site_gets_no_answer(endpoint: SqlEndpoint, headers: dict[str, str]) -> None:
    for body, path in (("SELECT 1", "/"), ("", "/ping"), ("", "/?query=SELECT%201")):
        status, _, said = post(endpoint, body, path, **headers)
        assert status == 403 and "another site" in said


def test_the_endpoint_is_reached_by_its_local_names(endpoint: SqlEndpoint) -> None:
    for host in ("localhost", f"localhost:{endpoint.port}", f"127.0.0.1:{endpoint.port}", "[::1]:80"):
        assert post(endpoint, "SELECT 1", Host=host)[0] == 200


def test_a_body_beyond_all_queries_is_refused(endpoint: SqlEndpoint) -> None:
    status, _, _ = post(endpoint, "SELECT '" + "x" * 2**20 + "'")
    assert status == 413


def test_more_queries_than_may_wait_are_told_to_come_back(
    endpoint: SqlEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "WAITING_MAX", 0)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: post(endpoint, RUNAWAY)[0], range(4)))
    assert sorted(set(answers)) == [408, 503]


def test_a_connection_that_says_nothing_is_closed(
    endpoint: SqlEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(sql_endpoint, "BODY_SECONDS", 0.2)
    for said in (b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nSEL"):
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as connection:
            connection.sendall(said)
            answer = connection.recv(65536)
            assert not answer or b" 408 " in answer


def test_a_client_that_does_not_read_its_answer_is_cut_off(
    endpoint: SqlEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "STALL_SECONDS", 0.2)
    asked = "SELECT repeat('x', 1000) FROM numbers(15000)"
    open_connections = endpoint._server.server_state.connections
    before = set(open_connections)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", endpoint.port))
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(asked)}\r\n\r\n{asked}"
        connection.sendall(head.encode())
        mine = wait_for(lambda: set(open_connections) - before, "the request to arrive")
        wait_for(lambda: not mine & set(open_connections), "the connection to be cut off")


def test_who_has_gone_has_asked_nothing_and_short_queries_do_not_wait(endpoint: SqlEndpoint) -> None:
    """Forty long queries whose clients leave: a short one answers while they run, and all are ended then."""
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(RUNAWAY)}\r\n\r\n{RUNAWAY}"
    clients = []
    for _ in range(20):
        clients.append(socket.create_connection(("127.0.0.1", endpoint.port), timeout=10))
        clients[-1].sendall(head.encode())
    wait_for(lambda: endpoint._asking.busy, "the queries to run")
    assert post(endpoint, "SELECT 1")[0] == 200
    assert endpoint._asking.busy, "the long ones had ended by then"
    for client in clients:
        client.close()
    wait_for(lambda: not endpoint._asking.busy and not endpoint._asking._open, "the queries to be ended", 5)


def test_waiting_has_a_deadline(endpoint: SqlEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "WAIT_SECONDS", 0.05)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: post(endpoint, RUNAWAY)[0], range(4)))
    assert 503 in answers and set(answers) <= {408, 503}


def test_stopping_ends_queries_that_run_and_those_that_wait(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is answered that it was cancelled, long before its own time limit, and nothing is logged."""
    endpoint = SqlEndpoint(replace(engine, limits=replace(LIMITS, time=timedelta(hours=1))))
    endpoint.start()
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(post, endpoint, RUNAWAY) for _ in range(6)]
        wait_for(lambda: endpoint._asking._open == len(asked), "the queries to be there")
        endpoint.stop()
        answers = [each.result(60) for each in asked]
    assert [(status, "QUERY_WAS_CANCELLED" in body) for status, _, body in answers] == [(500, True)] * 6
    assert not caplog.records


def test_what_a_start_shows_of_earlier_runs_is_the_gravest_and_not_only_the_newest(
    engine: Engine, endpoint: SqlEndpoint
) -> None:
    settings = Settings(clickhouse=f"http://127.0.0.1:{endpoint.port}")
    graded = [("critical", 5, 1), ("note", 1, 3), ("high", 4, 2), ("over", 5, 4)]
    for offset, (uid, severity, end) in enumerate(graded):
        status = 4 if uid == "over" else 1
        more = {"severity_id": severity, "end_time": end * 1000, "status_id": status}
        Sink(engine).write("findings", [one("findings", finding(uid, **more), offset)])
    shown = [row["finding_info"]["uid"] for row in query.open_findings(settings, limit=2)]
    assert shown == ["critical", "high"]
