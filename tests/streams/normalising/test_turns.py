"""Topics are worked off by turns: whatever one holds, another waits for one record of it at the most."""

from __future__ import annotations

from streams.normalising.turns import ROUND_SECONDS, Turns
from tests.support.normalising import Clock


def worked_off(turns: Turns[str], clock: Clock, cost: dict[str, float]) -> list[str]:
    """One round in which a record of a topic costs so many seconds."""
    done = []
    for one in turns.round():
        done.append(one)
        clock.now += cost[one[0]]
    return done


def test_a_topic_alone_is_worked_off_in_its_order() -> None:
    clock = Clock()
    turns: Turns[str] = Turns(clock)
    for number in range(500):
        turns.extend("a", [f"a{number}"])
    assert worked_off(turns, clock, {"a": 0.001}) == [f"a{number}" for number in range(500)]
    assert not turns and turns.topics == set()


def test_a_slow_topic_holds_up_another_for_one_record() -> None:
    clock = Clock()
    turns: Turns[str] = Turns(clock)
    cost = {"p": 4.0, "b": 0.001}
    for number in range(5):
        turns.extend("p", [f"p{number}"])
    assert worked_off(turns, clock, cost) == ["p0"]
    turns.extend("b", ["b0"])
    assert worked_off(turns, clock, cost) == ["b0", "p1"], "what comes newly is first"
    assert turns.topics == {"p"}


def test_two_floods_share_a_round() -> None:
    clock = Clock()
    turns: Turns[str] = Turns(clock)
    for number in range(10_000):
        turns.extend("a", [f"a{number}"])
        turns.extend("b", [f"b{number}"])
    done = worked_off(turns, clock, {"a": 0.001, "b": 0.001})
    assert clock.now < ROUND_SECONDS + 0.2
    for letter in "ab":
        own = [one for one in done if one[0] == letter]
        assert len(own) > len(done) / 3 and own == [f"{letter}{n}" for n in range(len(own))]


def test_what_belongs_to_another_process_now_is_dropped() -> None:
    turns: Turns[str] = Turns()
    for one in ("a1", "a2", "b1"):
        turns.extend(one[0], [one])
    turns.keep(lambda one: one != "b1")
    assert turns.topics == {"a"} and list(turns.round()) == ["a1", "a2"]
