"""Where correlate is far behind, raw topics wait, the time does not, and all of it is read in the end."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from streams.normalising.backlog import CATCH_UP_SECONDS, FAILURES_MAX, Backlog
from streams.site.errors import NotRunning
from streams.site.settings import Settings
from tests.support import topic
from tests.support.cloudtrail import event
from tests.support.fake_kafka import FakeMessage
from tests.support.normalising import HERE, THERE, TOPIC, Running
from tests.support.stages import Stages
from tests.support.topic import Tail
from tests.support.waiting import wait_for


class Correlate:
    """How far it is behind; None where nobody can say."""

    behind: int | None = 0

    def __call__(self) -> int:
        if self.behind is None:
            raise NotRunning("no answer")
        return self.behind


def test_it_waits_above_the_limit_and_goes_on_at_half_of_it() -> None:
    correlate, now = Correlate(), [0.0]
    backlog = Backlog(correlate, 100, lambda: now[0])
    waits = []
    for behind in (100, 101, 60, 51, 50, 70):
        correlate.behind = behind
        backlog.look()
        waits.append(backlog.waits)
    assert waits == [False, True, True, True, False, False]
    assert backlog.hides_ends, "what waited is not fetched yet"
    now[0] += CATCH_UP_SECONDS
    assert not backlog.hides_ends


def test_where_nobody_says_how_far_it_is_nothing_waits_for_long() -> None:
    correlate = Correlate()
    backlog = Backlog(correlate, 100)
    correlate.behind = 200
    backlog.look()
    correlate.behind = None
    waits = []
    for _ in range(FAILURES_MAX):
        backlog.look()
        waits.append(backlog.waits)
    assert waits == [True] * (FAILURES_MAX - 1) + [False]


def test_while_it_waits_partitions_are_paused_also_new_ones_and_none_is_said_to_be_at_its_end(
    tmp_path: Path,
) -> None:
    running = Running(tmp_path)
    loop = running.loop
    loop._watermarks.reached_end(HERE)
    running.read()
    marks = loop._watermarks.tell(10, ())
    loop._backlog.waits = True
    running.read()
    assert running.consumer.paused == {HERE, THERE}
    before = dict(marks)
    loop._tick()
    assert loop._watermarks.tell(20, loop._owned) == before
    running.consumer.rebalance("on_assign", THERE)
    assert THERE in running.consumer.paused
    loop._backlog._end()
    running.read(FakeMessage(TOPIC, 1, b"{}", partition=1))
    assert THERE not in running.consumer.paused


@pytest.mark.slow
def test_raw_records_wait_for_correlate_and_all_are_read_when_it_comes(
    embedded_broker: str, data: Path
) -> None:
    settings = Settings(
        data=data, broker=embedded_broker, topic_prefix="backlog.", facts_backlog=40, partitions=2
    )
    topic.make(settings, ["cloudtrail"])
    stages = Stages(settings, "fake")
    try:
        stages.start("normalise")
        # The time alone makes that much: nobody has read it yet.
        wait_for(lambda: "reads nothing more" in stages.log(stages.running[0]), "normalise to wait", 60)
        records = [json.dumps(event(eventID=f"e{n}")).encode() for n in range(50)]
        topic.produce(settings, "raw.cloudtrail", records)
        waited_since = time.time() * 1_000
        stages.start("correlate")
        wait_for(lambda: "reads on" in stages.log(stages.running[0]), "normalise to go on", 120)
        tail = Tail(settings, "activities")
        tail.until(lambda tail: len(tail.rows) == len(records), "all records to be read")
        assert tail.messages[0].timestamp()[1] > waited_since, "none was read before"
    finally:
        stages.close()
