"""When something was that was let go of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from correlators.kernel.knowledge import gone
from correlators.kernel.knowledge.gone import DAY, DAYS_MAX, HOUR, MINUTE, at, joined, spans

TIMES = st.sets(
    st.builds(lambda day, rest: day * DAY + rest, st.sampled_from([20_000, 20_001, 20_050, 20_400, 20_900]),
              st.integers(0, DAY - 1)),
    max_size=20,
)  # fmt: skip


@given(TIMES, TIMES, TIMES)
def test_it_is_a_function_of_all_times_in_whatever_parts_they_came(
    a: set[int], b: set[int], c: set[int]
) -> None:
    assert joined(joined(at(a), at(b)), at(c)) == joined(at(a), joined(at(c), at(b))) == at(a | b | c)
    whole = joined(at(a), at(b))
    assert joined(whole, at(b)) is whole


@given(TIMES)
def test_every_time_within_the_memory_lies_in_a_span_and_every_span_holds_one(times: set[int]) -> None:
    known = list(spans(at(times)))
    newest = max(times, default=0)
    for time in times:
        assert time // DAY <= newest // DAY - DAYS_MAX or any(start <= time < end for start, end in known)
    for start, end in known:
        assert any(start <= time < end for time in times)


def test_the_newest_are_told_by_the_minute_older_ones_by_the_hour_and_the_day() -> None:
    now = 20_000 * DAY
    widths = {end - start for start, end in spans(at({now, now - 30 * HOUR, now - 100 * DAY}))}
    assert widths == {MINUTE, HOUR, DAY} and gone.at(()) is None
