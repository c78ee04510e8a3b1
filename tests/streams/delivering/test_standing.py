"""What stands now: open findings and silent sources, as gauges."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from streams.delivering.standing import OPEN, Standing, lags, silent_of

NOW = 1_795_000_000.0


class Answers:
    """Stands for a client: its answers, one after the other."""

    def __init__(self, *answers: list[tuple[Any, ...]]) -> None:
        self._answers = list(answers)

    def query(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(result_rows=self._answers.pop(0))


def test_what_was_open_and_is_no_more_is_counted_as_none() -> None:
    standing = Standing(lags(timedelta(hours=24), {}))
    first, second = (
        Answers([("high", "c1", 2), ("low", "c2", 1)], [("vault", time.time())]),
        Answers([("low", "c2", 4)], []),
    )
    standing.count(first, "i")  # type: ignore[arg-type]
    standing.count(second, "i")  # type: ignore[arg-type]
    shown = {tuple(s.labels.values()): s.value for f in OPEN.collect() for s in f.samples}
    assert (shown["high", "c1"], shown["low", "c2"]) == (0, 4)


def test_a_source_is_silent_beyond_what_the_site_grants_it_and_an_inventory_never() -> None:
    lag_of = lags(timedelta(hours=1), {"vault": timedelta(minutes=1)})
    arrived = [("vault", NOW - 90), ("cloudtrail", NOW - 90), ("okta", NOW - 3_700), ("inventory", 0.0)]
    assert silent_of(arrived, lag_of, NOW) == {"vault": True, "cloudtrail": False, "okta": True}
