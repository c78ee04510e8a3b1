"""A source has been seen up to its newest event, or as far as its slowest partition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from correlators.driver.watch import UNTICKED_AGE, Watching, clock_at, heard
from correlators.driver.watermarks import Watermarks
from correlators.kernel.knowledge.join import join
from schemas.fact import Tick


def source_of(topic: str) -> str:
    return topic.split(".")[1]


def seen(marks: dict[str, int], newest: int = 70) -> dict[str, int]:
    """How far vault is seen, whose newest event (0: none) has this time."""
    watching = Watching()
    if newest:
        watching.saw("vault", [newest])
    known = join(watching.drain(), heard(Tick(1_000, marks)))
    return clock_at(1_000, known.watch, source_of).seen


def test_a_source_is_seen_up_to_its_newest_event_once_all_is_read() -> None:
    marks = Watermarks()
    for number in range(4):
        marks.reached_end(("raw.vault", number))
    marks.worked_off({("vault", "raw.vault", 2): 70})
    assert seen(marks.tell(100)) == {"vault": 70}
    assert seen(marks.tell(900)) == {"vault": 70}, "silence is not proof"


def test_a_partition_with_a_backlog_holds_its_source_back() -> None:
    marks = Watermarks()
    marks.reached_end(("raw.vault", 0))
    marks.worked_off({("vault", "raw.vault", 0): 70, ("vault", "raw.vault", 1): 20})
    assert seen(marks.tell(100)) == {"vault": 20}
    marks.reached_end(("raw.vault", 1))
    assert seen(marks.tell(100)) == {"vault": 70}


def test_what_is_read_but_not_worked_off_does_not_count() -> None:
    marks = Watermarks()
    marks.worked_off({("vault", "raw.vault", 0): 70, ("vault", "raw.vault", 1): 60})
    marks.reached_end(("raw.vault", 1))
    assert marks.tell(100, busy=[("raw.vault", 1)])["raw.vault/1"] == 60
    assert marks.tell(100)["raw.vault/1"] == 100


def test_new_records_end_the_end() -> None:
    marks = Watermarks()
    marks.reached_end(("raw.vault", 0))
    assert marks.tell(100) == {"raw.vault/0": 100}
    marks.has_more([("raw.vault", 0)])
    assert marks.tell(200) == {"raw.vault/0": 100}


def test_a_source_that_never_came_is_not_seen() -> None:
    marks = Watermarks()
    marks.reached_end(("raw.vault", 0))
    assert seen(marks.tell(100), 0) == {}


def test_records_of_a_source_in_anothers_topic_count_for_the_source() -> None:
    marks = Watermarks()
    marks.worked_off({("vault", "raw.mixed", 0): 70})
    marks.reached_end(("raw.mixed", 0))
    assert seen(marks.tell(100)) == {"vault": 70}


def test_partitions_given_away_are_no_longer_told() -> None:
    marks = Watermarks()
    marks.reached_end(("raw.vault", 0))
    marks.tell(100)
    marks.forget([("raw.vault", 0)])
    assert marks.tell(200) == {}


def test_a_topic_that_is_gone_holds_its_source_back_for_a_day_and_no_longer() -> None:
    gone = heard(Tick(1_000, {"raw.vault.old/0": 20}))
    for later, reached in ((UNTICKED_AGE, 20), (UNTICKED_AGE + 1, 70)):
        tick = Tick(1_000 + later, {"raw.vault.new/0": 1_000})
        known = join(join(gone, heard(tick)), heard(Tick(1_000, {"vault": 70})))
        assert clock_at(tick.now, known.watch, source_of).seen == {"vault": reached}


STEPS = st.lists(
    st.tuples(st.sampled_from(["end", "more", "work", "tell"]), st.integers(0, 2), st.integers(1, 99))
)


@given(STEPS)
def test_nothing_told_goes_back(steps: list[tuple[str, int, int]]) -> None:
    marks, now, last = Watermarks(), 100, dict[str, int]()
    for step, number, time in steps:
        partition = ("raw.vault", number)
        if step == "end":
            marks.reached_end(partition)
        elif step == "more":
            marks.has_more([partition])
        elif step == "work":
            marks.worked_off({("vault", *partition): time})
        else:
            now += time
            ticked = marks.tell(now)
            assert all(ticked[entry] >= last[entry] for entry in last)
            last = ticked
