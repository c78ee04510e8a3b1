"""What one source taught of thousands of things does not stand before what others taught."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.waiting import Waiting
from schemas.activity import Activity
from schemas.dossier import EMPTY
from schemas.fact import Fact
from schemas.verdict import Clock
from tests.support.make import T0, kill, use
from tests.support.scenario import HOUR, taught

NOW = T0 + HOUR
CLOCK = Clock(NOW, {"cloudtrail": NOW, "ocsf": NOW})
MOST = 20


def facts(*activities: Activity) -> list[Fact]:
    return [fact for activity in activities for fact in taught(activity)]


def flood(source: str, number: int = 500, instance: str = "") -> list[Fact]:
    """Ends and uses of keys that nobody had heard of."""
    made: list[Activity] = []
    for n in range(number):
        key, user = f"aws:key/AKIAFORGED{n:09}", f"aws:111122223333:user/f{n}"
        ended = kill(f"end{n}", 600, key, user)
        made += [
            use(f"end{n}", 600, "", "", source=source, instance=instance, effects=ended.effects),
            use(f"use{n}", 700, user, key, source=source, instance=instance),
        ]
    return facts(*made)


def settled_with_the_real_one(correlator: Correlator) -> int:
    """In which settling what is real is told."""
    for turn in range(1, 200):
        settled = correlator.settle(CLOCK, MOST)
        correlator.take(settled.forwards)
        if any(r.finding and r.reported.subject == "aws:key/AKIAREAL000000000001" for r in settled.reports):
            return turn
    raise AssertionError("it was not told")


def real(*, at: float = 650) -> tuple[list[Fact], list[Fact]]:
    key, user = "aws:key/AKIAREAL000000000001", "aws:111122223333:user/z"
    return facts(kill("end", 10, key, user)), facts(use("used", at, user, key))


def test_what_is_known_does_not_wait_behind_what_nobody_had_heard_of() -> None:
    correlator = Correlator(controls())
    known, then = real()
    correlator.take(known)
    correlator.settle(CLOCK)
    correlator.take(flood("cloudtrail"))
    correlator.take(then)
    assert settled_with_the_real_one(correlator) == 1


def test_a_newcomer_of_one_log_does_not_wait_behind_thousands_of_another() -> None:
    correlator = Correlator(controls())
    many = flood("cloudtrail", instance="other")
    correlator.take([*many[: len(many) // 2], *(f for part in real() for f in part), *many[len(many) // 2 :]])
    assert settled_with_the_real_one(correlator) <= 4


def test_a_newcomer_does_not_wait_behind_a_crowd_of_newcomers_that_came_before() -> None:
    correlator = Correlator(controls())
    correlator.take(flood("cloudtrail"))
    correlator.settle(CLOCK, MOST)
    correlator.take([fact for part in real() for fact in part])
    assert settled_with_the_real_one(correlator) <= 3


@given(st.integers(1, 40), st.integers(0, 120))
def test_who_came_first_and_who_came_last_have_their_turn_and_nobody_is_left_out(
    most: int, many: int
) -> None:
    waiting, keys = Waiting(), [f"aws:key/{n:03}" for n in range(many)]
    waiting.update(keys)
    taken: list[str] = []
    while waiting:
        turn = waiting.taken(most, lambda key: EMPTY)
        left = [key for key in keys if key not in taken]
        assert turn and len(turn) <= most and left[0] in turn and (most == 1 or left[-1] in turn)
        taken += turn
    assert sorted(taken) == keys


def test_what_the_provider_says_does_not_wait_behind_what_others_say_of_it() -> None:
    correlator = Correlator(controls())
    correlator.take(flood("ocsf"))
    correlator.take([fact for part in real() for fact in part])
    assert settled_with_the_real_one(correlator) <= 2


def test_what_waits_is_told_in_the_end_and_nothing_is_told_otherwise_for_it() -> None:
    many = flood("cloudtrail", 60)
    at_once, by_turns = Correlator(controls()), Correlator(controls())
    at_once.take(many)
    by_turns.take(many)
    answers: list[dict[str, tuple[str, int]]] = []
    for correlator, most in ((at_once, 10**9), (by_turns, 7)):
        said: dict[str, tuple[str, int]] = {}
        while correlator.behind:
            settled = correlator.settle(CLOCK, most)
            correlator.take(settled.forwards)
            said.update((r.uid, (r.reported.value, r.reported.severity)) for r in settled.reports)
        answers.append(said)
    assert answers[0] == answers[1] and len(answers[0]) >= 60
