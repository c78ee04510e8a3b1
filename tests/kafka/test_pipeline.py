"""The whole pipeline on a real Kafka says what `replay` says of the same input, whoever dies meanwhile."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.simulator.delivery import deliver
from infra.simulator.inventory import inventory
from infra.simulator.load import Load
from infra.simulator.story import tell
from schemas.sources import Context
from streams.clickhouse import query
from streams.command.declare import declare
from streams.command.replay import Options, replay
from streams.command.send import send
from streams.correlating.faust_app import CHANGELOG_SEGMENT_BYTES, changelog
from streams.site.context import Site
from streams.site.errors import NotRunning
from streams.site.settings import Settings
from streams.supervision import ports
from tests.kafka.apache import Kafka
from tests.support import topic
from tests.support.stages import Stages
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

KEY = "a site key of the tests"
LOAD_EVENTS = 4_000
FOUND_SECONDS = 300.0
Finding = dict[str, Any]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of two accounts with its inventory, and load from accounts of many users, all before today."""
    folder = tmp_path_factory.mktemp("logs")
    start = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0)
    story = tell(22, start)
    deliver(story, folder / "story")
    (folder / "inventory.yaml").write_text(inventory(story), encoding="utf-8")
    load = Load(LOAD_EVENTS, 300, 5, start, killed=0.1)
    with (folder / "load.jsonl").open("wb") as out:
        out.writelines(load.lines())
    return folder


@pytest.fixture
def settings(kafka: Kafka, data: Path) -> Settings:
    made = Settings(
        data=data,
        broker=kafka.address,
        topic_prefix=f"p{uuid.uuid4().hex[:6]}.",
        sql_port=ports.choose(0, ports.SQL, "sql_port"),
        hmac_key=KEY,
        correlators=2,
    )
    topic.make(made, ["cloudtrail", "inventory"])
    return made


@pytest.fixture
def stages(settings: Settings) -> Iterator[Stages]:
    made = Stages(settings)
    yield made
    made.close()


@pytest.fixture(scope="module")
def expected(logs: Path) -> dict[str, Finding]:
    """The findings of a replay of all logs, by their id: every grace of theirs ended days ago."""
    out = io.BytesIO()
    paths = (str(logs / "story"), str(logs / "load.jsonl"))
    options = Options(
        paths, (str(logs / "inventory.yaml"),), as_of=datetime.now(UTC), site=Site(Context(key=KEY.encode()))
    )
    replay(options, out)
    return {uid: comparable(f) for f in map(json.loads, out.getvalue().splitlines()) if (uid := uid_of(f))}


def stored(settings: Settings) -> dict[str, Finding]:
    """The findings in ClickHouse by their id, without those that later evidence took back."""
    endpoint = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
    rows = query.rows(endpoint, "SELECT uid, ocsf FROM findings WHERE status_detail != 'withdrawn'")
    assert len({row["uid"] for row in rows}) == len(rows), "one row per finding"
    return {row["uid"]: comparable(json.loads(row["ocsf"])) for row in rows}


def rejected(settings: Settings) -> list[dict[str, Any]]:
    """What the pipeline could not use, for the message of a failure."""
    endpoint = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
    return query.rows(endpoint, "SELECT source, reason, count() FROM rejects GROUP BY 1, 2")


def uid_of(finding: Finding) -> str:
    uid: str = finding["finding_info"]["uid"]
    return uid


def comparable(finding: Finding) -> Finding:
    """Without what tells how it came to be known: whether it was said before, when its evidence arrived, and
    which of many uses stand for the rest: what was let go before the end of their credential was heard of is
    not there to be pinned beside it. The first and the last always are."""
    for said in ("activity_id", "activity_name", "type_uid"):
        finding.pop(said, None)
    finding.get("unmapped", {}).pop("latency", None)
    if "at least" in finding["finding_info"]["desc"]:
        finding["evidences"] = [finding["evidences"][0], finding["evidences"][-1]]
        finding["finding_info"].pop("related_events")
    return finding


def until_all_are_found(stages: Stages, expected: dict[str, Finding]) -> None:
    """Waits for the last finding to be as it should, then says what differs. Stages that ended are started
    again."""
    end = time.monotonic() + FOUND_SECONDS
    found: dict[str, Finding] = {}
    while found != expected and time.monotonic() < end:
        stages.revive()
        time.sleep(0.2)
        with suppress(NotRunning):
            found = stored(stages.settings)
    assert found.keys() == expected.keys(), f"{rejected(stages.settings)}\n{stages.logs()}"
    assert {uid: found[uid] for uid in expected if found[uid] != expected[uid]} == {}
    assert found == expected


def test_the_pipeline_says_what_replay_says_though_a_worker_is_killed(
    logs: Path, expected: dict[str, Finding], settings: Settings, stages: Stages
) -> None:
    assert {f["finding_info"]["analytic"]["uid"] for f in expected.values()} > {"revoked_credential_used"}
    stages.start("deliver")
    first, _ = stages.start("correlate", 0), stages.start("correlate", 1)
    stages.start("normalise")
    declare(settings, [str(logs / "inventory.yaml")])
    send(settings, [str(logs / "load.jsonl")])
    wait_for(lambda: stored(settings), "the first findings", FOUND_SECONDS)
    stages.kill(first)
    send(settings, [str(logs / "story")])
    stages.start("correlate", 0)
    until_all_are_found(stages, expected)
    assert topic.config(settings, changelog(settings))["segment.bytes"] == str(CHANGELOG_SEGMENT_BYTES)


def test_nothing_is_lost_when_every_stage_and_the_broker_are_killed(
    logs: Path, expected: dict[str, Finding], settings: Settings, stages: Stages, kafka: Kafka
) -> None:
    names = [("deliver", 0), ("correlate", 0), ("correlate", 1), ("normalise", 0)]
    running = [stages.start(*name) for name in names]
    declare(settings, [str(logs / "inventory.yaml")])
    send(settings, [str(logs / "load.jsonl")])
    for index, name in enumerate(names):
        stages.kill(running[index])
        running[index] = stages.start(*name, wait=False)
    send(settings, [str(logs / "story")])
    for stage in running:
        stages.wait_ready(stage)
    kafka.kill()
    kafka.start()
    until_all_are_found(stages, expected)
