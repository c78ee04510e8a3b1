"""Times: one parser for whatever vendors and exporters write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.evidence import iso
from schemas.times import micros_of, month_first

TEN = 1_795_341_600_000_000
"""2026-11-22T10:00:00Z."""


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-22T10:00:00Z", TEN),
        ("2026-11-22T10:00:00.5Z", TEN + 500_000),
        ("2026-11-22T10:00:00.123456789Z", TEN + 123_456),
        ("2026-11-22t10:00:00z", TEN),
        ("2026-11-22 10:00:00,5", TEN + 500_000),
        ("2026-11-22 10:00:00 UTC", TEN),
        ("2026-11-22T12:00:00+0200", TEN),
        ("2026-11-22T05:00:00.5-05:00", TEN + 500_000),
        ("2026-11-22T10:00Z", TEN),
        (" 2026-11-22T10:00:00Z ", TEN),
        ("2026-11-22T09:59:60Z", TEN),
        ("1795341600", TEN),
        ("1795341600.25", TEN + 250_000),
        ("1795341600123", TEN + 123_000),
        ("1795341600123456", TEN + 123_456),
        ("Nov 22, 2026, 10:00:00 AM", TEN),
        ("Nov 22, 2026 10:00:00\u202fAM", TEN),
        ("Sun, 22 Nov 2026 10:00:00 GMT", TEN),
    ],
)
def test_a_time_is_read_however_it_is_written(text: str, time: int) -> None:
    assert micros_of(text) == time


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "2026-13-22T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-W47-7T10:00:00",
        "2026-11-22",
        "2026-11-22T10:00:00.5x",
        "2026-11-22T10:00:00.٣Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:30:00+01:00",
        "12345678",
        "9" * 400,
        "Sun, 99 Nov 2026 10:00:00 GMT",
        "Sun, 22 Nov 2026 nonsense",
        "Sun, 22 Nov 2026 10:00:00 +99999999999999999999",
        "4/22/2026 2:05:13 PM",
        "Z",
        "." * 19 + "Z",
    ],
)
def test_what_is_no_time_after_1970_is_none(text: str | None) -> None:
    assert micros_of(text) == 0


@pytest.mark.parametrize("text", ["2026-11-22T10:00:00", "1795341600", "Sun, 22 Nov 2026 10:00:00 GMT"])
def test_where_a_zone_is_meant_a_time_without_one_is_none(text: str) -> None:
    assert micros_of(text) == TEN and micros_of(text, zoned=True) == 0
    assert micros_of("2026-11-22T10:00:00Z", zoned=True) == TEN
    assert micros_of("2026-11-22T12:00:00+02:00", zoned=True) == TEN


@pytest.mark.parametrize("text", ["13/22/2026 2:05:13 PM", "4/22/2026 13:05:13 PM", "2026-11-22T10:00:00Z"])
def test_nothing_is_guessed_of_what_has_no_month_first(text: str) -> None:
    assert month_first(text) == 0


@given(st.integers(min_value=1, max_value=7_000_000_000_000_000))
def test_every_time_that_is_written_is_read(time: int) -> None:
    assert micros_of(iso(time)) == time
    local = datetime.fromtimestamp(time // 1_000_000, UTC).isoformat(sep=" ")
    assert micros_of(local) == time // 1_000_000 * 1_000_000


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert micros_of(text) >= 0 and month_first(text) >= 0
