"""What a later DDL file does to a database that an earlier version made."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import orjson
import pytest

from correlators.driver.normaliser import Normaliser, Record
from streams.clickhouse.migrations import migrate
from streams.clickhouse.sink import Origin, Sink, block
from tests.support import mcp, otlp
from tests.support.clickhouse import NOW, activity, engine_over, finding, lines, one, rows

OLD_VIEW = """CREATE MATERIALIZED VIEW activities_in_view TO activities AS SELECT * REPLACE (
fromUnixTimestamp64Micro(time, 'UTC') AS time, fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived,
fromUnixTimestamp64Micro(processed, 'UTC') AS processed) FROM activities_in"""


def test_a_database_from_before_grants_stores_them_after_the_migration(tmp_path: Path) -> None:
    with engine_over(tmp_path / "clickhouse") as engine:
        client = engine.writer()
        client.command("DROP VIEW activities_in_view")
        for table in ("activities", "activities_in"):
            for column in ("incarnation", "allowed_by"):
                client.command(f"ALTER TABLE {table} DROP COLUMN {column}")
        client.command(OLD_VIEW)
        client.command("TRUNCATE TABLE migrations")
        engine.discard(client)
        migrate(engine)
        sink = Sink(engine)
        sink.write(
            "activities", [lines("activities", activity(1, incarnation="uid-1", allowed_by="grant-1"))]
        )
        sink.close()
        assert rows(engine, "SELECT incarnation, allowed_by FROM activities") == [("uid-1", "grant-1")]
        assert migrate(engine) == []


def test_a_database_from_before_spans_finds_the_agent_of_those_it_has(tmp_path: Path) -> None:
    above = {"traceparent": f"00-{otlp.TRACE}-{otlp.span_id(2)}-01"}
    messages = [orjson.dumps(mcp.returned()), orjson.dumps(mcp.call(meta=above))]
    with engine_over(tmp_path / "clickhouse") as engine:
        normaliser = Normaliser(b"site")
        for record in (otlp.export(otlp.tool(2, 1)), otlp.export(otlp.agent(1)), *messages):
            normaliser.take(Record(record, arrived=NOW))
        sink = Sink(engine)
        body = b"\n".join(normaliser.drain().activities)
        sink.write("activities", [block("activities", None, body, Origin("activities", 0, 0, NOW), 1)])
        sink.close()
        client = engine.writer()
        for statement in (
            "TRUNCATE TABLE spans",
            "DROP VIEW spans_view",
            *(
                f"ALTER TABLE spans DROP COLUMN {column}"
                for column in ("source", "instance", "start", "side", "failed", "shared")
            ),
            "ALTER TABLE migrations DELETE WHERE number IN (12, 17, 20, 21) SETTINGS mutations_sync = 1",
        ):
            client.command(statement)
        engine.discard(client)
        assert migrate(engine) == [
            "012_spans.sql",
            "017_spans_of_any_source.sql",
            "020_answers.sql",
            "021_whose_events.sql",
        ]
        found = "SELECT count() FROM activities_resolved WHERE resolved_identity = 'agent:desk/triage'"
        assert rows(engine, found) == [(4,)]


@pytest.mark.slow
def test_a_database_from_before_the_plain_words_has_them_for_the_findings_it_holds(tmp_path: Path) -> None:
    words = ("severity", "status", "confidence", "description", "subject", "evidence")
    older = {"severity": "High", "status": "New", "confidence": "Low"}
    older["unmapped"] = {"subject": "aws:key/A", "credential": "aws:key/A"}  # type: ignore[assignment]
    with engine_over(tmp_path / "clickhouse") as engine:
        client = engine.writer()
        for kind, added in (("findings", words), ("assurance", words[3:])):
            client.command(f"DROP VIEW {kind}_history_view")
            for table, column in product((kind, f"{kind}_history"), added):
                client.command(f"ALTER TABLE {table} DROP COLUMN {column}")
                client.command(f"ALTER TABLE {table} MODIFY COLUMN credential String DEFAULT 'as presented'")
            client.command(
                f"CREATE MATERIALIZED VIEW {kind}_history_view TO {kind}_history AS SELECT * FROM {kind}"
            )
        client.command("ALTER TABLE migrations DELETE WHERE number = 14 SETTINGS mutations_sync = 1")
        sink = Sink(engine)
        for kind in ("findings", "assurance"):
            sink.write(kind, [one(kind, finding("before", **older), 1)])
        assert migrate(engine) == ["014_plain_words.sql"]
        for kind in ("findings", "assurance"):
            sink.write(kind, [one(kind, finding("after", **older), 2)])
        sink.close()
        engine.discard(client)
        for table in ("findings", "findings_history", "findings_current"):
            found = rows(engine, f"SELECT {', '.join(words)} FROM {table} ORDER BY version")
            assert found == [("high", "new", "low", "", "aws:key/A", [])] * 2
        for kind in ("findings", "assurance"):
            for table in (kind, f"{kind}_history", f"{kind}_current"):
                assert rows(engine, f"SELECT DISTINCT credential FROM {table}") == [("aws:key/A",)]
