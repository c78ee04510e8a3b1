"""An orderly restart on a real Kafka changes no row: findings and assurance are those of a replay.

``make test ARGS='-m long'`` does the same over 200,000 records: minutes, so it is left out otherwise.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.simulator.delivery import deliver
from infra.simulator.inventory import inventory
from infra.simulator.load import Load
from infra.simulator.story import tell
from schemas.sources import Context
from streams.clickhouse import query
from streams.command.declare import declare
from streams.command.replay import Options
from streams.command.send import send
from streams.site.context import Site
from streams.site.errors import NotRunning
from streams.site.settings import Settings
from streams.supervision import ports
from tests.kafka.apache import Kafka
from tests.support import topic
from tests.support.kafka_rows import Rows, replayed, stored
from tests.support.stages import Stages
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

KEY = "a site key of the tests"
SECONDS_MAX = 120.0
SECONDS_PER_RECORD = 1 / 300
"""On a machine that does other things as well."""


def logs_of(folder: Path, events: int) -> Path:
    """Load of many users in two halves, and a day of two accounts with its inventory."""
    start = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0)
    story = tell(22, start)
    deliver(story, folder / "story")
    (folder / "inventory.yaml").write_text(inventory(story), encoding="utf-8")
    lines = list(Load(events, max(events // 100, 60), 5, start, killed=0.1).lines())
    for name, half in (("first", lines[: events // 2]), ("second", lines[events // 2 :])):
        (folder / f"{name}.jsonl").write_bytes(b"".join(half))
    return folder


@pytest.mark.parametrize("events", [4_000, pytest.param(200_000, marks=pytest.mark.long)])
def test_an_orderly_restart_changes_no_row(events: int, tmp_path: Path, kafka: Kafka) -> None:
    logs = logs_of(tmp_path, events)
    settings = Settings(
        data=tmp_path / "data",
        broker=kafka.address,
        topic_prefix=f"r{uuid.uuid4().hex[:6]}.",
        sql_port=ports.choose(0, ports.SQL, "sql_port"),
        hmac_key=KEY,
        correlators=2,
    )
    topic.make(settings, ["cloudtrail", "inventory"])
    expected = _expected(logs)
    stages = Stages(settings)
    try:
        _run(stages, logs, events, SECONDS_MAX + events * SECONDS_PER_RECORD)
        _compare(stages, expected, SECONDS_MAX + events * SECONDS_PER_RECORD)
    finally:
        stages.close()


def _expected(logs: Path) -> tuple[Rows, Rows]:
    assurance = logs / "assurance.jsonl"
    paths = tuple(str(logs / name) for name in ("story", "first.jsonl", "second.jsonl"))
    site = Site(Context(key=KEY.encode()))
    now = datetime.now(UTC)
    options = Options(paths, (str(logs / "inventory.yaml"),), as_of=now, assurance=assurance, site=site)
    return replayed(options, assurance)


def _run(stages: Stages, logs: Path, events: int, seconds: float) -> None:
    """Everything is sent; in the middle of it all stages but `deliver` are asked to stop, and start again."""
    settings = stages.settings
    stages.start("deliver")
    names = [("correlate", 0), ("correlate", 1), ("normalise", 0)]
    running = [stages.start(*name) for name in names]
    declare(settings, [str(logs / "inventory.yaml")])
    send(settings, [str(logs / "first.jsonl")])
    wait_for(lambda: _activities(settings) > events // 4, "a quarter of the records", seconds)
    for stage in reversed(running):
        assert stages.stop(stage) == 0, f"{stage.label}: {stages.log(stage)}"
    for name in names:
        stages.start(*name, wait=False)
    send(settings, [str(logs / "second.jsonl"), str(logs / "story")])


def _activities(settings: Settings) -> int:
    endpoint = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
    with suppress(NotRunning):
        return int(query.rows(endpoint, "SELECT count() AS n FROM activities")[0]["n"])
    return 0


def _compare(stages: Stages, expected: tuple[Rows, Rows], seconds: float) -> None:
    """Waits for the last row to be as it should, then says what differs."""
    end = time.monotonic() + seconds
    found: tuple[Rows, Rows] = ({}, {})
    while found != expected and time.monotonic() < end:
        time.sleep(1.0)
        with suppress(NotRunning):
            found = stored(stages.settings)
    for name, should, is_now in zip(("findings", "assurance"), expected, found, strict=True):
        differ = {uid for uid in should.keys() | is_now.keys() if should.get(uid) != is_now.get(uid)}
        shown = [(should.get(uid), is_now.get(uid)) for uid in sorted(differ)[:2]]
        assert not differ, f"{len(differ)} of {len(should)} rows of {name} differ: {shown}"
    assert len(expected[0]) >= 10 and len(expected[1]) > len(expected[0])
