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

MUTANTS = 100_000
MEMORY_MAX = 512 * 2**20
"""Bytes a process may grow by for a hostile record: an honest one of the largest size takes as much."""
SECONDS_MAX = 60


def test_each_of_many_mutants_is_an_activity_or_passed_or_a_reject_with_its_place() -> None:
    report = Fuzzer(corpus(), seed=2).run(range(MUTANTS))
    assert not report.faults, "\n".join(report.told())
    assert report.records == MUTANTS
    assert set(report.by_source) == sources().keys(), "some source's mutants never became activities"
    assert min(report.outcomes["activity"], report.outcomes["reject"]) > MUTANTS // 10


def test_a_mutant_is_the_same_whenever_it_is_made() -> None:
    first, second = Fuzzer(corpus(), seed=3), Fuzzer(corpus(), seed=3)
    assert [first.record(n) for n in range(300)] == [second.record(n) for n in reversed(range(300))][::-1]


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_made_to_exhaust_the_machine_is_refused_within_bounds(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.hostile", name],
        capture_output=True,
        timeout=SECONDS_MAX * 3,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told = json.loads(done.stdout)
    assert told["rejects"] and not told["activities"] and not told["crashed"], told
    assert told["grown"] < MEMORY_MAX, told
    assert told["seconds"] < SECONDS_MAX, told
