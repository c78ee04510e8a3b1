"""`gapwatch explain` over rows that the pipeline's own code made, through the read-only endpoint."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from schemas.dossier import EMPTY
from schemas.evidence import iso
from streams.clickhouse.engine import Engine
from streams.clickhouse.sql_endpoint import SqlEndpoint
from streams.command import cli
from streams.command.drawing import draw
from streams.command.explain import find, story_of
from streams.site.settings import Settings
from tests.support.clickhouse import engine_over, rows
from tests.support.make import KEY, SESSION
from tests.support.residual import CHAINED, ENDED_SESSION, START, TRIES, activities
from tests.support.stored import store

HOUR = 3_600_000_000


Explain = Callable[..., tuple[int, str, str]]


@dataclass
class Site:
    """An engine with rows, its endpoint, and the findings' ids by control."""

    engine: Engine
    url: str
    uids: dict[str, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with engine_over(tmp_path_factory.mktemp("explained") / "clickhouse") as engine:
        store(engine, activities())
        uids = dict(rows(engine, "SELECT control, uid FROM findings FINAL"))
        endpoint = SqlEndpoint(engine)
        endpoint.start()
        yield Site(engine, f"http://127.0.0.1:{endpoint.port}", uids)
        endpoint.stop()


@pytest.fixture
def explained(site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Explain:
    """Runs the command; exit code, stdout, stderr."""
    monkeypatch.setenv("GAPWATCH_CLICKHOUSE", site.url)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gapwatch", "explain", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_lineage_says_what_was_cut_what_is_residual_and_what_expired(
    site: Site, explained: Explain
) -> None:
    code, out, err = explained(site.uids["outlived_parent"])
    assert (code, err) == (0, "")
    tree = out.partition("Lineage")[2].partition("Timeline")[0].splitlines()
    roots = {line.split("aws:key/")[1].split()[0]: line for line in tree if "aws:key/" in line}
    assert list(roots) == [name.removeprefix("aws:key/") for name in (KEY, SESSION, CHAINED, ENDED_SESSION)]
    states = [tree[tree.index(line) + 1].lstrip("│ ") for line in roots.values()]
    died, used = iso(START + 4 * HOUR), iso(START + 4 * HOUR + 600_000_000)
    assert states == [
        f"cut: DeleteAccessKey at {died}, yet succeeded at {used}",
        f"residual until {iso(START + 12 * HOUR)}",
        f"residual until {iso(START + 13 * HOUR)}",
        f"expired {iso(START + 3 * HOUR)}",
    ]
    assert f"[issue {'S2'}]" in out and "│   └── " + CHAINED in out


def test_the_timeline_is_in_order_and_names_each_event_once(site: Site, explained: Explain) -> None:
    said = orjson.loads(explained("--json", site.uids["revoked_credential_used"])[1])
    entries = said["timeline"]
    listed = csv.DictReader(io.StringIO(explained("--csv", site.uids["revoked_credential_used"])[1]))
    assert [row["text"] for row in listed] == [e["text"] for e in entries]
    assert [e["time"] for e in entries] == sorted(e["time"] for e in entries)
    uids = [e["uid"] for e in entries if e["uid"]]
    assert sorted(uids) == sorted(set(uids))
    by_uid = {e["uid"]: (e["kind"], e["text"]) for e in entries if e["uid"]}
    assert by_uid["kill"] == ("ended", f"{KEY} DeleteAccessKey by aws:111122223333:user/admin")
    assert by_uid["after"][0] == "use" and "succeeded" in by_uid["after"][1]
    assert by_uid["try 0"] == ("proof", f"first refusal of {KEY}")
    assert by_uid["try 999"] == ("proof", f"last refusal of {KEY}")
    assert [e["kind"] for e in entries if not e["uid"]] == ["grace over", "until", "until"]


def test_every_use_since_the_end_is_counted_in_clickhouse(site: Site, explained: Explain) -> None:
    said = orjson.loads(explained("--json", site.uids["outlived_parent"])[1])
    counts = {(c["credential"], c["outcome"]): c["count"] for c in said["counts"]}
    assert counts == {
        (KEY, "succeeded"): 1,
        (KEY, "unauthenticated"): TRIES,
        (SESSION, "succeeded"): 1,
        (CHAINED, "succeeded"): 1,
    }


def test_what_to_do_names_what_still_works_and_the_query_for_what_was_done(
    site: Site, explained: Explain
) -> None:
    steps = orjson.loads(explained("--json", site.uids["revoked_credential_used"])[1])["next_steps"]
    assert "No owner is declared" in steps[0]
    assert SESSION in steps[1] and CHAINED in steps[1] and ENDED_SESSION not in steps[1]
    query = steps[2].split('"')[1]
    assert KEY in query and len(rows(site.engine, query)) == TRIES + 1


def test_without_a_terminal_lines_are_whole_and_without_colours(site: Site, explained: Explain) -> None:
    out = explained(site.uids["outlived_parent"])[1]
    assert "\x1b" not in out and "…" not in out
    assert all(len(line) < 600 and line == line.rstrip() for line in out.splitlines())


def test_on_a_terminal_it_is_in_colour_and_fits(site: Site) -> None:
    finding = find(Settings(clickhouse=site.url), site.uids["revoked_credential_used"])
    console = Console(file=io.StringIO(), force_terminal=True, width=80, highlight=False)
    draw(story_of(finding, lambda key: EMPTY, 0), console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "\x1b[" in text and all(
        len(re.sub(r"\x1b\[[\d;]*m", "", line)) <= 80 for line in text.splitlines()
    )
    assert "no credential of this finding is known" in text


def test_a_row_of_assurance_that_no_finding_stands_behind_is_explained_too(
    site: Site, explained: Explain
) -> None:
    row = find(Settings(clickhouse=site.url), site.uids["revoked_credential_used"])
    info = row["finding_info"] | {"uid": "aaaa0000-0000-5000-8000-000000000001", "title": "it ended well"}
    client = site.engine.writer()
    body = orjson.dumps(row | {"class_uid": 2003, "finding_info": info}).decode()
    client.insert("assurance", [[body, 1]], ["ocsf", "version"])
    site.engine.discard(client)
    code, out, err = explained("aaaa0000")
    assert (code, err) == (0, "") and "it ended well" in out


def test_a_beginning_that_fits_none_or_several_says_what_to_do(site: Site, explained: Explain) -> None:
    code, _, err = explained("ffff-none")
    assert code == 1 and "gapwatch findings" in err and "Traceback" not in err
    code, _, err = explained("")
    assert code == 1
    first = site.uids["outlived_parent"]
    client = site.engine.writer()
    twin = orjson.loads(rows(site.engine, f"SELECT ocsf FROM findings FINAL WHERE uid = '{first}'")[0][0])
    twin["finding_info"]["uid"] = first[:8] + "-twin"
    client.insert("findings", [[orjson.dumps(twin).decode(), 1]], ["ocsf", "version"])
    site.engine.discard(client)
    code, _, err = explained(first[:8])
    assert code == 2 and first in err and "Give more of the id" in err
    assert explained(first)[0] == 0


def test_where_nothing_runs_it_is_said(
    explained: Explain, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    monkeypatch.delenv("GAPWATCH_CLICKHOUSE")
    code, _, err = explained("abc", "--data", str(data))
    assert code == 3 and "gapwatch run" in err
