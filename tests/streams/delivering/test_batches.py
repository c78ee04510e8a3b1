"""Consumed, stored, committed: in this order whatever comes in between. (Without a broker and an engine.)"""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.clickhouse.sink import Block, UnavailableError
from streams.delivering import batches
from streams.delivering.batches import Batches
from streams.kafka.topics import SAID_AGAIN
from streams.site.settings import Settings
from tests.support.fake_kafka import FakeConsumer, FakeMessage

TOPIC, TABLE = "findings", "findings"
PLACE = (TOPIC, 0)


class FakeSink:
    """Takes rows, after it could not for a while."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.rows: list[tuple[str, int]] = []

    def write(self, table: str, blocks: list[Block]) -> int:
        if self.away:
            self.away -= 1
            raise UnavailableError("away")
        self.rows += [(block.origin.topic, block.origin.offset) for block in blocks]
        return 0

    def close(self) -> None: ...


class Running:
    """The loop between a fake consumer and a fake sink, which stops when nothing comes any more."""

    def __init__(
        self, tmp_path: Path, consumer: FakeConsumer, sink: FakeSink, run_folder: Path | None = None
    ) -> None:
        self.stopping = threading.Event()
        self.consumer, self.sink = consumer, sink
        consumer.when_empty = self.stopping.set
        settings = Settings(data=tmp_path)
        engine: Any = None
        stage = SimpleNamespace(
            stopping=self.stopping, run_folder=run_folder, name="deliver", worker=0, broker_id="fake"
        )
        self.batches = Batches(settings, engine, consumer, stage, 1)  # type: ignore[arg-type]
        self.batches._sink = sink  # type: ignore[assignment]
        self.batches.subscribe(["^findings$"], {TOPIC: TABLE})


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BACKOFF_SECONDS", (0.01,))


def messages(*offsets: int) -> list[FakeMessage]:
    return [FakeMessage(TOPIC, offset, b'{"x": 1}') for offset in offsets]


def test_what_is_in_is_committed_and_nothing_else(tmp_path: Path) -> None:
    running = Running(tmp_path, FakeConsumer(messages(4, 5)), FakeSink())
    running.batches.run()
    assert running.sink.rows == [(TOPIC, 4), (TOPIC, 5)]
    assert running.consumer.committed == {PLACE: 6} and running.consumer.closed


def test_what_is_only_said_again_is_committed_and_not_stored(tmp_path: Path) -> None:
    again = FakeMessage(TOPIC, 5, b'{"x": 1}', headers=[("severity", b"high"), (SAID_AGAIN, b"1")])
    running = Running(tmp_path, FakeConsumer([*messages(4), again]), FakeSink())
    running.batches.run()
    assert running.sink.rows == [(TOPIC, 4)] and running.consumer.committed == {PLACE: 6}


def test_a_message_polled_while_consuming_is_paused_is_read_again(tmp_path: Path) -> None:
    consumer = FakeConsumer(messages(4))
    consumer.assign([])
    consumer.on_poll = [FakeMessage(TOPIC, 5), FakeMessage(TOPIC, 9, partition=3)]
    running = Running(tmp_path, consumer, FakeSink(away=3))
    running.batches._most_rows = 1
    running.batches.run()
    assert consumer.sought == [(TOPIC, 0, 5), (TOPIC, 3, 9)]
    assert consumer.committed == {PLACE: 5} and running.sink.rows == [(TOPIC, 4)]


def test_while_clickhouse_is_away_all_partitions_are_paused_also_new_ones_and_then_go_on(
    tmp_path: Path,
) -> None:
    consumer = FakeConsumer(messages(4))
    running = Running(tmp_path, consumer, FakeSink(away=3))
    running.batches._most_rows = 1
    seen: list[set[tuple[str, int]]] = []

    def assigned() -> None:
        consumer.rebalance("on_assign", PLACE, (TOPIC, 1))
        seen.append(set(consumer.paused))

    consumer.on_poll = [assigned]
    running.batches.run()
    assert seen == [{PLACE, (TOPIC, 1)}] and not consumer.paused


@pytest.mark.parametrize("kind", ["on_revoke", "on_lost"])
def test_a_batch_whose_partitions_went_away_is_neither_committed_nor_offered_again(
    tmp_path: Path, kind: str
) -> None:
    consumer = FakeConsumer(messages(4))
    sink = FakeSink(away=1)
    running = Running(tmp_path, consumer, sink)
    running.batches._most_rows = 1
    consumer.on_poll = [lambda: consumer.rebalance(kind, PLACE)]
    running.batches.run()
    assert not consumer.committed and not sink.rows


def test_stopped_while_clickhouse_is_away_nothing_is_committed(tmp_path: Path) -> None:
    consumer = FakeConsumer(messages(4))
    running = Running(tmp_path, consumer, FakeSink(away=10_000))
    running.batches._most_rows = 1
    consumer.on_poll = [running.stopping.set]
    running.batches.run()
    assert not consumer.committed and consumer.closed


def test_an_empty_message_is_committed_and_no_row(tmp_path: Path) -> None:
    running = Running(tmp_path, FakeConsumer([FakeMessage(TOPIC, 7, None)]), FakeSink())
    running.batches.run()
    assert running.consumer.committed == {PLACE: 8} and not running.sink.rows


def test_the_end_of_a_dossier_is_a_row_as_it_must_not_come_back(tmp_path: Path) -> None:
    """An empty message of the changelog deletes: without its row a restart from ClickHouse revives it."""
    ended = FakeMessage("correlate-dossiers-changelog", 3, None)
    running = Running(tmp_path, FakeConsumer([ended]), FakeSink())
    running.batches.run()
    assert running.sink.rows == [("correlate-dossiers-changelog", 3)]


class DyingSink(FakeSink):
    """Ends the process over one message, as a fault in the engine does."""

    def write(self, table: str, blocks: list[Block]) -> int:
        if any(block.origin.offset == 5 for block in blocks) and table == TABLE:
            raise SystemExit
        return super().write(table, blocks)


def test_however_far_inside_what_kills_lies_it_is_come_to_in_steps_and_set_aside(tmp_path: Path) -> None:
    deaths = 0
    begin, steps = 0, list[int]()
    while begin < 8 and deaths < 9:
        parts = [messages(*range(at, min(at + 2, 8))) for at in range(begin, 8, 2)]
        consumer = FakeConsumer(*parts)
        running = Running(tmp_path, consumer, DyingSink(), tmp_path)
        try:
            running.batches.run()
        except SystemExit:
            deaths += 1
        begin = consumer.committed.get(PLACE, begin)
        steps.append(begin)
    assert consumer.committed == {PLACE: 8}
    assert deaths == 4, "two until it is careful, two over the message"
    assert steps == [0, 0, 4, 4, 8], "a careful process keeps what it has done before it dies"
    assert consumer.most == batches.CAREFUL_MESSAGES
    assert (TOPIC, 5) in running.sink.rows, "the reject has its place"
