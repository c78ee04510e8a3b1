"""What a later DDL file does to a database that an earlier version made."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from correlators.driver.normaliser import Normaliser, Record
from streams.clickhouse.migrations import bind_key, migrate, migrations, next_epoch
from streams.clickhouse.sink import INSERT_SETTINGS, Sink
from streams.site.errors import SettingsError
from tests.support import mcp, otlp
from tests.support.clickhouse import NOW, activity, engine_over, finding, lines, one, rows

SPANNED = '[{"type":"spanned","trace":"t1","span_id":"s1","span":["agent","","","x"]}]'
OLD_VIEW = """CREATE MATERIALIZED VIEW activities_in_view TO activities AS SELECT * REPLACE (
fromUnixTimestamp64Micro(time, 'UTC') AS time, fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived,
fromUnixTimestamp64Micro(processed, 'UTC') AS processed) FROM activities_in"""


INTERNAL = 50
"""Number of the file that moves what is for gapwatch alone into a database of its own."""


def before(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the files below this number are all that there are, and no table that came later."""
    monkeypatch.setattr("tests.support.clickhouse.write_reference", lambda engine: None)
    every = migrations()
    monkeypatch.setattr(
        "streams.clickhouse.migrations.migrations", lambda: [each for each in every if each.number < number]
    )


def since(number: int) -> list[str]:
    return [each.name for each in migrations() if each.number >= number]


def test_a_database_of_an_earlier_release_keeps_its_rows_and_shows_what_is_for_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        before(INTERNAL, earlier)
        with engine_over(tmp_path / "clickhouse") as engine:
            client = engine.writer()
            for statement in (
                f"RENAME TABLE {engine.internal}.migrations TO migrations",
                "INSERT INTO epochs (epoch, broker) VALUES (7, 'b')",
                "INSERT INTO dossiers (key, version, body) VALUES ('aws:1:user/x', 5, '{}')",
                "CREATE TABLE site_keys (check_value String, noted DateTime64(3, 'UTC') DEFAULT now64(3)) "
                "ENGINE = ReplacingMergeTree ORDER BY check_value",
                "INSERT INTO site_keys (check_value) VALUES ('ours')",
            ):
                client.command(statement)
            columns = ", ".join(activity(1))
            body = orjson.dumps(activity(1) | {"effects": SPANNED}).decode()
            client.command(f"INSERT INTO activities_in ({columns}, effects) FORMAT JSONEachRow {body}")
            engine.discard(client)
    with engine_over(tmp_path / "clickhouse") as engine:
        assert migrate(engine) == []
        client = engine.writer()
        client.command(
            "INSERT INTO findings (ocsf, version) VALUES ({o:String}, 1)", {"o": finding("f").decode()}
        )
        engine.discard(client)
        assert next_epoch(engine, "b") == 7
        bind_key(engine, "ours")
        with pytest.raises(SettingsError):
            bind_key(engine, "another")
        shown = {name for (name,) in rows(engine, "SHOW TABLES")}
        hidden = {name for (name,) in rows(engine, f"SHOW TABLES FROM {engine.internal}")}
        assert {"findings", "activities", "worklist"} <= shown and not shown & hidden
        assert [name for name in shown if name.endswith(("_in", "_view"))] == []
        for table in ("activities", "rejects", "credentials", "notes"):
            columns_of = "SELECT name FROM system.columns WHERE database = {d:String} AND table = {t:String}"
            stored = {name for (name,) in rows(engine, columns_of, d=engine.database, t=table)}
            taken = {name for (name,) in rows(engine, columns_of, d=engine.internal, t=f"{table}_in")}
            assert taken == stored - {"stored"}, (
                f"{table}: what comes in has another column than what is kept"
            )
        assert rows(engine, f"SELECT key FROM {engine.internal}.dossiers_live") == [("aws:1:user/x",)]
        assert rows(engine, f"SELECT trace FROM {engine.internal}.spans") == [("t1",)]
        assert rows(engine, "SELECT count() FROM activities_resolved") == [(1,)]
        assert rows(engine, "SELECT count() FROM findings_history") == [(1,)]


def test_a_database_from_before_grants_stores_them_after_the_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        before(INTERNAL, earlier)
        with engine_over(tmp_path / "clickhouse") as engine:
            client = engine.writer()
            client.command("DROP VIEW activities_in_view")
            for table in ("activities", "activities_in"):
                for column in ("incarnation", "allowed_by"):
                    client.command(f"ALTER TABLE {table} DROP COLUMN {column}")
            client.command(OLD_VIEW)
            client.command(f"TRUNCATE TABLE {engine.internal}.migrations")
            engine.discard(client)
    with engine_over(tmp_path / "clickhouse") as engine:
        sink = Sink(engine)
        sink.write(
            "activities", [lines("activities", activity(1, incarnation="uid-1", allowed_by="grant-1"))]
        )
        sink.close()
        assert rows(engine, "SELECT incarnation, allowed_by FROM activities") == [("uid-1", "grant-1")]
        assert migrate(engine) == []


def test_a_database_from_before_spans_finds_the_agent_of_those_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = {"traceparent": f"00-{otlp.TRACE}-{otlp.span_id(2)}-01"}
    messages = [orjson.dumps(mcp.returned()), orjson.dumps(mcp.call(meta=above))]
    normaliser = Normaliser(b"site")
    for record in (otlp.export(otlp.tool(2, 1)), otlp.export(otlp.agent(1)), *messages):
        normaliser.take(Record(record, arrived=NOW))
    body = b"\n".join(normaliser.drain().activities)
    with monkeypatch.context() as earlier:
        before(12, earlier)
        with engine_over(tmp_path / "clickhouse") as engine:
            client = engine.writer()
            client.raw_insert("activities_in", insert_block=body, fmt="JSONEachRow", settings=INSERT_SETTINGS)
            engine.discard(client)
            earlier.undo()
            assert migrate(engine) == since(12)
    with engine_over(tmp_path / "clickhouse") as engine:
        found = "SELECT count() FROM activities_resolved WHERE resolved_identity = 'agent:desk/triage'"
        assert rows(engine, found) == [(4,)]


@pytest.mark.slow
def test_a_database_from_before_the_plain_words_has_them_for_the_findings_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("severity", "status", "confidence", "description", "subject", "evidence")
    older = {"severity": "High", "status": "New", "confidence": "Low"}
    older["unmapped"] = {"subject": "aws:key/A", "credential": "aws:key/A"}  # type: ignore[assignment]
    with monkeypatch.context() as earlier:
        before(14, earlier)
        with engine_over(tmp_path / "clickhouse") as engine:
            sink = Sink(engine)
            for kind in ("findings", "assurance"):
                sink.write(kind, [one(kind, finding("before", **older), 1)])
            sink.close()
            earlier.undo()
            assert migrate(engine) == since(14)
    with engine_over(tmp_path / "clickhouse") as engine:
        sink = Sink(engine)
        for kind in ("findings", "assurance"):
            sink.write(kind, [one(kind, finding("after", **older), 2)])
        sink.close()
        for table in ("findings", "findings_history", "findings_current"):
            found = rows(engine, f"SELECT {', '.join(words)} FROM {table} ORDER BY version")
            assert found == [("high", "new", "low", "", "aws:key/A", [])] * 2
        for kind in ("findings", "assurance"):
            for table in (kind, f"{kind}_history", f"{kind}_current"):
                assert rows(engine, f"SELECT DISTINCT credential FROM {table}") == [("aws:key/A",)]
