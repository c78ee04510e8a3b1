"""The simulated year: the vendors' own forms, the same each time, late and twice, and a clean twin."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.simulator.__main__ import main
from infra.simulator.year import Year, write
from infra.simulator.year_agents import AgentPlay
from infra.simulator.year_cases import CATALOGUE
from infra.simulator.year_files import FOLDERS, SOURCES
from infra.simulator.year_stage import DAY, MINUTE, Plan, stamp
from schemas.sources import Context, sources
from tests.support.replayed import data

PLAN = Plan(20_000 * DAY, days=60, identities=192, records=16_000, seed=4)
RECORDED = {
    "vault": "vault/openbao_recorded/audit.jsonl",
    "kubernetes": "kubernetes/apiserver_recorded/audit.jsonl",
    "otel": "agent/otlp_recorded",
}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("year")
    write(PLAN, folder)
    return folder


def bodies(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def records(folder: Path, source: str) -> Iterator[tuple[str, Any]]:
    """Day of the file and record, as they were delivered."""
    for path in sorted((folder / source).iterdir()):
        text = gzip.decompress(path.read_bytes())
        many = json.loads(text)["Records"] if source == "cloudtrail" else map(json.loads, text.splitlines())
        for record in many:
            yield path.name[:10], record


def truth(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "truth.json").read_text())["cases"]  # type: ignore[no-any-return]


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(year: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 4), ("b", 5)):
        write(replace(PLAN, seed=seed), tmp_path / name)
    assert bodies(tmp_path / "a") == bodies(year) != bodies(tmp_path / "b")


@pytest.mark.slow
def test_the_clean_year_is_the_year_without_what_is_wrong(year: Path, tmp_path: Path) -> None:
    write(replace(PLAN, clean=True), tmp_path)
    wrong = {uid for case in truth(year) if case["expects"] == "finding" for uid in case["uses"]}
    for source in FOLDERS:
        every, clean = (
            Counter(json.dumps(record) for _, record in records(folder, source))
            for folder in (year, tmp_path)
        )
        assert clean <= every
        gone = "".join((every - clean).keys())
        assert all(uid.partition(":")[2] in gone or uid in gone for uid in wrong & set(_ids(every)))
    assert (tmp_path / "inventory.json").read_bytes() == (year / "inventory.json").read_bytes()
    kept = {uid for source in FOLDERS for _, r in records(tmp_path, source) for uid in _uids(source, r)}
    assert not wrong & kept


def _ids(lines: Counter[str]) -> Iterator[str]:
    for line in lines:
        record = json.loads(line)
        yield record.get("eventID") or record.get("auditID") or record.get("request", {}).get("id", "")


def _uids(source: str, record: Any) -> Iterator[str]:
    read = sources()[SOURCES.get(source, source)].read(json.dumps(record).encode(), Context())
    assert not read.rejects
    yield from (activity.uid for activity in read.activities)


def test_about_as_many_records_as_were_asked_for_with_some_of_them_twice(year: Path) -> None:
    written = [json.dumps(record) for source in FOLDERS for _, record in records(year, source)]
    once = len(set(written))
    assert abs(once - PLAN.records) < PLAN.records * 0.1
    assert 0 < len(written) - once < PLAN.records * 0.02


def test_records_come_late_in_no_order_and_some_in_the_next_days_file(year: Path) -> None:
    many = [(day, record["eventTime"]) for day, record in records(year, "cloudtrail")]
    assert [time for _, time in many] != sorted(time for _, time in many)
    late = {day > time[:10] for day, time in many}
    assert late == {True, False}


DOCUMENTED = {"kubernetes": {".annotations.authentication.k8s.io/stale-token:str"}}
"""What the recordings lack and the vendor's pages show (Kubernetes: Managing Service Accounts)."""


@pytest.mark.parametrize("source", RECORDED)
def test_a_record_holds_nothing_that_a_real_one_does_not(source: str, year: Path) -> None:
    where = data(RECORDED[source])
    files = [where] if where.is_file() else sorted(where.glob("*.otlp.jsonl"))
    real = {path for f in files for line in f.read_bytes().splitlines() for path in _paths(json.loads(line))}
    mine = {path for _, record in records(year, source) for path in _paths(record)}
    assert mine - DOCUMENTED.get(source, set()) <= real and len(mine) > 15


def _paths(value: Any, at: str = "") -> Iterator[str]:
    """Names and types of everything in a record."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, f"{at}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, f"{at}[]")
    else:
        yield f"{at}:{type(value).__name__}"


def test_every_case_is_played_by_an_identity_of_its_own_with_its_events_in_the_logs(year: Path) -> None:
    cases = truth(year)
    assert {case["kind"] for case in cases} == {case.name for many in CATALOGUE.values() for case in many}
    assert len({case["identity"] for case in cases}) == len(cases)
    logged = {uid for source in FOLDERS for _, r in records(year, source) for uid in _uids(source, r)}
    for case in cases:
        assert {*case["kill"], *case["uses"]} <= logged, case["case"]
        assert bool(case["control"]) == (case["expects"] != "silence")


def test_nothing_of_an_identity_that_rests_blurs_its_case(year: Path) -> None:
    """Between the kill and the last step nobody else's routine uses what was killed."""
    many = [record for _, record in records(year, "cloudtrail")]
    for case in truth(year):
        if case["source"] != "cloudtrail" or not case["kill"] or case["expects"] != "finding":
            continue
        mine = [r for r in many if _key(r) in case["credentials"]]
        kill = next(r for r in many if r["eventID"] == case["kill"][0])
        after = {r["eventID"] for r in mine if r["eventTime"] > kill["eventTime"] and not r.get("errorCode")}
        assert after <= set(case["events"]), case["case"]


def test_nobody_hands_over_to_an_agent_that_the_inventory_lets_go_of() -> None:
    year = Year(PLAN)
    gone = {play.agent.name for play in year.plays if isinstance(play, AgentPlay) and play.case.statuses}
    assert gone and not [a.name for a in year.cast.by_kind["otel"] if a.delegate in gone]


def _key(record: dict[str, Any]) -> str:
    return f"aws:key/{record['userIdentity'].get('accessKeyId', '')}"


def test_the_command_writes_a_year_and_says_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--identities", "192", "--records", "4000", "--days", "60"]
    assert main(["year", "--out", str(tmp_path), *asked]) == 0
    assert "inventory.json and truth.json" in capsys.readouterr().out
    assert {"inventory.json", "truth.json", *FOLDERS} == {p.name for p in tmp_path.iterdir()}


@pytest.mark.parametrize("asked", [["--identities", "20"], ["--days", "3"]])
def test_a_year_too_small_for_its_cases_is_refused_in_words(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["year", "--out", str(tmp_path), "--records", "1000", *asked]) == 2
    assert "--identities and --days" in capsys.readouterr().err


def test_times_are_written_as_the_vendors_do() -> None:
    assert stamp(PLAN.start + 61 * MINUTE) == "2024-10-04T01:01:00Z"
