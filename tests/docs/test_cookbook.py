"""Every query of the cookbook is run, read-only as a reader runs it, and its numbers are counted again."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from correlators.kernel.catalogue import controls
from schemas.activity import Rotated
from streams.clickhouse.engine import Engine
from streams.command.demo import samples
from tests.support.clickhouse import engine_over, rows
from tests.support.make import KEY, SESSION, change, issue, use
from tests.support.residual import CHAINED, ENDED_SESSION, HOUR, TRIES, activities, shifted
from tests.support.stored import store

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
TYPED = [
    query
    for page in (PAGE.parents[1] / "README.md", *sorted(PAGE.parent.glob("*.md")))
    for query in re.findall(r'gapwatch sql "(SELECT [^"]+)"', page.read_text(encoding="utf-8"))
]
"""Queries in commands on any page."""
OLD, NEW = "aws:key/AKIAEXAMPLE0000000R1", "aws:key/AKIAEXAMPLE0000000R2"
ROTATING = "aws:111122223333:user/rotating"


def rotation() -> list[Any]:
    """One consumer moves from an old key to its successor."""
    elsewhere = {"place": "203.0.113.9", "client": "terraform/1"}
    return [
        issue("old", 0, OLD, ROTATING, kind="access_key"),
        use("with old", 60, ROTATING, OLD),
        issue("new", HOUR, NEW, ROTATING, kind="access_key"),
        change("rotation", HOUR, Rotated(ROTATING, successor=NEW), **elsewhere),
        use("with new", 2 * HOUR, ROTATING, NEW),
    ]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(tmp_path_factory.mktemp("cookbook") / "clickhouse") as engine:
        store(engine, [*activities(), *map(shifted, rotation())])
        yield engine


def one(engine: Engine, query: str) -> dict[str, Any]:
    client = engine.reader()
    try:
        (row,) = client.query(query).named_results()
        return dict(row)
    finally:
        engine.discard(client)


@pytest.mark.parametrize("query", [*QUERIES, *TYPED], ids=range(len(QUERIES) + len(TYPED)))
def test_every_query_on_a_page_runs(engine: Engine, query: str) -> None:
    rows(engine, query)


def test_the_cookbook_asks_every_view_for_the_lives_of_credentials(engine: Engine) -> None:
    views = {"revocations", "time_to_effective_revocation", "credential_lineage", "residual_forecast"}
    views |= {"rotation_completeness", "tries_per_dead_credential"}
    assert [view for view in views if not any(view in query for query in QUERIES)] == []


def test_the_cookbook_names_every_table_and_view_that_analysts_are_to_ask(engine: Engine) -> None:
    # Beside these are tables of which the page names the view, and a name kept for older queries.
    others = {"assurance", "assurance_history", "credentials", "findings", "revocation_lag"}
    there = {name for (name,) in rows(engine, "SHOW TABLES")}
    named = set(re.findall(r"`(\w+)`", PAGE.read_text().partition("## Findings")[0]))
    assert there - others == named & there
    assert others <= there


def test_the_keys_in_the_cookbook_are_those_of_the_samples() -> None:
    named = re.findall(r"'(?:aws|vault):[^']*/([^'/]+)'", PAGE.read_text())
    files = [path for path in samples().rglob("*") if path.is_file()]
    sampled = b"".join(
        gzip.decompress(f.read_bytes()) if f.suffix == ".gz" else f.read_bytes() for f in files
    )
    assert len(named) >= 4
    assert [name for name in named if name.encode() not in sampled] == []


def test_a_burst_is_found_under_the_name_that_was_refused(engine: Engine) -> None:
    (burst,) = (query for query in QUERIES if "AS dead\n" in query)
    assert sum(row[1] for row in rows(engine, burst)) == TRIES


def test_time_to_effective_revocation_is_from_the_kill_to_the_last_success(engine: Engine) -> None:
    row = one(engine, "SELECT * FROM time_to_effective_revocation")
    assert (row["provider"], row["account"], row["revocations"]) == ("aws", "111122223333", 1)
    assert row["p50_seconds"] == row["p90_seconds"] == row["max_seconds"] == 600
    assert (row["immediate"], row["refused"], row["unproven"]) == (0, 1, 0)


def test_the_forecast_holds_what_outlives_an_ended_credential_and_nothing_else(engine: Engine) -> None:
    found = rows(
        engine, "SELECT ended, credential, generation, used_since FROM residual_forecast ORDER BY generation"
    )
    assert found == [(KEY, SESSION, 1, True), (KEY, CHAINED, 2, True)]
    ends = rows(
        engine, "SELECT dateDiff('hour', ended_time, alive_until) FROM residual_forecast ORDER BY generation"
    )
    assert ends == [(8,), (9,)]


def test_a_rotation_whose_consumers_all_moved_is_safe_to_finish_with_its_evidence(engine: Engine) -> None:
    row = one(engine, f"SELECT * FROM rotation_completeness WHERE rotated = '{ROTATING}'")
    assert (row["verdict"], row["safe_to_delete_old"]) == ("proven", True)
    assert "1 of 1 known consumers moved" in row["progress"] and "safe to delete" in row["progress"]
    assert set(row["evidence"]) == {"rotation", "with new"}


def test_lineage_goes_through_all_generations(engine: Engine) -> None:
    found = rows(engine, "SELECT ancestor, credential, generation FROM credential_lineage ORDER BY ALL")
    assert set(found) == {
        (KEY, SESSION, 1),
        (KEY, CHAINED, 2),
        (SESSION, CHAINED, 1),
        (KEY, ENDED_SESSION, 1),
    }


def test_a_thousand_tries_are_counted_with_the_first_and_the_last(engine: Engine) -> None:
    query = "SELECT credential, tries, dateDiff('second', first, last) FROM tries_per_dead_credential"
    assert rows(engine, f"{query} WHERE outcome = 'unauthenticated'") == [(KEY, TRIES, TRIES - 1)]
    assert rows(engine, f"{query} WHERE outcome = 'succeeded'") == [(KEY, 1, 0)]


def test_a_thousand_tries_are_one_finding(engine: Engine) -> None:
    count = "SELECT uniqExact(uid) FROM findings WHERE control = 'dead_credential_tried'"
    assert rows(engine, count) == [(1,)]
    assert "dead_credential_tried" in controls()
