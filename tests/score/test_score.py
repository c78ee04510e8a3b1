"""The score of the recordings and of a small simulated year is perfect, and it counts rightly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from correlators.kernel.catalogue import controls
from infra.simulator.year_cases import CATALOGUE
from tests.score import agents, apiserver, links, openbao, simulated, table
from tests.score.rules import Case, FalseAlarm, Score, judge
from tests.support.replayed import Said

SMALLEST = replace(simulated.SMALL, days=100, records=33_000)
"""Longer than the three months after which a grant counts as unused."""


@pytest.mark.parametrize(
    "score",
    [openbao.score, apiserver.score, agents.score, links.cloudtrail, links.vault],
    ids=["openbao", "kubernetes", "agents", "cloudtrail links", "vault links"],
)
def test_every_covered_case_of_the_recordings_is_found_and_nothing_is_false(
    score: Any, tmp_path: Path
) -> None:
    result: Score = score(tmp_path)
    assert (result.missed, result.false) == ([], []) and result.found


def test_the_recordings_hold_as_many_cases_as_their_truths_say() -> None:
    assert len({case.name for case in openbao.cases()}) == 72
    assert len({case.name for case in apiserver.cases()}) == 37 - len(apiserver.WITHIN_GRACE - {"D03"})
    assert len({case.name.partition("/")[0] for case in agents.cases()}) >= 60


@pytest.mark.slow
def test_every_case_of_a_small_year_is_found_and_nothing_is_false(tmp_path: Path) -> None:
    result = simulated.score(SMALLEST, tmp_path)
    assert (result.missed, result.false) == ([], [])
    found = {case.control for case in result.found}
    assert found == set(controls()) & found and len(found) >= 15
    assert {case.source for case in result.found} == set(CATALOGUE)
    assert len(result.near) >= 20


@pytest.mark.slow
def test_the_same_year_without_violations_is_quiet(tmp_path: Path) -> None:
    result = simulated.score(replace(SMALLEST, clean=True), tmp_path)
    assert result.false == []


# The rules


def finding(
    subject: str, *uids: str, control: str = "revoked_credential_used", severity: int = 4
) -> dict[str, Any]:
    return {
        "severity_id": severity,
        "finding_info": {
            "analytic": {"uid": control},
            "title": subject,
            "related_events": [{"uid": uid} for uid in uids],
        },
        "unmapped": {"subject": subject, "credential": subject},
        "resources": [{"uid": "aws:111122223333:user/jo"}],
    }


def said(*findings: dict[str, Any], assurance: tuple[dict[str, Any], ...] = ()) -> Said:
    return Said([], list(findings), list(assurance), [], [])


DUE = Case(
    "due",
    "cloudtrail",
    "finding",
    "revoked_credential_used",
    frozenset({"kill", "use"}),
    frozenset({"aws:key/A"}),
)
NEAR = Case("near", "cloudtrail", "silence", names=frozenset({"aws:key/N"}))
KNOWN = {"revoked_credential_used", "outlived_parent"}


def test_a_case_is_found_by_one_finding_of_its_control_that_names_all_of_its_events() -> None:
    assert judge([DUE], said(finding("aws:key/A", "kill", "use", "more")), KNOWN).perfect
    assert judge([DUE], said(finding("aws:key/A", "kill")), KNOWN).missed == [DUE]
    other = finding("aws:key/A", "kill", "use", control="outlived_parent", severity=2)
    assert judge([DUE], said(other), KNOWN).missed == [DUE]


def test_the_severity_counts_where_the_truth_tells_it() -> None:
    found = said(finding("aws:key/A", "kill", "use", severity=3))
    assert judge([replace(DUE, severity=4)], found, KNOWN).missed
    assert judge([replace(DUE, severity=3)], found, KNOWN).perfect


def test_a_proof_is_a_row_of_assurance_and_no_finding() -> None:
    case = replace(DUE, expects="proven", events=frozenset({"use"}))
    row = finding("aws:key/A", "use") | {"compliance": {"status": "proven"}}
    assert judge([case], said(assurance=(row,)), KNOWN).perfect
    assert judge([case], said(assurance=(row | {"compliance": {"status": "assumed"}},)), KNOWN).missed == [
        case
    ]


def test_what_no_case_explains_is_false_above_low() -> None:
    stray = finding("aws:key/B", "kill", "use")
    (false,) = judge([DUE], said(finding("aws:key/A", "kill", "use"), stray), KNOWN).false
    assert (false.control, false.source) == ("revoked_credential_used", "cloudtrail")
    low = finding("aws:key/B", "kill", "use", severity=2)
    assert judge([], said(low), KNOWN).false == []


def test_another_controls_finding_about_a_case_is_false_unless_the_case_says_so() -> None:
    more = finding("aws:key/A", "use", control="outlived_parent")
    answer = said(finding("aws:key/A", "kill", "use"), more)
    assert len(judge([DUE], answer, KNOWN).false) == 1
    assert judge([replace(DUE, also=frozenset({"outlived_parent"}))], answer, KNOWN).perfect


def test_anything_about_a_near_miss_is_false_be_it_by_its_name_or_by_its_events() -> None:
    (false,) = judge([NEAR], said(finding("aws:key/N", "x", severity=1)), KNOWN).false
    assert false.why == "near"
    quiet = Case("quiet", "cloudtrail", "silence", events=frozenset({"innocent"}))
    answer = said(finding("aws:key/A", "kill", "use", "innocent"))
    assert [f.why for f in judge([DUE, quiet], answer, KNOWN).false] == ["quiet"]


def test_cases_of_controls_that_do_not_exist_are_left_out() -> None:
    assert judge([replace(DUE, control="secret_sweep")], said(), KNOWN).perfect


def test_the_table_shows_precision_and_recall_and_names_what_is_wrong() -> None:
    score = Score(
        [DUE, DUE], [replace(DUE, name="lost")], [FalseAlarm("vault", "outlived_parent", "a stray", "near")]
    )
    console = Console(record=True, width=140)
    table.show("Body", score, console)
    shown = console.export_text()
    assert "66.7%" in shown and "lost" in shown and "a stray" in shown and "near" in shown
    assert "| revoked_credential_used | cloudtrail | 3 | 2 | 1 | 0 | 100.0% | 66.7% |" in table.page(
        [("Body", "", score)]
    )


def test_the_page_in_the_docs_names_every_control_that_is_scored() -> None:
    page = (Path(__file__).parents[2] / "docs" / "score.md").read_text()
    assert "| all |" in page and json.dumps(page)
    for control in (
        "revoked_credential_used",
        "outlived_parent",
        "dead_credential_tried",
        "tool_outside_catalog",
    ):
        assert f"| {control} |" in page
