"""The stage `deliver` between a real broker and the real embedded engine."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from streams.clickhouse import query
from streams.delivering import deliver
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.kafka.lag import behind
from streams.site.settings import Settings
from streams.site.stage import Stage
from streams.supervision import ports
from tests.support.clickhouse import NOW, activity, finding
from tests.support.topic import make, produce
from tests.support.waiting import wait_for

CHANGELOG = "correlate-dossiers-changelog"


@pytest.fixture
def settings(embedded_broker: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    return installation(embedded_broker, tmp_path / "data", f"{request.node.name[:40]}-")


@pytest.fixture(scope="module")
def shared(embedded_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One that delivers all the time: joining a group takes seconds. Tests tell their rows by `identity`."""
    settings = installation(embedded_broker, tmp_path_factory.mktemp("deliver") / "data", "shared-")
    with delivering(settings):
        yield settings


def installation(broker: str, data: Path, prefix: str) -> Settings:
    settings = Settings(
        data=data,
        broker=broker,
        topic_prefix=prefix,
        sql_port=ports.choose(0, ports.SQL, "sql_port"),
        deliver_interval="50ms",
    )
    make(settings, [])
    create(settings, CHANGELOG)
    return settings


def create(settings: Settings, topic: str) -> None:
    """As Faust creates its changelog."""
    admin = AdminClient(kafka_config(settings))
    (created,) = admin.create_topics([NewTopic(settings.topic_prefix + topic, 2, 1)]).values()
    created.result()


@contextlib.contextmanager
def delivering(settings: Settings, broker_id: str = "broker-1") -> Iterator[Stage]:
    """The stage in a thread of this process; its end is awaited, its failure is raised."""
    said: list[str] = []
    stage = Stage("deliver", broker_id=broker_id, say=said.append)
    failure: list[BaseException] = []

    def work() -> None:
        try:
            deliver.main(settings, stage)
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        wait_for(lambda: said or failure, "the stage to be ready")
        yield stage
    finally:
        stage.stopping.set()
        thread.join(30)
        assert not thread.is_alive()
        if failure:
            raise failure[0]


def ask(settings: Settings, sql: str) -> list[dict[str, Any]]:
    url = f"http://127.0.0.1:{settings.sql_port}"
    return query.rows(settings.model_copy(update={"clickhouse": url}), sql)


def count(settings: Settings, table: str, condition: str = "1") -> int:
    return int(ask(settings, f"SELECT count() AS n FROM {table} WHERE {condition}")[0]["n"])


def holds(settings: Settings, table: str, rows: int) -> bool:
    return count(settings, table) == rows


def activities(first: int, last: int, identity: str = "me") -> bytes:
    return b"\n".join(orjson.dumps(activity(number, identity=identity)) for number in range(first, last))


def test_a_restart_goes_on_where_it_stopped_and_a_redelivery_changes_nothing(settings: Settings) -> None:
    produce(settings, "activities", [activities(0, 100)])
    with delivering(settings):
        wait_for(lambda: count(settings, "activities") == 100, "the first rows")
    assert behind(settings, "deliver") == 0
    # The same rows once more, as after a crash between insert and commit.
    produce(settings, "activities", [activities(0, 100), activities(100, 150)])
    with delivering(settings):
        wait_for(lambda: count(settings, "activities") >= 150, "the later rows")
        assert ask(settings, "SELECT count() AS n, uniqExact(uid) AS u FROM activities") == [
            {"n": 150, "u": 150}
        ]


def test_rows_of_a_later_broker_outrank_those_of_an_earlier_one(settings: Settings) -> None:
    produce(settings, "findings", [finding("f1", severity_id=n) for n in (1, 2, 3)], key="f1")
    with delivering(settings, "broker-1"):
        wait_for(lambda: count(settings, "findings_history") == 3, "the first findings")
    # A broker that starts empty counts from 0 again.
    later = settings.model_copy(update={"topic_prefix": settings.topic_prefix + "later-"})
    make(later, [])
    produce(later, "findings", [finding("f1", severity_id=5)], key="f1")
    with delivering(later, "broker-2"):
        wait_for(lambda: count(later, "findings_history") == 4, "the finding of the second broker")
        assert ask(later, "SELECT severity_id FROM findings") == [{"severity_id": 5}]


def test_it_stops_at_once_while_clickhouse_takes_nothing_and_loses_nothing(settings: Settings) -> None:
    with delivering(settings) as stage:
        engine = deliver.open_engine(settings)
        engine.writer().command("RENAME TABLE gapwatch_internal.activities_in TO gapwatch_internal.away")
        retries = deliver_retries()
        produce(settings, "activities", [activities(0, 10)])
        wait_for(lambda: deliver_retries() >= retries + 2, "some vain offers")
        stage.stopping.set()
    engine.writer().command("RENAME TABLE gapwatch_internal.away TO gapwatch_internal.activities_in")
    engine.close()
    with delivering(settings):
        wait_for(lambda: count(settings, "activities") == 10, "the rows that could not be stored before")


def test_only_our_own_changelog_is_read() -> None:
    settings = Settings(topic_prefix="a.")
    pattern = re.compile(deliver.changelog_pattern(settings))
    assert pattern.match("a.correlate-dossiers-changelog")
    assert pattern.match("a.correlate-v12-dossiers-changelog")
    for other in ("b.correlate-dossiers-changelog", "a.x.correlate-dossiers-changelog", "a.facts"):
        assert not pattern.match(other)
    assert topics.FACTS not in deliver.table_of(settings).values()


def test_every_topic_comes_into_its_table(shared: Settings) -> None:
    produce(shared, "activities", [activities(0, 50, "every"), activities(50, 100, "every")])
    produce(shared, "findings", [finding("f1", status_id=1), finding("f1", status_id=4)], key="f1")
    produce(shared, "assurance", [finding("a1")], key="a1")
    produce(shared, "credentials", [b'{"credential":"c1"}\n{"credential":"c2"}\n'])
    reject = {"source": "vault", "topic": "raw.vault", "partition": 0, "offset": 1, "arrived": NOW, "size": 3}
    produce(shared, "rejects", [orjson.dumps(reject)])
    produce(shared, CHANGELOG, [b'{"a":1}', b'{"a":2}'], key="aws:1:role/x")
    wait_for(lambda: count(shared, "activities", "identity = 'every'") == 100, "the activities")
    for table, expected in (("credentials", 2), ("assurance", 1), ("gapwatch_internal.dossiers", 2)):
        wait_for(partial(holds, shared, table, expected), f"{expected} rows of {table}")
    wait_for(lambda: count(shared, "rejects", "source = 'vault'") == 1, "the reject")
    wait_for(lambda: count(shared, "findings_history", "uid = 'f1'") == 2, "both states of the finding")
    found = ask(shared, "SELECT uid, status_id FROM findings WHERE uid = 'f1'")
    assert found == [{"uid": "f1", "status_id": 4}]
    assert ask(shared, "SELECT key, bodies FROM gapwatch_internal.dossiers_live") == [
        {"key": "aws:1:role/x", "bodies": ['{"a":1}', '{"a":2}']}
    ]


def test_poison_does_not_stop_what_comes_after_it(shared: Settings) -> None:
    content = activities(0, 10, "poison") + b"\nnot json\n" + activities(10, 20, "poison")
    produce(shared, "activities", [content, activities(20, 30, "poison")], partition=1)
    produce(shared, "findings", [b"\x00\xff", finding("after-poison")], partition=1)
    wait_for(lambda: count(shared, "activities", "identity = 'poison'") == 30, "the rows around the poison")
    wait_for(lambda: count(shared, "findings", "uid = 'after-poison'") == 1, "the finding after the poison")
    wait_for(lambda: count(shared, "rejects", "source = 'deliver'") == 2, "the rejects")
    places = "SELECT place, partition, line, size FROM rejects WHERE source = 'deliver' ORDER BY place"
    assert ask(shared, places) == [
        {"place": "activities", "partition": 1, "line": 10, "size": len("not json\n")},
        {"place": "findings", "partition": 1, "line": 0, "size": 8 + 1 + 2},
    ]
    wait_for(lambda: behind(shared, "deliver") == 0, "the commit")


def test_while_clickhouse_takes_nothing_nothing_is_committed_and_then_all_comes(shared: Settings) -> None:
    wait_for(lambda: behind(shared, "deliver") == 0, "a quiet start")
    engine = deliver.open_engine(shared)
    try:
        engine.writer().command("RENAME TABLE gapwatch_internal.activities_in TO gapwatch_internal.away")
        retries = deliver_retries()
        produce(shared, "activities", [activities(n, n + 10, "away") for n in range(0, 100, 10)])
        wait_for(lambda: deliver_retries() >= retries + 3, "some vain offers")
        produce(shared, "activities", [activities(100, 110, "away")])
        assert behind(shared, "deliver") > 0
        assert 0 < oldest_unstored() <= time.time()
        engine.writer().command("RENAME TABLE gapwatch_internal.away TO gapwatch_internal.activities_in")
    finally:
        engine.close()
    wait_for(lambda: count(shared, "activities", "identity = 'away'") == 110, "all rows")
    wait_for(lambda: behind(shared, "deliver") == 0, "the commit")
    wait_for(lambda: oldest_unstored() == 0, "nothing unstored")


def test_a_changelog_that_appears_later_is_found(shared: Settings) -> None:
    create(shared, "correlate-v2-dossiers-changelog")
    produce(shared, "correlate-v2-dossiers-changelog", [b"{}"], key="late")
    wait_for(
        lambda: count(shared, "gapwatch_internal.dossiers", "key = 'late'") == 1,
        "the row of the late changelog",
    )


def oldest_unstored() -> float:
    from streams.delivering.batches import OLDEST

    return sum(sample.value for family in OLDEST.collect() for sample in family.samples)


def deliver_retries() -> float:
    from streams.delivering.batches import RETRIES

    return sum(sample.value for family in RETRIES.collect() for sample in family.samples[:1])
