"""Dossiers in the real engine: whatever is compacted when, the rows of a key join to the same dossier."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import reduce

import pytest

from correlators.kernel.knowledge.join import join
from schemas.dossier import EMPTY, Credential, Dossier
from schemas.evidence import Evidence
from schemas.stored import decode, encode
from streams.clickhouse import dossier_store
from streams.clickhouse.dossier_store import compact
from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Sink
from tests.support.clickhouse import empty, engine_over, one, rows

LIVE = "SELECT bodies FROM gapwatch_internal.dossiers_live WHERE key = {key:String}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(tmp_path_factory.mktemp("dossiers") / "clickhouse") as engine:
        yield engine


@pytest.fixture
def engine(running: Engine) -> Engine:
    empty(running)
    return running


def knowing(number: int) -> Dossier:
    evidence = Evidence(1000 + number, f"event-{number}")
    return Dossier(credentials={f"c{number % 3}": Credential(issued=evidence, known=evidence)}, seen=evidence)


def write(engine: Engine, key: str, numbers: list[int], first: int = 0) -> None:
    """Rows that know little each, as of workers that knew nothing of one another."""
    blocks = [
        one("dossiers", encode(knowing(number)), first + offset, key.encode())
        for offset, number in enumerate(numbers)
    ]
    Sink(engine).write("dossiers", blocks)


def restored(engine: Engine, key: str) -> Dossier:
    ((bodies,),) = rows(engine, LIVE, key=key)
    return reduce(join, map(decode, bodies), EMPTY)


def test_compaction_leaves_one_row_that_knows_what_all_rows_knew(engine: Engine) -> None:
    numbers = random.Random(5).sample(range(100), 40)
    for key in ("a", "b"):
        write(engine, key, numbers)
    write(engine, "small", [1, 2, 3])
    before = restored(engine, "a")
    assert before == reduce(join, map(knowing, numbers))
    assert compact(engine) == 78
    assert restored(engine, "a") == restored(engine, "b") == before
    counts = rows(engine, "SELECT key, count() FROM gapwatch_internal.dossiers GROUP BY key ORDER BY key")
    assert counts == [("a", 1), ("b", 1), ("small", 3)]
    assert compact(engine) == 0


def test_rows_that_come_again_after_compaction_change_nothing(engine: Engine) -> None:
    write(engine, "a", list(range(20)))
    before = restored(engine, "a")
    compact(engine)
    write(engine, "a", list(range(20)))
    assert restored(engine, "a") == before
    compact(engine, least=2)
    assert restored(engine, "a") == before


def test_a_poorer_row_that_comes_last_takes_nothing_away(engine: Engine) -> None:
    write(engine, "a", list(range(20)))
    compact(engine)
    write(engine, "a", [3], first=50)
    compact(engine, least=2)
    assert restored(engine, "a") == reduce(join, map(knowing, range(20)))


def test_a_crash_between_writing_the_join_and_deleting_loses_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(engine, "a", list(range(20)))
    before = restored(engine, "a")
    with monkeypatch.context() as broken:
        broken.setattr(dossier_store, "_delete", lambda client, internal: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            compact(engine)
    assert restored(engine, "a") == before
    compact(engine)
    assert restored(engine, "a") == before


def test_what_was_deleted_stays_deleted(engine: Engine) -> None:
    write(engine, "a", list(range(20)))
    Sink(engine).write("dossiers", [one("dossiers", None, 30, b"a")])
    assert rows(engine, LIVE, key="a") == []
    compact(engine)
    assert rows(engine, LIVE, key="a") == []
    write(engine, "a", [7], first=40)
    assert restored(engine, "a") == knowing(7)


def test_the_text_of_a_row_that_cannot_be_read_is_joined_with_the_others(engine: Engine) -> None:
    write(engine, "a", list(range(20)))
    Sink(engine).write("dossiers", [one("dossiers", b"{broken", 30, b"a")])
    assert compact(engine) == 20
    ((body,),) = rows(engine, "SELECT body FROM gapwatch_internal.dossiers")
    assert decode(body).unread == "{broken"
