"""The small cases that stand beside the rules: raw records in, a verdict out, in every order."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from correlators.control import Case
from correlators.kernel.catalogue import controls
from schemas.sources import Context, sources
from tests.support.scenario import every_way

CASES = [(name, case) for name, module in controls().items() for case in getattr(module, "CASES", ())]


@pytest.mark.parametrize(("name", "case"), CASES, ids=lambda part: getattr(part, "says", part))
def test_a_control_says_what_its_cases_say(name: str, case: Case) -> None:
    activities = []
    for source, record in case.records:
        reading = sources()[source].read(orjson.dumps(record), Context(key=b"case"))
        assert not reading.rejects and reading.activities, f"{source} reads nothing of a record: {reading}"
        activities += reading.activities
    verdicts = [r.verdict for r in every_way(activities).last.values() if r.verdict]
    own = [v for v in verdicts if v.control == name]
    assert all(v.evidence for v in own if v.severity), (
        "a claim without evidence is a verdict without severity"
    )
    values = {(v.value, v.severity is not None) for v in own}
    assert values == ({(case.value, case.finding)} if case.value else set())


@pytest.mark.parametrize("name", controls())
def test_a_control_has_a_case_that_is_told_and_one_that_is_not_or_a_test(name: str) -> None:
    own = {case.finding for other, case in CASES if other == name}
    tested = (Path(__file__).parent / f"test_{name}.py").exists()
    assert own == {True, False} or (tested and not own), (
        f"correlators/{name}.py: CASES with one that is told (finding=True) and one, the smallest change "
        f"away, that is not; or tests/correlators/test_{name}.py"
    )
