"""An analyst's verbs: what is open, worst first; what is noted of it; what changed; what an identity did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.evidence import iso
from streams.clickhouse.engine import Engine
from streams.command import cli
from streams.command.moments import since, until
from streams.site.errors import Stop
from streams.site.settings import Settings
from tests.support.clickhouse import empty, engine_over
from tests.support.small_run import DAY, ERP, NOW, RETIRED, USED, World

Run = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("worklist")) / "clickhouse") as engine:
        yield engine


@pytest.fixture
def world(shared: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    empty(shared)
    made = World(shared, monkeypatch)
    aliased = RETIRED["identities"][0] | {"aliases": ["aws:111122223333:role/erp"]}
    made.take(orjson.dumps(RETIRED | {"identities": [aliased]}), "inventory", NOW - 2 * DAY)
    use(made, "1", DAY)
    return made


def use(world: World, number: str, ago: int, **more: Any) -> None:
    at = iso(NOW - ago)[:19] + "Z"
    event = USED | {"eventTime": at, "eventID": f"{number * 8}-1111-1111-1111-111111111111"} | more
    world.take(orjson.dumps(event), "cloudtrail", NOW - ago)


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path) -> Run:
    """Runs the command line in this process; gives what it printed."""
    monkeypatch.setenv("COLUMNS", "250")

    def running(*words: str) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["gapwatch", *words, f"--data={data}"])
        capsys.readouterr()
        code: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        shown = capsys.readouterr()
        if code:
            raise AssertionError(shown.err)
        return shown.out, shown.err

    return running


def state(world: World) -> dict[str, Any]:
    (row,) = world.rows(Settings(), "SELECT * FROM worklist WHERE control = 'inactive_identity_active'")
    return row


def test_what_is_noted_of_a_finding_stays_with_it_whatever_becomes_of_it(world: World, run: Run) -> None:
    uid = state(world)["uid"]
    run("ack", uid[:8], "--reason", "=1+1", "--by", "ada")
    run("assign", uid[:8], "grace")
    assert (state(world)["state"], state(world)["assignee"]) == ("acknowledged", "grace")
    use(world, "2", DAY - 60_000_000)
    assert (state(world)["state"], state(world)["notes"]) == ("acknowledged", 2)
    run("close", uid[:8], "--reason", "ours")
    assert state(world)["state"] == "closed" and uid not in run("findings", "--open", "--csv")[0]
    use(world, "3", DAY - 120_000_000)
    assert state(world)["state"] == "acknowledged", "evidence that came after the close opens it again"
    run("close", uid[:8], "--reason", "ours, too")
    run("reopen", uid[:8])
    assert state(world)["state"] == "open"
    run("comment", uid[:8], "=cmd|x")
    table = run("findings", "--csv", "--severity", "high+", "--owner", "team-erp", "--since", "3d")[0]
    assert uid in table and "'=cmd|x" in table
    assert len(world.rows(Settings(), "SELECT id FROM notes FINAL")) == 6


def test_findings_are_asked_for_by_severity_owner_control_time_and_come_worst_first(
    world: World, run: Run
) -> None:
    every = [orjson.loads(line) for line in run("findings", "--json")[0].splitlines()]
    assert [f["severity_id"] for f in every] == sorted((f["severity_id"] for f in every), reverse=True)
    assert len(run("findings", "--limit", "1", "--json")[0].splitlines()) == 1
    assert run("findings", "--severity", "critical", "--json")[1] == "No findings.\n"
    assert run("findings", "--since", "1h", "--csv")[0].count("\n") == 1
    assert run("findings", "--owner", "nobody", "--csv")[0].count("\n") == 1
    assert "inactive_identity_active" in run("findings", "--table", "--sort", "owner")[0]


def test_changes_say_what_opened_was_suppressed_and_closed_and_the_summary_counts(
    world: World, run: Run
) -> None:
    uid = state(world)["uid"]
    suppressed = run("suppress", uid[:8], "--until", "7d", "--reason", "moved by then")[1]
    assert "suppresses   high" in suppressed and state(world)["state"] == "suppressed"
    said = [orjson.loads(line)["what"] for line in run("changes", "--since", "1h", "--json")[0].splitlines()]
    assert said[0] == "suppressed" and "opened" in said
    counted = map(orjson.loads, run("summary", "--json")[0].splitlines())
    (high,) = [row for row in counted if row["severity"] == "high"]
    assert (high["suppressed"], high["open"]) == (1, 0)
    assert "Could not be verified" in run("summary")[0]


def test_a_timeline_goes_across_sources_and_keys_and_says_what_was_told(world: World, run: Run) -> None:
    rows = [orjson.loads(line) for line in run("timeline", ERP, "--json")[0].splitlines()]
    assert {"cloudtrail", "inventory", "gapwatch"} <= {row["source"] for row in rows}
    assert [row["time"] for row in rows] == sorted((row["time"] for row in rows), reverse=True)
    by_alias = run("timeline", "aws:111122223333:role/erp", "--json")[0]
    assert "GetObject" in by_alias and "inactive_identity_active" in by_alias
    with pytest.raises(AssertionError, match="Nothing is known of aws:1:user/x"):
        run("timeline", "aws:1:user/x")


def test_every_column_of_the_views_for_analysts_has_a_comment(shared: Engine) -> None:
    client = shared.reader()
    views = ("worklist", "changes", "summary", "unverified", "exceptions", "notes")
    bare = client.query(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = '' "
        f"AND table IN {views}"
    ).result_rows
    shared.discard(client)
    assert bare == []


def test_times_are_read_as_people_type_them() -> None:
    now = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    assert iso(since("24h", now))[:16] == "2026-11-21T10:30"
    assert iso(since("yesterday", now))[:16] == "2026-11-21T00:00"
    assert iso(since("2026-11-01", now))[:16] == "2026-11-01T00:00"
    assert iso(until("7d", now))[:16] == "2026-11-29T10:30"
    for wrong in ("soon", "24", "2026-11-01"):
        with pytest.raises(Stop):
            until(wrong, now)
