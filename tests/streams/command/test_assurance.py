"""The commands of assurance: the ledger, whether a credential can be deleted, what nobody can see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.activity import Rotated
from streams.clickhouse import query
from streams.clickhouse.engine import Engine
from streams.clickhouse.reference import write_reference
from streams.clickhouse.sink import Sink
from streams.command import cli
from tests.support.clickhouse import NOW, activity, engine_over, lines, rows
from tests.support.make import KEY, SESSION, change, issue, use
from tests.support.residual import HOUR, SHIFT, activities, shifted
from tests.support.stored import store

Run = Callable[..., tuple[int, str, str]]
OLD, NEW, HALF, NEXT = (f"aws:key/AKIAEXAMPLE0000000{n}" for n in ("R1", "R2", "H1", "H2"))
BUSY, QUIET = "aws:key/AKIAEXAMPLE0000000B1", "aws:key/AKIAEXAMPLE0000000Q1"
MOVED, MOVING, OTHER = (f"aws:111122223333:user/{n}" for n in ("moved", "moving", "other"))


def rotations() -> list[Any]:
    """One whose consumer has moved, one of which one of two has; a key in use, one that nobody has used."""
    admin = {"place": "203.0.113.9", "client": "terraform/1"}
    return [
        issue("old", 0, OLD, MOVED, kind="access_key"), use("with old", 60, MOVED, OLD),
        issue("new", HOUR, NEW, MOVED, kind="access_key"),
        change("rotation", HOUR, Rotated(MOVED, successor=NEW), **admin),
        use("with new", 2 * HOUR, MOVED, NEW),
        issue("half", 0, HALF, MOVING, kind="access_key"), use("a with half", 60, MOVING, HALF),
        use("b with half", 90, MOVING, HALF, place="192.0.2.9", client="cron/1"),
        issue("next", HOUR, NEXT, MOVING, kind="access_key"),
        change("half rotation", HOUR, Rotated(MOVING, successor=NEXT), **admin),
        use("a with next", 2 * HOUR, MOVING, NEXT),
        issue("busy", 0, BUSY, OTHER, kind="access_key"), use("with busy", 5 * HOUR, OTHER, BUSY),
        issue("quiet", 0, QUIET, OTHER, kind="access_key"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(tmp_path_factory.mktemp("assurance") / "clickhouse") as engine:
        store(engine, [*activities(), *map(shifted, rotations())])
        yield engine


@pytest.fixture
def run(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path
) -> Run:
    """Runs the command line in this process: its code and what it printed."""

    def answered(_: Any, sql: str, parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        sql = sql.replace("{internal}", engine.internal)
        client = engine.reader()
        try:
            answer = client.raw_query(sql, parameters=dict(parameters or {}), fmt="JSONEachRow")
        finally:
            engine.discard(client)
        return [orjson.loads(line) for line in answer.splitlines() if line]

    monkeypatch.setattr(query, "rows", answered)
    monkeypatch.setenv("COLUMNS", "250")

    def running(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["gapwatch", *words, f"--data={data}"])
        capsys.readouterr()
        code: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        shown = capsys.readouterr()
        return int(code), shown.out, shown.err

    return running


def asked(run: Run, key: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run("safe-to-delete", key, "--json")
    return code, orjson.loads(out)


def test_a_key_whose_known_consumers_have_all_moved_is_safe_with_the_events_that_prove_it(run: Run) -> None:
    code, said = asked(run, OLD)
    assert (code, said["answer"]) == (0, "safe"), said
    assert "with new" in said["evidence"] and said["uses"][0]["identity"] == MOVED
    assert any("does not show" in note for note in said["cannot_be_seen"])
    assert run("safe-to-delete", OLD.partition("/")[2])[:1] == (0,)


def test_a_key_that_one_consumer_still_needs_is_not_safe_and_the_consumer_is_named(run: Run) -> None:
    code, said = asked(run, HALF)
    assert (code, said["answer"]) == (1, "not safe")
    assert "cron" in said["reasons"][0] and {u["place"] for u in said["uses"]} == {
        "198.51.100.7",
        "192.0.2.9",
    }


def test_a_key_in_use_is_not_safe_and_a_silent_one_cannot_be_known(run: Run) -> None:
    code, out, _ = run("safe-to-delete", BUSY)
    assert code == 1 and "NOT SAFE" in out and "it is in use" in out and "Who used it" in out
    code, said = asked(run, QUIET)
    assert (code, said["answer"]) == (2, "cannot be known") and "silence is no proof" in said["reasons"][0]


def test_a_dead_key_that_is_refused_is_safe_and_what_lives_on_without_it_is_named(run: Run) -> None:
    code, said = asked(run, KEY)
    assert (code, said["answer"]) == (0, "safe"), said
    assert SESSION in said["outlives_it"] and said["ends_with_it"] == []


def test_a_name_that_fits_nothing_or_several_is_answered_by_no_guess(run: Run) -> None:
    code, out, err = run("safe-to-delete", "nobody")
    assert code == 2 and not out and "Nothing is known" in err
    code, _, err = run("safe-to-delete", OTHER)
    assert code == 2 and BUSY in err and QUIET in err


def test_a_key_whose_log_is_behind_cannot_be_known(run: Run, engine: Engine) -> None:
    from datetime import timedelta

    write_reference(engine, lags={"cloudtrail": timedelta(minutes=1)})
    try:
        code, said = asked(run, OLD)
        assert code == 2 and "has been read up to" in said["reasons"][0]
        assert asked(run, BUSY)[0] == 1
    finally:
        write_reference(engine)


def test_the_ledger_is_listed_as_of_now_and_as_it_stood(run: Run) -> None:
    _, out, _ = run("ledger", "--json")
    many = [orjson.loads(line) for line in out.splitlines()]
    assert {"proven", "assumed"} <= {row["value"] for row in many}
    assert all(
        row["hangs_on"] == "cloudtrail" and row["watermark"] for row in many if row["value"] == "proven"
    )
    _, out, _ = run("ledger", "--value", "proven", "--control", "old_version_used_after_rotation", "--csv")
    assert out.count("\n") == 2 and "moved" in out
    _, _, err = run("ledger", "--at", "7d")
    assert "No row." in err
    assert run("ledger", "--value", "good")[0] == 2


def test_blind_spots_say_what_to_switch_on_until_it_is_shown(run: Run, engine: Engine) -> None:
    _, out, _ = run("blind-spots", "--json")
    spots = [orjson.loads(line) for line in out.splitlines()]
    assert all(spot["rows"] and spot["switch_on"] and spot["example"] for spot in spots)
    ranks = [spot["privilege_rank"] for spot in spots]
    assert ranks == sorted(ranks, reverse=True)
    assert "data events off" not in {spot["what"] for spot in spots}, "GetObject is a data event"


def test_privilege_is_as_declared_else_as_seen(engine: Engine) -> None:
    stated = {"type": "stated", "identity": OTHER, "declaration": {"privilege": "critical"}}
    declared = activity(
        9001, source="inventory", identity="", credential="", effects=orjson.dumps([stated]).decode()
    )
    Sink(engine).write("activities", [lines("activities", declared)])
    found = dict(rows(engine, "SELECT identity, (privilege, why) FROM privileges"))
    assert found[OTHER] == ("critical", "declared")
    assert found["aws:111122223333:user/admin"] == ("high", "writes identities")
    assert found[MOVED][0] == "low"
    (share,) = rows(engine, "SELECT attributed, events > 1000, days FROM attribution")
    assert share[0] == 1 and share[1] and share[2] == 1
    assert SHIFT and NOW
