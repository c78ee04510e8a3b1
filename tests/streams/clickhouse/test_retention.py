"""Rows are kept as long as the setting says, and an identity that is forgotten leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.clickhouse.retention import TABLES, days_of, retain
from streams.command import forgetting
from streams.site.errors import SettingsError, Stop
from streams.site.keeping import KEPT
from streams.site.loading import load
from streams.site.settings import Settings
from tests.support.clickhouse import engine_over
from tests.support.small_run import DAY, ERP, NOW, RETIRED, USED, World

DAYS = "extract(engine_full, 'toIntervalDay\\\\((\\\\d+)\\\\)')"
OTHER = "aws:111122223333:user/nightly"


def test_each_table_has_the_time_to_live_that_is_set_and_gets_its_own_back(tmp_path: Path) -> None:
    assert TABLES.keys() == KEPT
    with engine_over(tmp_path / "clickhouse") as engine:
        assert retain(engine, {}) == [], "as the tables are made"
        asked = {"activities": timedelta(days=90), "findings": timedelta(days=30)}
        assert retain(engine, asked) == ["activities", "findings"]
        assert retain(engine, asked) == []
        client = engine.writer()
        sql = f"SELECT name, toUInt32({DAYS}) FROM system.tables WHERE database = currentDatabase()"
        answer = client.query(f"{sql} AND name IN ('activities', 'findings')").result_rows
        found = {str(name): int(days) for name, days in answer}
        assert found == {"activities": 90, "findings": 30} and days_of(asked)["notes"] == 1100
        never = "toDateTime64('1970-01-01', 6, 'UTC')"
        client.command(f"INSERT INTO activities (uid, time, arrived) VALUES ('x', now64(6), {never})")
        client.command("OPTIMIZE TABLE activities FINAL")
        assert client.query("SELECT count() FROM activities").result_rows == [(1,)], (
            "a clock that was never set"
        )
        engine.discard(client)
        assert retain(engine, {}) == ["activities", "findings"]


def test_every_table_that_knows_identities_is_one_that_can_forget_them(tmp_path: Path) -> None:
    with engine_over(tmp_path / "clickhouse") as engine:
        client = engine.writer()
        sql = (
            "SELECT DISTINCT if(c.database = {own:String}, '', '{internal}.') || c.table "
            "FROM system.columns AS c INNER JOIN system.tables AS t "
            "ON t.database = c.database AND t.name = c.table "
            "WHERE t.engine LIKE '%MergeTree' AND c.database IN ({own:String}, {other:String}) "
            "AND c.name IN ('identity', 'credential', 'subject', 'agent', 'key')"
        )
        own = {"own": engine.database, "other": engine.internal}
        knows = {str(name) for (name,) in client.query(sql, parameters=own).result_rows}
        engine.discard(client)
    assert {"activities", "{internal}.dossiers"} <= knows <= forgetting.TABLES.keys()


def test_a_retention_that_cannot_be_is_refused_where_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPWATCH_RETENTION", '{"activities": "90d", "notes": "2d"}')
    assert load().retention == {"activities": timedelta(days=90), "notes": timedelta(days=2)}
    for wrong in ('{"dossiers": "90d"}', '{"activities": "5m"}', "{"):
        monkeypatch.setenv("GAPWATCH_RETENTION", wrong)
        with pytest.raises(SettingsError, match="GAPWATCH_RETENTION"):
            load()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with engine_over(tmp_path / "clickhouse") as engine:
        made = World(engine, monkeypatch)
        made.take(orjson.dumps(RETIRED), "inventory", NOW - 2 * DAY)
        used: dict[str, Any] = USED | {"eventTime": "2026-11-27T01:00:00Z"}
        made.take(orjson.dumps(used), "cloudtrail", NOW - DAY)
        who = used["userIdentity"] | {
            "arn": "arn:aws:iam::111122223333:user/nightly",
            "userName": "nightly",
            "principalId": "AIDAEXAMPLE000000002",
            "accessKeyId": "AKIAEXAMPLE000000002",
        }
        made.take(orjson.dumps(used | {"userIdentity": who, "eventID": "2" * 36}), "cloudtrail", NOW - DAY)
        (row,) = made.rows(Settings(), "SELECT uid FROM findings FINAL WHERE status_id = 1 LIMIT 1")
        note = {"id": "n1", "finding": row["uid"], "verb": "comment", "author": "ada", "text": "looked"}
        made.note(Settings(), [("n1", orjson.dumps(note | {"noted": NOW, "until": 0, "known": 0}))])
        yield made


def test_an_identity_that_is_forgotten_leaves_nothing_and_the_others_stay(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data=tmp_path / "data")
    before = forgetting.look(world.engine, ERP)
    assert {"activities", "findings", "assurance", "notes", "dossiers"} <= {
        n for n, c in before.rows.items() if c
    }
    assert "aws:key/AKIAEXAMPLE000000001" in before.keys and "aws:key/AKIAEXAMPLE000000002" not in before.keys
    with monkeypatch.context() as patched:
        patched.setattr("streams.delivering.deliver.open_engine", lambda settings: world.engine)
        patched.setattr(world.engine, "close", lambda: None)
        forgetting.forget(settings, ERP, True, False, False, None)
        said = capsys.readouterr().out
        assert "rows of activities" in said and "Not forgotten" in said and "Kafka" in said
        with pytest.raises(Stop, match="Nothing was deleted"):
            forgetting.forget(settings, ERP, False, False, False, lambda question: False)
        assert forgetting.look(world.engine, ERP).rows == before.rows
        with pytest.raises(Stop, match="whole key"):
            forgetting.forget(settings, ERP[:-1], False, True, False, None)
        capsys.readouterr()
        forgetting.forget(settings, ERP, False, False, True, lambda question: True)
        assert orjson.loads(capsys.readouterr().out)["deleted"] is True
    with pytest.raises(Stop, match="Nothing is stored of"):
        forgetting.look(world.engine, ERP)
    client = world.engine.writer()
    both = {"both": [world.engine.database, world.engine.internal]}
    stored = (
        "SELECT database, name FROM system.tables "
        "WHERE database IN {both:Array(String)} AND engine LIKE '%MergeTree'"
    )
    named = 0
    for database, table in client.query(stored, parameters=both).result_rows:
        row = "toString(tuple(*))"
        left = f"SELECT {row} FROM {database}.{table} WHERE position({row}, 'legacy-erp') > 0"
        rows = client.query(left).result_rows
        assert all("nightly" in row for (row,) in rows) or table == "dossiers", table
        named += len(rows)
    world.engine.discard(client)
    assert before.named and named, "what names it beside another is said, not deleted"
    assert sum(forgetting.look(world.engine, OTHER).rows.values()) > 2
