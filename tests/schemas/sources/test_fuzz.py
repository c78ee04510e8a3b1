"""Every source under fire: mutants of all records, and records made to exhaust a machine.

A longer run, and one that coverage guides: ``python -m tests.fuzz --help``, ``python -m tests.fuzz.guided``.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from schemas.sources import sources
from tests.fuzz.corpus import corpus
from tests.fuzz.hostile import RECORDS
from tests.fuzz.run import Fuzzer

MUTANTS = 10_000
"""Some hundred of each kind of record; ``python -m tests.fuzz`` goes on for as long as it is let."""
MEMORY_MAX = 512 * 2**20
"""Bytes a process may grow by for a hostile record: an honest one of the largest size takes as much."""
SECONDS_MAX = 60
LARGE = ["large", "bomb", "bomb_of_records", "bombs_in_a_row"]
SMALL = sorted(RECORDS.keys() - set(LARGE))


@pytest.mark.slow
def test_each_of_many_mutants_is_an_activity_or_passed_or_a_reject_with_its_place() -> None:
    report = Fuzzer(corpus(), seed=2).run(range(MUTANTS))
    assert not report.faults, "\n".join(report.lines())
    assert report.records == MUTANTS
    assert set(report.by_source) == sources().keys(), "some source's mutants never became activities"
    assert min(report.outcomes["activity"], report.outcomes["reject"]) > MUTANTS // 10


def test_a_mutant_is_the_same_whenever_it_is_made() -> None:
    first, second = Fuzzer(corpus(), seed=3), Fuzzer(corpus(), seed=3)
    assert [first.record(n) for n in range(300)] == [second.record(n) for n in reversed(range(300))][::-1]


@pytest.mark.slow
@pytest.mark.parametrize("names", [LARGE[:1], LARGE[1:], SMALL], ids=["large", "packed", "small"])
def test_records_made_to_exhaust_the_machine_are_refused_within_bounds(names: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.hostile", *names],
        capture_output=True,
        timeout=SECONDS_MAX * 3,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(outcomes) == len(names)
    for name, outcome in zip(names, outcomes, strict=True):
        assert outcome["rejects"] and not outcome["activities"] and not outcome["crashed"], (name, outcome)
        assert outcome["seconds"] < SECONDS_MAX, (name, outcome)
    assert sum(outcome["grown"] for outcome in outcomes) < MEMORY_MAX, outcomes
