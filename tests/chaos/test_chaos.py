"""Rounds of chaos are made by their seed, and twenty of them hold. They take some minutes and little of the
machine: a group waits for a member that was killed until its session is over, each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.__main__ import run
from tests.chaos.faults import FAULTS, drawn
from tests.kafka import apache
from tests.kafka.apache import MissingError

pytestmark = pytest.mark.kafka


def test_a_seed_and_a_number_make_a_round_and_each_fault_comes_as_often_as_any_other() -> None:
    rounds = [drawn(7, number) for number in range(2 * len(FAULTS))]
    again = [drawn(7, number) for number in range(2 * len(FAULTS))]
    assert [(fault, chance.random()) for fault, chance in rounds] == [
        (fault, chance.random()) for fault, chance in again
    ]
    assert {fault for fault, _ in rounds[: len(FAULTS)]} == set(FAULTS.values())
    assert [drawn(8, number)[0] for number in range(9)] != [fault for fault, _ in rounds[:9]]


@pytest.mark.slow
def test_twenty_rounds_hold(tmp_path: Path) -> None:
    try:
        apache.libraries()
    except MissingError as missing:
        pytest.skip(str(missing))
    assert run(tmp_path, seed=1, rounds=range(20))
