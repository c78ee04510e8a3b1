"""The revocation clock: from the end of a credential to the last use that was accepted."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Sink
from tests.support.clickhouse import NOW, activity, empty, engine_over, lines, rows

SECOND = 1_000_000
KILL = NOW - 5000 * SECOND
WHO = "aws:111122223333:role/r"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("clock")) / "clickhouse") as engine:
        yield engine


def stored(engine: Engine, ends: list[dict[str, Any]], uses: list[tuple[str, int, str]]) -> None:
    empty(engine)
    sink = Sink(engine)
    base = {"identity": WHO, "died_time": KILL, "died_how": "DeleteAccessKey"}
    sink.write("credentials", [lines("credentials", *(base | end for end in ends))])
    events = [
        activity(n, credential=key, time=KILL + after * SECOND, outcome=outcome, identity=WHO)
        for n, (key, after, outcome) in enumerate(uses)
    ]
    sink.write("activities", [lines("activities", *events)])


def test_the_clock_runs_until_the_credential_is_refused_or_expires(engine: Engine) -> None:
    keys = ("runs", "refused", "back", "expired", "silent", "forbidden", "before")
    ends: list[dict[str, Any]] = [{"credential": key} for key in keys]
    ends[3]["expires"] = NOW - SECOND
    uses = [
        ("runs", 600, "succeeded"), ("runs", -5, "unauthenticated"),
        ("refused", 60, "succeeded"), ("refused", 90, "unauthenticated"),
        ("back", 60, "unauthenticated"), ("back", 90, "succeeded"),
        ("forbidden", 30, "forbidden"), ("before", -60, "succeeded"),
    ]  # fmt: skip
    stored(engine, ends, [*uses, *uses])
    found = {key: (state, seconds, running is not None) for key, state, seconds, running in rows(
        engine, "SELECT credential, state, seconds, running_seconds FROM revocation_clock"
    )}  # fmt: skip
    assert found == {
        "runs": ("running", 600, True), "refused": ("refused", 60, False), "back": ("running", 90, True),
        "expired": ("expired", 0, False), "silent": ("silent", 0, False), "forbidden": ("running", 30, True),
        "before": ("silent", 0, False),
    }  # fmt: skip
    assert rows(engine, "SELECT credential FROM revocation_clock LIMIT 1") == [("runs",)]
    (row,) = rows(
        engine, "SELECT * EXCEPT (provider, account, p90_seconds, p99_seconds) FROM revocation_times"
    )
    assert row == ("DeleteAccessKey", 7, 5, 1, 60, 600, 1, 1, 3, 2)


def test_a_credential_is_known_by_the_other_names_that_its_records_give_it(engine: Engine) -> None:
    stored(engine, [{"credential": "vault:a:accessor/1", "identity": "vault:a:entity/e"}], [])
    event = activity(1, credential="vault:a:token/x", names=["vault:a:accessor/1"], time=KILL + 7 * SECOND)
    service = activity(2, credential="vault:a:accessor/1", time=KILL + 70 * SECOND, action="service")
    Sink(engine).write("activities", [lines("activities", event, service)])
    assert rows(engine, "SELECT state, seconds, provider, account FROM revocation_clock") == [
        ("running", 7, "vault", "a")
    ]


def test_the_distribution_is_that_of_the_measured_ones_and_the_silent_flatter_nothing(engine: Engine) -> None:
    drawn = random.Random(3)
    seconds = sorted(drawn.randint(1, 4000) for _ in range(101))
    ends = [{"credential": f"k{n}"} for n in range(101)] + [{"credential": f"silent{n}"} for n in range(50)]
    stored(engine, ends, [(f"k{n}", s, "succeeded") for n, s in enumerate(seconds)])
    (row,) = rows(
        engine,
        "SELECT p50_seconds, p90_seconds, p99_seconds, max_seconds, running, silent FROM revocation_times",
    )
    assert row == (statistics.median(seconds), seconds[90], seconds[99], seconds[100], 101, 50)
