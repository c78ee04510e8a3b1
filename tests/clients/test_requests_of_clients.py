"""What clients put into their requests beside the query: settings, codings, parameters, versions."""

from __future__ import annotations

import gzip
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

import cramjam
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clickhouse import codings, compressed_blocks, native_blocks, readers
from streams.clickhouse.city_hash import city_hash_128
from streams.clickhouse.http_query import MAX_BODY_BYTES

NATIVE = 54460


@pytest.fixture
def url(address: str) -> str:
    return f"http://{address}/"


def ask(
    url: str, query: str | bytes, headers: dict[str, str] | None = None, /, **asked: object
) -> tuple[int, bytes, dict[str, str]]:
    query = query if isinstance(query, bytes) else query.encode()
    request = urllib.request.Request(f"{url}?{urllib.parse.urlencode(asked)}", query, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read(), {}


def test_a_limit_is_lowered_by_url_and_by_text_and_only_for_that_query(url: str) -> None:
    rows = "SELECT number FROM numbers(11)"
    for asked in ({"max_result_rows": 10}, {"max_rows_to_read": 10}, {"max_result_bytes": 10}):
        assert ask(url, rows, None, **asked)[0] in (413, 500), asked
        assert ask(url, rows)[0] == 200
    assert ask(url, rows + " SETTINGS max_result_rows = 10")[0] == 413
    assert ask(url, rows + " SETTINGS max_result_rows = 11, max_threads = 1 FORMAT JSON")[0] == 200
    cut = ask(url, "SELECT * FROM numbers(90000)", None, max_result_rows=10, result_overflow_mode="break")
    assert cut[0] == 200 and cut[1].count(b"\n") < 90_000
    assert (
        ask(url, "SELECT max(sipHash64(number)) FROM numbers(1000000000000)", max_execution_time=0.2)[0]
        == 408
    )


def test_who_asks_for_more_than_the_house_gives_gets_what_it_gives(url: str) -> None:
    assert (
        ask(url, "SELECT 1", max_execution_time=60, max_memory_usage=2**40, max_result_rows=10**9)[0] == 200
    )
    assert ask(url, "SELECT number FROM numbers(100001)", max_result_rows=10**9)[0] == 413
    assert ask(url, "SELECT number FROM numbers(100001) SETTINGS max_result_rows = 1000000000")[0] == 403


@pytest.mark.parametrize(
    "setting",
    [
        *("max_execution_time=0", "max_result_rows=-1", "max_memory_usage=1e99"),
        *("readonly=0", "allow_ddl=0", "allow_introspection_functions=1", "implicit_select=1", "final=0"),
        *("format_schema=/etc/passwd", "output_format_schema=/tmp/x", "max_ast_elements=999999999"),
        *("max_bytes_before_external_sort=1", "temporary_files_codec=NONE", "no_such_setting=1"),
        *("a'b=1", "max_result_rows='1", "session_timezone=" + "x" * 101, "http_response_headers={'a':'b'}"),
    ],
)
def test_every_other_setting_is_refused_by_its_name(url: str, setting: str) -> None:
    name, _, value = setting.partition("=")
    status, said, _ = ask(url, "SELECT 1", None, **{name: value})
    assert status in (400, 403, 404) and name.encode() in said.replace(b"\\'", b"'"), said


@pytest.mark.parametrize(
    "setting",
    ["async_insert=1", "input_format_null_as_default=0", "log_comment=x", "readonly=2", "readonly=1"],
)
def test_what_changes_no_answer_is_ignored(url: str, setting: str) -> None:
    name, _, value = setting.partition("=")
    assert ask(url, "SELECT 1", None, **{name: value})[:2] == (200, b"1\n")


def test_shaping_is_taken_and_quoted(url: str) -> None:
    assert ask(url, "SELECT toUInt64(1) a FORMAT JSONEachRow", output_format_json_quote_64bit_integers=1)[
        1
    ] == (b'{"a":"1"}\n')
    assert ask(url, "SELECT 1, 2 FORMAT CSV", format_csv_delimiter=";")[1] == b"1;2\n"
    assert ask(url, "SELECT toString(toDateTime(0))", session_timezone="Asia/Tokyo")[1].endswith(
        b"09:00:00\n"
    )
    status, said, _ = ask(url, "SELECT 1", session_timezone="'; SET readonly = 0; --")
    assert (status >= 400 and b"session_timezone" in said) or b"TimeZone" in said or b"time zone" in said
    # A reader of other settings is as bound as any.
    for query in ("INSERT INTO notes (id) VALUES ('1')", "SELECT * FROM file('/etc/passwd')"):
        assert ask(url, query, extremes=1)[0] == 403
    assert ask(url, "SELECT 1", extremes=1, readonly=0)[0] == 403


def test_nested_parameters_are_read_as_a_server_reads_them(url: str) -> None:
    asked = {
        "param_s": r"it\'s\ta\\b",
        "param_q": "it's",
        "param_a": r"['it\'s', 'x\\y']",
        "param_m": r"{'k\'': 1}",
        "param_t": r"('a\'', 2)",
        "param_n": r"\N",
    }
    query = (
        "SELECT {s:String} s, {q:String} q, {a:Array(String)} a, {m:Map(String, UInt8)} m,"
        " {t:Tuple(String, UInt8)} t, {n:Nullable(String)} n FORMAT JSONCompactEachRow"
    )
    row = json.loads(ask(url, query, None, **asked)[1])
    assert row == ["it's\ta\\b", "it's", ["it's", "x\\y"], {"k'": 1}, ["a'", 2], None]
    hostile = ask(url, "SELECT {i:Identifier} FROM system.one", param_i="file('/etc/passwd')")
    assert hostile[0] == 403


def test_formats_that_are_words_of_the_language_and_arrow_streams(url: str) -> None:
    assert ask(url, "SELECT 1, 'a' FORMAT Values")[1] == b"(1,'a')"
    assert (
        ask(url, "SELECT 1 FORMAT Null")[:2] == ask(url, "SELECT 1", default_format="Null")[:2] == (200, b"")
    )
    assert ask(url, "SELECT 1 a FORMAT ArrowStream")[1].startswith(b"\xff\xff\xff\xff")
    assert ask(url, "SELECT 1 AS `file` FORMAT Values")[0] == 403
    assert ask(url, "SELECT 1 FORMAT `Template`")[0] == 404


COLUMNS = """SELECT number, toString(number) s, [number, 1] a, map('k', s) m, (number, s) t, NULL n,
    toNullable(s) o, toLowCardinality(s) l, toDateTime64(0, 3) d, toIPv6('::1') i FROM numbers(70000)"""


def test_native_blocks_of_a_version_hold_the_same_columns(url: str) -> None:
    plain = ask(url, COLUMNS, default_format="Native")[1]
    for version in (54405, NATIVE):
        blocks = ask(url, COLUMNS, default_format="Native", client_protocol_version=version)[1]
        assert blocks.startswith(native_blocks.BLOCK_INFO)
        again = ask(url, COLUMNS + " FORMAT Native", client_protocol_version=version)[1]
        assert again == blocks and len(blocks) > len(plain)
    one = ask(url, "SELECT 1 AS a", default_format="Native", client_protocol_version=NATIVE)[1]
    assert one == native_blocks.BLOCK_INFO + b"\x01\x01\x01a\x05UInt8\x00\x01"
    none = ask(url, "SELECT 1 AS a WHERE 0", default_format="Native", client_protocol_version=NATIVE)[1]
    assert none == native_blocks.BLOCK_INFO + b"\x01\x00\x01a\x05UInt8\x00"
    for query in ("SHOW TABLES", "DESCRIBE findings", "EXISTS TABLE findings", "EXPLAIN SELECT 1"):
        assert ask(url, query, default_format="Native", client_protocol_version=NATIVE)[0] == 200
    refused = ask(url, "SELECT file('/etc/passwd')", default_format="Native", client_protocol_version=NATIVE)
    assert refused[0] == 403 and ask(url, "SELECT 1", client_protocol_version="x")[0] == 400


def test_version_nought_is_what_the_engine_writes(url: str) -> None:
    names = [("number", "UInt64"), ("s", "String")]
    query = "SELECT number, toString(number) s FROM numbers(70000)"
    buffers = b"".join(
        len(names).to_bytes(8, "little") + rows.to_bytes(8, "little") + data for rows, data in ((0, b""),)
    )
    assert native_blocks.native(b"", names, 0).startswith(b"\x02\x00\x06number\x06UInt64")
    with pytest.raises(ValueError, match="names"):
        native_blocks.native(buffers.replace(b"\x02", b"\x00", 1), names, 0)
    assert ask(url, query, default_format="Native")[1].startswith(b"\x02")


@pytest.mark.parametrize("coding", ["lz4", "zstd", "gzip", "deflate", "br"])
def test_requests_and_answers_are_packed_in_every_coding(url: str, coding: str) -> None:
    body = codings.encoded(coding, b"SELECT number FROM numbers(1000)")
    status, said, headers = ask(
        url, body, {"Content-Encoding": coding, "Accept-Encoding": coding}, enable_http_compression=1
    )
    assert status == 200 and headers["content-encoding"] == coding
    assert codings.decoded(coding, said, 10**6) == b"".join(b"%d\n" % number for number in range(1000))
    assert (
        "content-encoding" not in ask(url, body, {"Content-Encoding": coding, "Accept-Encoding": coding})[2]
    )
    bomb = codings.encoded(coding, b"SELECT 1 -- " + b"x" * MAX_BODY_BYTES)
    for bad in (bomb, b"SELECT 1", body[:-9]):
        assert ask(url, bad, {"Content-Encoding": coding})[0] == 400


def test_of_several_codings_one_is_chosen() -> None:
    assert codings.chosen("gzip, deflate") == "gzip" and codings.chosen("identity") == ""
    assert codings.chosen("zstd;q=0, gzip;q=0.5") == "gzip" and codings.chosen("br;q=1.0") == "br"


@pytest.mark.parametrize("method", ["LZ4", "ZSTD", "NONE"])
def test_blocks_of_clickhouse_go_both_ways(url: str, method: str) -> None:
    packed = compressed_blocks.packed(
        b"SELECT number FROM numbers(100000)", compressed_blocks.METHODS[method]
    )
    status, said, _ = ask(url, packed, compress=1, decompress=1, network_compression_method=method)
    assert status == 200 and compressed_blocks.unpacked(said, 10**7).count(b"\n") == 100_000
    for bad in (packed[:-1], b"x" + packed[1:], packed[:20], b"SELECT 1"):
        assert ask(url, bad, decompress=1)[0] == 400
    assert ask(url, "SELECT 1", compress=1, network_compression_method="LZMA")[0] == 400
    large = compressed_blocks.packed(b" " * (MAX_BODY_BYTES + 1), compressed_blocks.LZ4)
    assert ask(url, large, decompress=1)[0] == 400


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(sorted(set(compressed_blocks.METHODS.values()))))
def test_what_is_packed_comes_back_and_what_is_not_is_refused(data: bytes, method: int) -> None:
    assert compressed_blocks.unpacked(compressed_blocks.packed(data, method), len(data)) == data
    if data:
        with pytest.raises(ValueError, match="block"):
            compressed_blocks.unpacked(data, 10**6)


@pytest.mark.parametrize(
    ("size", "low", "high"),
    [
        *[(0, 0x3DF09DFC64C09A2B, 0x3CB540C392E51E29), (3, 0x5876E3E21B6F0C2D, 0xA7F17197FE0BD0C9)],
        *[(7, 0xE05C6850584C99E9, 0x4664F02F827613A9), (8, 0xA4E5FF31789E3A40, 0xCDFF6F915DE0490A)],
        *[(15, 0xFBED8C407B003F22, 0x8089B448DE4EF5E4), (16, 0xE95E6D01D1EE388B, 0x8A4B64DA0D81A40F)],
        *[(31, 0x19D100AF2F7FEF4B, 0xC5289FB3A090B061), (143, 0x759B73F470EF24A3, 0x199FE2BB9A793987)],
        *[(144, 0x2D17EBE4607FD36E, 0x931268D37D77FA86), (271, 0x4C185B4B05606878, 0xCE5E33886F791C62)],
        *[(400, 0x55A2C9313F973930, 0xD192695E1DAE78A1), (5003, 0xDA5073562F7A4101, 0x94A6FB7068BEC1FB)],
    ],
)
def test_the_checksum_is_that_of_other_implementations(size: int, low: int, high: int) -> None:
    """The numbers come from the Go implementation that ClickHouse's Go client uses."""
    data = bytes((place * 7 + place * place * 13 + size) % 251 for place in range(size))
    assert city_hash_128(data) == low.to_bytes(8, "little") + high.to_bytes(8, "little")


def test_an_insert_that_is_packed_is_refused_as_a_write(url: str) -> None:
    rows = bytes(cramjam.lz4.compress(b"\x80\xff\x00"))
    for body, coding in ((rows, "lz4"), (gzip.compress(b'{"epoch":1}'), "gzip")):
        status, said, _ = ask(
            url, body, {"Content-Encoding": coding}, query="INSERT INTO notes FORMAT JSONEachRow"
        )
        assert status == 403 and b"READONLY" in said


LARGE = "SELECT number, repeat('x', 100) AS text FROM numbers(90000)"
"""Some ten megabytes: more than goes out whole."""


@pytest.mark.parametrize(
    ("form", "coding"),
    [
        *[("TabSeparated", ""), ("JSONEachRow", "deflate"), ("RowBinary", ""), ("CSVWithNames", "gzip")],
        *[("Native", "lz4"), ("Native", "zstd"), ("CSVWithNames", "br")],
    ],
)
def test_a_large_answer_is_the_same_in_parts_as_whole(url: str, form: str, coding: str) -> None:
    headers = {"Accept-Encoding": coding} if coding else {}
    more = {"enable_http_compression": 1} if coding else {}
    status, body, sent = ask(
        url, LARGE, headers, default_format=form, send_progress_in_http_headers=1, **more
    )
    assert status == 200 and sent.get("transfer-encoding") == "chunked"
    assert int(json.loads(sent["x-clickhouse-progress"])["read_rows"]) > 0
    plain = codings.decoded(coding, body, 2**25) if coding else body
    small = ask(url, LARGE.replace("90000", "9"), default_format=form)[1]
    if form == "Native":
        assert plain.count(b"\x06number\x06UInt64") > 1, "it came block by block"
    else:
        assert plain.startswith(small[:20]) and plain.count(b'"number","text"') == (form == "CSVWithNames")
    lines = {"TabSeparated": 90_000, "CSVWithNames": 90_001, "JSONEachRow": 90_000}.get(form)
    assert lines is None or plain.count(b"\n") == lines


def test_an_answer_that_fails_on_its_way_is_no_whole_answer(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    more, calls = readers.Rest.more, []

    def failing(rest: readers.Rest) -> bytes:
        calls.append(rest)
        if len(calls) > 1:
            raise DatabaseError("Code: 241. DB::Exception: too much")
        return more(rest)

    monkeypatch.setattr(readers.Rest, "more", failing)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        ask(url, LARGE)
    monkeypatch.undo()
    assert ask(url, "SELECT 1")[1] == b"1\n"
    assert ask(url, LARGE.replace("number,", "throwIf(number = 9),"))[0] >= 400


def test_who_leaves_in_the_middle_of_an_answer_holds_no_reader(url: str) -> None:
    for _ in range(5):
        with urllib.request.urlopen(urllib.request.Request(url, data=LARGE.encode()), timeout=60) as answer:
            assert answer.read(3) == b"0\tx"
    assert ask(url, LARGE)[1].count(b"\n") == 90_000


def test_what_was_read_is_told_and_totals_come_with_the_rest(url: str) -> None:
    _, _, sent = ask(url, "SELECT sum(number) FROM numbers(1000)")
    summary = json.loads(sent["x-clickhouse-summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("1000", "1")
    _, body, _ = ask(
        url, "SELECT number % 2 AS k, count() FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k"
    )
    assert body == b"0\t5\n1\t5\n\n0\t10\n"
    assert ask(url, "SELECT 1 AS x WHERE 0 FORMAT CSVWithNames")[1] == b'"x"\n'
