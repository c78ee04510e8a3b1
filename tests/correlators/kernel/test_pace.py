"""A burst is one finding that is updated at a bounded rate, and its final state is always said."""

from __future__ import annotations

import pytest

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.difference import BURST, PACE
from schemas.activity import Activity
from schemas.evidence import SECOND
from schemas.fact import facts_of
from schemas.verdict import Clock, Report, Severity
from tests.support.make import KEY, T0, kill, use

TRIED, USED = "dead_credential_tried", "revoked_credential_used"


class Stage:
    """A correlator that settles every second; ``said``: what was said, with the second it was said in."""

    def __init__(self, paced: bool = True) -> None:
        self.store: dict[str, bytes] = {}
        self.paced = paced
        self.correlator = self._correlator()
        self.said: list[tuple[int, Report]] = []

    def _correlator(self) -> Correlator:
        return Correlator(controls(), self.store.get, paced=self.paced)

    def second(self, at: int, *activities: Activity) -> None:
        self.correlator.take(fact for activity in activities for fact in facts_of(activity))
        now = T0 + at * SECOND
        forwards = True
        while forwards:
            settled = self.correlator.settle(Clock(now, {"cloudtrail": now}))
            self.said += [(at, report) for report in settled.reports]
            self.store |= {key: body for key, body in settled.dossiers.items() if body}
            forwards = bool(settled.forwards)
            self.correlator.take(settled.forwards)

    def crash(self) -> None:
        self.correlator = self._correlator()
        for key in self.store:
            self.correlator.dossier(key)

    def of(self, control: str) -> list[tuple[int, Report]]:
        return [(at, r) for at, r in self.said if r.reported.control == control and r.reported.subject == KEY]


def attempt(n: int) -> Activity:
    return use(f"try {n:04}", n, outcome="unauthenticated")


def burst(stage: Stage, start: int = 100, seconds: int = 1_000) -> None:
    stage.second(start - 50, use("known", 0), kill("kill", 10))
    for at in range(start, start + seconds):
        stage.second(at, attempt(at))


def last_evidence(stage: Stage, control: str = TRIED) -> str:
    verdict = stage.of(control)[-1][1].verdict
    assert verdict
    return verdict.evidence[-1].uid


def test_a_thousand_tries_are_one_finding_and_at_most_an_update_a_minute_after_the_first() -> None:
    stage = Stage()
    burst(stage)
    said = [at for at, report in stage.of(TRIED) if report.finding]
    assert len({report.uid for _, report in stage.of(TRIED)}) == 1
    first = said[0]
    late = [at for at in said if at > first + BURST // SECOND]
    # The severity rises once on the way, which is said at once.
    assert 1_000 / 60 - 3 < len(late) <= 1_000 * SECOND // PACE + 2
    assert len(said) <= BURST // SECOND + 2 + len(late)


def test_the_final_state_is_said_within_a_minute_though_nothing_comes_any_more() -> None:
    stage = Stage()
    burst(stage)
    for at in range(1_100, 1_100 + PACE // SECOND + 1):
        stage.second(at)
    assert last_evidence(stage) == "try 1099"
    before = len(stage.said)
    for at in range(1_200, 1_400):
        stage.second(at)
    assert len(stage.said) == before


def test_what_was_held_back_is_said_after_a_crash() -> None:
    stage = Stage()
    burst(stage, seconds=110)
    assert last_evidence(stage) != "try 0209"
    stage.crash()
    for at in range(210, 211 + PACE // SECOND):
        stage.second(at)
    assert last_evidence(stage) == "try 0209"


def test_what_was_held_back_is_said_at_once_before_the_end() -> None:
    stage = Stage()
    burst(stage, seconds=110)
    stage.correlator.hasten()
    stage.second(210)
    assert last_evidence(stage) == "try 0209"


@pytest.mark.parametrize("action", ["", "identity_write"])
def test_a_graver_change_is_said_at_once(action: str) -> None:
    stage = Stage()
    stage.second(50, use("known", 0), kill("kill", 10))
    for at in range(100, 300):
        stage.second(at, use(f"use {at}", at))
    stage.second(300, use("write", 300, action=action))
    at, report = stage.of(USED)[-1]
    assert report.verdict
    assert (at == 300 and report.verdict.severity == Severity.CRITICAL) == (action == "identity_write")


def test_where_nothing_is_paced_every_change_is_said() -> None:
    stage = Stage(paced=False)
    burst(stage, seconds=200)
    assert len(stage.of(TRIED)) >= 190
