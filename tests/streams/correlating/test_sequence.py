"""What the client of Kafka passes over is noticed before what follows is acknowledged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.correlating.sequence import SKIPPED_SECONDS, Sequence, SkippedError


@given(st.integers(0, 9), st.lists(st.integers(0, 20), max_size=30))
def test_only_the_next_offset_is_taken(start: int, offsets: list[int]) -> None:
    sequence = Sequence()
    sequence.sought(1, start)
    due = start
    for offset in offsets:
        assert sequence.takes(1, offset, 0.0) == (offset == due)
        due += offset == due
        assert sequence[1] == due


def test_nothing_is_taken_of_a_partition_before_it_is_sought() -> None:
    sequence = Sequence()
    assert not sequence.takes(0, 0, 0.0) and list(sequence) == []
    sequence.sought(0, 5)
    assert sequence.takes(0, 5, 0.0) and sequence.takes(0, 6, 0.0)
    sequence.forget()
    assert not sequence.takes(0, 7, 0.0)
    sequence.sought(0, 3)
    assert not sequence.takes(0, 7, 0.0) and sequence.takes(0, 3, 0.0)


def test_what_stays_away_ends_the_worker() -> None:
    sequence = Sequence()
    sequence.sought(0, 3)
    assert not sequence.takes(0, 4, 100.0) and not sequence.takes(0, 5, 100.0 + SKIPPED_SECONDS)
    assert sequence.takes(0, 3, 100.0 + SKIPPED_SECONDS), "it came"
    assert not sequence.takes(0, 5, 200.0), "another gap has a time of its own"
    with pytest.raises(SkippedError, match="partition 0: 6 came where 4 is due"):
        sequence.takes(0, 6, 200.1 + SKIPPED_SECONDS)
