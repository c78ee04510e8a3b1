"""The SQL endpoint is asked for files, by every way in which the engine takes a name or a string as code."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from streams.clickhouse.allowed import FUNCTIONS, lent
from streams.clickhouse.engine import Engine
from streams.clickhouse.sql_endpoint import SqlEndpoint
from tests.attacks.ways import MORE_WAYS
from tests.support.clickhouse import engine_over

SECRET = "a secret that stands in a file and nowhere else"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, SqlEndpoint, Path]]:
    folder = tmp_path_factory.mktemp("shut")
    secret = folder / "hmac.key"
    secret.write_text(SECRET)
    with engine_over(folder / "clickhouse") as engine:
        endpoint = SqlEndpoint(engine)
        endpoint.start()
        yield engine, endpoint, secret
        endpoint.stop()


def ask(endpoint: SqlEndpoint, query: str, **url: str) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
    try:
        connection.request("POST", "/?" + urlencode(url), query.encode())
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace"), dict(answer.getheaders())
    finally:
        connection.close()


WAYS = [
    "SELECT file('{f}')",
    "SELECT b FROM values('a UInt8, b String ALIAS file(''{f}'')', 1)",
    "SELECT b FROM values('a UInt8, b String DEFAULT file(''{f}'')', 1)",
    "SELECT b FROM null('a UInt8, b String ALIAS file(''{f}'')')",
    "SELECT b FROM input('a UInt8, b String ALIAS file(''{f}'')')",
    "SELECT b FROM format(JSONEachRow, 'a UInt8, b String ALIAS file(''{f}'')', '{{\"a\":1}}')",
    "SELECT b FROM generateRandom('a UInt8, b String ALIAS file(''{f}'')') LIMIT 1",
    "SELECT structureToProtobufSchema('b String ALIAS file(''{f}'')')",
    "SELECT structureToCapnProtoSchema('b String ALIAS file(''{f}'')')",
    "SELECT * FROM eval('SELECT file(''{f}'')')",
    "SELECT * FROM view(SELECT file('{f}'))",
    "SELECT * FROM viewIfPermitted(SELECT file('{f}') ELSE null('a String'))",
    "SELECT * FROM loop(file('{f}'))",
    "SELECT * APPLY(file) FROM (SELECT '{f}')",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '{f}')",
    "SELECT arrayMap(file, ['{f}'])",
    "SELECT arrayMap(`file`, ['{f}'])",
    "SELECT 1 AS file, arrayMap(file, ['{f}'])",
    "WITH file AS f SELECT arrayMap(f, ['{f}'])",
    "SELECT * FROM filesystem('{d}')",
    "SELECT line FROM url('file://{f}', LineAsString, 'line String')",
    "SELECT * FROM default.`{f}`",
    "SELECT * FROM `{f}`",
    "DESCRIBE TABLE file('{f}', LineAsString)",
    "EXPLAIN AST SELECT file('{f}')",
    "SHOW TABLES WHERE file('{f}') = ''",
    "SHOW COLUMNS FROM activities WHERE file('{f}') = ''",
    "SELECT 1 ORDER BY file('{f}') WITH FILL FROM file('{f}')",
    "SELECT count() OVER (PARTITION BY file('{f}'))",
    "SELECT 1 LIMIT length(file('{f}'))",
    "SELECT throwIf(1, file('{f}'))",
    "SELECT 1 FORMAT Template SETTINGS format_template_row = '{f}'",
    "SELECT 1 FORMAT Protobuf SETTINGS format_schema = '{f}:M'",
    "SELECT * FROM activities SETTINGS additional_table_filters = {{'activities': 'file(''{f}'') = 1'}}",
    "SELECT * FROM sqlite('{f}', 't')",
    "SELECT * FROM python('open')",
    "SELECT dictGet('{f}', 'a', 1)",
    "SELECT joinGet('{f}', 'a', 1)",
    "SELECT hasColumnInTable('127.0.0.1:1', 'a', 'b', 'c')",
    "SELECT * FROM executable('cat {f}', LineAsString, 'a String')",
    "SELECT showCertificate()",
    "SELECT catboostEvaluate('{f}', 1)",
    "SELECT naiveBayesClassifier('{f}', 'a')",
]


@pytest.mark.parametrize("way", WAYS)
def test_no_query_reads_a_file(served: tuple[Engine, SqlEndpoint, Path], way: str) -> None:
    _, endpoint, secret = served
    for path in (str(secret), "/proc/self/environ", os.path.relpath(secret)):
        status, body, _ = ask(endpoint, way.format(f=path, d=secret.parent))
        assert status >= 400, body
        assert SECRET not in body and "PATH=" not in body


def test_no_other_way_leads_to_one(
    served: tuple[Engine, SqlEndpoint, Path], record_property: Callable[[str, object], None]
) -> None:
    record_property("tried", len(MORE_WAYS))
    _, endpoint, secret = served
    for way in MORE_WAYS:
        status, body, _ = ask(endpoint, way.format(f=secret, d=secret.parent))
        assert status >= 400 and SECRET not in body, way


@pytest.mark.parametrize(
    ("query", "bound"),
    [
        ("SELECT * FROM {p:Identifier}", r"proces\\ses"),
        ("SELECT * FROM {p:Identifier}", "system.processes"),
        ("SELECT * FROM {p:Identifier}", "system.`processes`"),
        ("SELECT * FROM system.{p:Identifier}", "processes"),
        ("SELECT arrayMap({p:Identifier}, ['/etc/hostname'])", "file"),
        ("SELECT arrayMap({p:Identifier}, ['/etc/hostname'])", r"fi\\le"),
    ],
)
def test_a_parameter_is_checked_as_it_is_bound(
    served: tuple[Engine, SqlEndpoint, Path], query: str, bound: str
) -> None:
    status, body, _ = ask(served[1], query, param_p=bound)
    assert status >= 400, body


def test_a_query_id_cannot_write_a_header(served: tuple[Engine, SqlEndpoint, Path]) -> None:
    status, body, headers = ask(served[1], "SELECT 1", query_id="a\r\nX-Forged: yes")
    assert status == 400 and "X-Forged" not in headers and "query_id" in body


def test_every_function_that_is_lent_is_one_that_the_engine_has(
    served: tuple[Engine, SqlEndpoint, Path],
) -> None:
    client = served[0].writer()
    there = {str(row[0]).lower() for row in client.query("SELECT name FROM system.functions").result_rows}
    assert FUNCTIONS - there == set()
    assert not any(lent(name) for name in ("file", "sleep", "dictGet", "format", "values", "aiGenerate"))
    assert all(lent(name) for name in ("quantileTDigestIf", "countIf", "sumOrNullIf", "toStartOfHour", "IF"))


def test_what_analysts_ask_still_answers(served: tuple[Engine, SqlEndpoint, Path]) -> None:
    asked = """WITH recent AS (SELECT identity, time, outcome FROM activities
                                   WHERE time > now() - INTERVAL 1 DAY)
        SELECT identity, countIf(outcome = 'succeeded') AS good, quantile(0.9)(toUnixTimestamp(time)) AS q,
               arrayStringConcat(groupUniqArray(3)(outcome), ', ') AS outcomes,
               row_number() OVER (ORDER BY identity)
        FROM recent GROUP BY identity HAVING good >= 0 ORDER BY good DESC LIMIT 5 BY identity LIMIT 10"""
    assert ask(served[1], asked)[0] == 200
    for query in (
        "SHOW TABLES",
        "SHOW CREATE TABLE activities",
        "EXISTS TABLE findings",
        "DESCRIBE findings",
    ):
        assert ask(served[1], query)[0] == 200, query
