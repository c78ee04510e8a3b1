"""Blocks into the real engine: what it refuses is told apart by row, what it cannot take now comes again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Block, Origin, Sink, UnavailableError, block
from tests.support.clickhouse import NOW, activity, empty, engine_over, finding, lines, one, rows

REJECTS = "SELECT topic, partition, offset, line, place, reason FROM rejects ORDER BY offset, line"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(tmp_path_factory.mktemp("sink") / "clickhouse") as engine:
        yield engine


@pytest.fixture
def engine(running: Engine) -> Engine:
    empty(running)
    return running


def raw(content: bytes, offset: int = 0, table: str = "activities") -> Block:
    return block(table, None, content, Origin(table, 3, offset, NOW), epoch=1)


@pytest.mark.parametrize(
    "poison", [b"not json", b'{"uid":1,', b'{"time":"noon"}', b'{"time":1e40}', b"[1]", b"\xff\x00"]
)
def test_a_row_that_cannot_be_read_is_told_apart_and_kept_with_its_place(
    engine: Engine, poison: bytes
) -> None:
    good = [orjson.dumps(activity(number)) for number in range(200)]
    content = b"\n".join([*good[:77], poison, *good[77:]])
    assert Sink(engine).write("activities", [raw(content, 8), lines("activities", activity(500))]) == 1
    assert rows(engine, "SELECT count() FROM activities") == [(201,)]
    ((topic, partition, offset, line, place, reason),) = rows(engine, REJECTS)
    assert (topic, partition, offset, line, place) == ("activities", 3, 8, 77, "activities")
    assert reason.startswith("ClickHouse does not take the row: ")


def test_many_bad_rows_in_many_blocks_are_all_told_apart(engine: Engine) -> None:
    blocks = []
    for offset in range(5):
        content = [orjson.dumps(activity(offset * 10 + number)) for number in range(10)]
        content[offset] = b"{bad"
        content[9] = b"{bad"
        blocks.append(raw(b"\n".join(content), offset))
    refused = {(offset, line) for offset in range(5) for line in (offset, 9)}
    assert Sink(engine).write("activities", blocks) == len(refused)
    assert {(row[2], row[3]) for row in rows(engine, REJECTS)} == refused
    assert rows(engine, "SELECT count() FROM activities") == [(50 - len(refused),)]


def test_a_batch_of_nothing_but_bad_rows_is_all_rejects(engine: Engine) -> None:
    assert Sink(engine).write("activities", [raw(b"{bad\n{worse\n")]) == 2
    assert rows(engine, "SELECT count() FROM rejects") == [(2,)]


def test_a_reject_tells_nothing_of_what_the_row_held(engine: Engine) -> None:
    Sink(engine).write("activities", [raw(b'{"time":"hvs.SECRET-TOKEN"}')])
    stored = str(rows(engine, "SELECT * FROM rejects"))
    assert "SECRET" not in stored and "does not take the row" in stored


def test_a_refused_row_that_comes_again_is_one_reject(engine: Engine) -> None:
    for _ in range(2):
        Sink(engine).write("activities", [raw(b"{bad")])
    assert rows(engine, "SELECT count() FROM rejects") == [(1,)]


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"{}", b'{"finding_info":{"uid":""}}', b"\x00"])
def test_what_is_no_finding_is_refused_beside_findings_that_are(engine: Engine, value: bytes) -> None:
    blocks = [one("findings", finding(f"f{n}"), n) for n in range(5)] + [one("findings", value, 5)]
    assert Sink(engine).write("findings", blocks) == 1
    assert rows(engine, "SELECT count() FROM findings") == [(5,)]
    assert [row[:5] for row in rows(engine, REJECTS)] == [("findings", 0, 5, 0, "findings")]


def test_large_findings_arrive_whole(engine: Engine) -> None:
    sizes = (1, 127, 128, 16_383, 16_384, 900_000)
    blocks = [one("findings", finding(f"f{n}", message="x" * n), n) for n in sizes]
    Sink(engine).write("findings", blocks)
    stored = rows(engine, "SELECT length(JSONExtractString(ocsf, 'message')) FROM findings ORDER BY version")
    assert stored == [(n,) for n in sizes]


def test_every_row_of_a_block_of_credentials_gets_the_version_of_its_message(engine: Engine) -> None:
    many = [{"credential": f"c{n}", "parent": 'a "{" in text'} for n in range(3)]
    Sink(engine).write("credentials", [lines("credentials", *many, offset=5, epoch=2)])
    stored = rows(engine, "SELECT credential, version, parent FROM credentials ORDER BY credential")
    assert stored == [(f"c{n}", 2 << 40 | 5, 'a "{" in text') for n in range(3)]


@pytest.mark.parametrize("table", ["activities_in", "rejects_in"])
def test_a_table_that_is_away_blames_no_row(engine: Engine, table: str) -> None:
    client = engine.writer()
    client.command(f"RENAME TABLE {table} TO away")
    sink = Sink(engine)
    mixed = [lines("activities", activity(1)), raw(b"{bad", 7)]
    try:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                sink.write("activities", mixed)
        assert rows(engine, "SELECT count() FROM rejects") == [(0,)]
    finally:
        client.command(f"RENAME TABLE away TO {table}")
    assert sink.write("activities", mixed) == 1
    assert rows(engine, "SELECT count() FROM activities") == [(1,)]
    assert rows(engine, "SELECT count() FROM rejects") == [(1,)]


def test_rows_are_counted_as_they_are_stored(engine: Engine) -> None:
    counted: dict[str, Any] = {}
    sink = Sink(engine, lambda table, number: counted.update({table: counted.get(table, 0) + number}))
    sink.write("activities", [raw(b"{bad", 1), lines("activities", *map(activity, range(10)))])
    assert counted == {"activities": 10, "rejects": 1}
