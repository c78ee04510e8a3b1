"""The small cases that stand beside the rules: raw records in, a verdict out, in every order."""

from __future__ import annotations

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
    told = [r.verdict for r in every_way(activities).last.values() if r.verdict]
    values = {(v.value, v.severity is not None) for v in told if v.control == name}
    assert values == ({(case.value, case.finding)} if case.value else set())


def test_a_control_that_has_cases_has_one_that_is_told_and_one_that_is_not() -> None:
    for name in {name for name, _ in CASES}:
        own = [case for other, case in CASES if other == name]
        assert {case.finding for case in own} == {True, False}, name
