"""Our DDL on a cluster, and the roles that are shipped: held to the engine's own parser, since no server is
here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.clickhouse.migrations import KEYS, TABLE, _statements, migrations
from streams.clickhouse.replicated import on_cluster
from tests.support.clickhouse import engine_over

ROLES = Path(__file__).parents[3] / "infra" / "clickhouse" / "server" / "roles.sql"


def statements() -> list[str]:
    every = [TABLE.strip(), KEYS.strip(), "CREATE DATABASE IF NOT EXISTS `gapwatch`"]
    every += [statement for each in migrations() for statement in each.statements]
    return [statement.replace("{internal}", "gapwatch_internal") for statement in every]


def test_every_statement_is_one_for_all_servers_and_every_table_with_rows_is_replicated(
    tmp_path: Path,
) -> None:
    made = [on_cluster(statement, "all-of-them") for statement in statements()]
    assert made == [on_cluster(statement, "all-of-them") for statement in statements()]
    for statement in made:
        if not statement.startswith("INSERT"):
            assert statement.count(" ON CLUSTER `all-of-them`") == 1, statement.splitlines()[0]
        assert not re.search(
            r"ENGINE = \w*(?<!Replicated)(Replacing|Aggregating|)MergeTree\b", statement
        ) or ("ENGINE = Replicated" in statement)
    replicated = [statement for statement in made if "ENGINE = Replicated" in statement]
    assert len(replicated) > 10 and all("ENGINE = Null" not in statement for statement in replicated)
    with engine_over(tmp_path / "clickhouse") as engine:
        client = engine.writer()
        for statement in (*made, *_statements(ROLES.read_text(encoding="utf-8"))):
            client.query("SELECT formatQuery({text:String})", parameters={"text": statement})
        engine.discard(client)


def test_without_a_cluster_nothing_is_otherwise_and_what_would_change_one_server_alone_is_refused() -> None:
    assert [on_cluster(statement, "") for statement in statements()] == statements()
    with pytest.raises(ValueError, match="not written for a cluster"):
        on_cluster("OPTIMIZE TABLE activities", "c")


def test_the_reader_is_limited_and_may_only_ask() -> None:
    text = ROLES.read_text(encoding="utf-8")
    for limit in ("max_execution_time", "max_result_rows", "max_rows_to_read", "max_memory_usage"):
        assert re.search(rf"{limit} = \d+ CONST", text)
    granted = re.findall(r"^GRANT (.*) ON \S+ TO gapwatch_reader;", text, re.MULTILINE)
    assert granted == ["SELECT, SHOW"] * 2
