"""`gapwatch tools` over a dossier that the pipeline's own code made, through the read-only endpoint."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from streams.clickhouse.sql_endpoint import SqlEndpoint
from streams.command import cli
from tests.support.clickhouse import engine_over
from tests.support.mcp import activities
from tests.support.stored import store
from tests.support.tool_lists import DROP, GOOD, SWAP, approves, exact, lists

DESK = "agent:edge/desk"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with engine_over(tmp_path / "clickhouse") as engine:
        store(engine, [approves(*exact(GOOD)), *activities(*SWAP, *lists(40, GOOD, DROP, session="s9"))])
        endpoint = SqlEndpoint(engine)
        endpoint.start()
        yield f"http://127.0.0.1:{endpoint.port}"
        endpoint.stop()


def test_an_agents_tools_stand_side_by_side_and_of_an_unknown_one_it_says_so(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GAPWATCH_CLICKHOUSE", url)
    monkeypatch.setenv("COLUMNS", "200")

    def said(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gapwatch", "tools", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        found = capsys.readouterr()
        return code, found.out, found.err

    code, out, _ = said("--json", DESK)
    rows = {row["tool"]: row for row in map(orjson.loads, out.splitlines())}
    assert code == 0 and rows["drop"]["not_enforced"] == "offered all the same"
    assert rows["search"]["approved"] == "by digest" and rows["search"]["changed_by"] == "storage"
    listed = list(csv.DictReader(io.StringIO(said("--csv", DESK)[1])))
    assert {row["tool"]: row["not_enforced"] for row in listed}["drop"] == "offered all the same"
    code, out, _ = said(DESK)
    assert code == 0 and "offered all the same" in out and "by digest" in out
    code, out, err = said("agent:edge/nobody")
    assert code and not out and "Nothing is known of tools of agent:edge/nobody" in err
