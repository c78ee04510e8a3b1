"""Blocks into the real engine: what it refuses is told apart by row, what it cannot take now comes again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import BLAMED_AFTER, Block, Origin, Sink, UnavailableError, block
from tests.support.clickhouse import NOW, activity, empty, engine_over, finding, lines, one, rows

NOON_2001 = 1_000_000_000_000_000
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
    client.command(f"RENAME TABLE gapwatch_internal.{table} TO gapwatch_internal.away")
    sink = Sink(engine)
    mixed = [lines("activities", activity(1)), raw(b"{bad", 7)]
    try:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                sink.write("activities", mixed)
        assert rows(engine, "SELECT count() FROM rejects") == [(0,)]
    finally:
        client.command(f"RENAME TABLE gapwatch_internal.away TO gapwatch_internal.{table}")
    assert sink.write("activities", mixed) == 1
    assert rows(engine, "SELECT count() FROM activities") == [(1,)]
    assert rows(engine, "SELECT count() FROM rejects") == [(1,)]


def test_rows_are_counted_as_they_are_stored(engine: Engine) -> None:
    counted: dict[str, Any] = {}
    sink = Sink(engine, lambda table, number: counted.update({table: counted.get(table, 0) + number}))
    sink.write("activities", [raw(b"{bad", 1), lines("activities", *map(activity, range(10)))])
    assert counted == {"activities": 10, "rejects": 1}


class Answers:
    """An engine whose answers a test decides: ``refuses`` gives the code for the rows of one insert, or
    None."""

    def __init__(self, refuses: Callable[[list[bytes]], int | None]) -> None:
        self.refuses = refuses
        self.taken: list[bytes] = []
        self.rejects: list[bytes] = []

    internal = "gapwatch_internal"

    def writer(self) -> Answers:
        return self

    def discard(self, client: object) -> None:
        pass

    def raw_insert(self, table: str, *, insert_block: bytes, **_: Any) -> None:
        many = insert_block.splitlines()
        if table.endswith("rejects_in"):
            self.rejects += many
            return
        if (code := self.refuses(many)) is not None:
            raise DatabaseError("refused", code=code, name="SOMETHING_NEW")
        self.taken += many


def ten(offset: int = 1) -> list[Block]:
    return [raw(b"\n".join(b'{"uid":"%d"}' % n for n in range(10)), offset)]


def sink_over(answers: Answers) -> Sink:
    return Sink(answers)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", [201, 499, 99_999])
def test_an_error_of_an_unknown_number_blames_no_row(code: int) -> None:
    answers = Answers(lambda many: code)
    sink = sink_over(answers)
    for _ in range(10):
        with pytest.raises(UnavailableError):
            sink.write("activities", ten())
    assert answers.rejects == []


@pytest.mark.parametrize("quota", range(10))
def test_a_quota_that_ends_in_the_middle_of_a_block_blames_no_row_however_often(quota: int) -> None:
    left = [0]

    def refuses(many: list[bytes]) -> int | None:
        if len(many) > left[0]:
            return 201
        left[0] -= len(many)
        return None

    answers = Answers(refuses)
    sink = sink_over(answers)
    for _ in range(10):
        left[0] = quota
        with pytest.raises(UnavailableError):
            sink.write("activities", ten())
    assert answers.rejects == []


def test_a_single_row_refused_again_and_again_while_its_neighbours_are_taken_is_to_blame() -> None:
    poison = b'{"uid":"4"}'
    answers = Answers(lambda many: 99_999 if poison in many else None)
    sink = sink_over(answers)
    for _ in range(BLAMED_AFTER - 1):
        with pytest.raises(UnavailableError):
            sink.write("activities", ten())
    assert answers.rejects == []
    assert sink.write("activities", ten()) == 1
    assert len(answers.rejects) == 1 and len(set(answers.taken)) == 9


def test_a_row_that_is_taken_at_a_later_offer_is_no_reject() -> None:
    poison, angry = b'{"uid":"4"}', [True]
    answers = Answers(lambda many: 99_999 if poison in many and angry[0] else None)
    sink = sink_over(answers)
    with pytest.raises(UnavailableError):
        sink.write("activities", ten())
    angry[0] = False
    assert sink.write("activities", ten()) == 0
    assert answers.rejects == [] and len(set(answers.taken)) == 10


def test_a_block_that_is_too_much_at_once_goes_in_by_parts() -> None:
    """As 252 says: more partitions than one insert may have."""
    answers = Answers(lambda many: 252 if len(many) > 2 else None)
    assert sink_over(answers).write("activities", ten()) == 0
    assert len(answers.taken) == 10


def test_rows_of_three_hundred_months_are_stored(engine: Engine) -> None:
    month = 30 * 86_400_000_000
    many = [orjson.dumps(activity(n) | {"time": NOON_2001 + n * month}) for n in range(300)]
    assert Sink(engine).write("activities", [raw(b"\n".join(many))]) == 0
    assert rows(engine, "SELECT count() FROM activities") == [(300,)]
