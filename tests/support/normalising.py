"""The loop of normalise between a fake consumer and a fake producer."""

from __future__ import annotations

import json
from pathlib import Path

from streams.normalising.normalise import Normalising
from streams.site.settings import Settings
from streams.site.stage import Stage
from tests.support.cloudtrail import event
from tests.support.fake_kafka import FakeConsumer, FakeMessage, FakeProducer

BODY = json.dumps(event()).encode()
"""A record of CloudTrail."""


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


TOPIC = "raw.cloudtrail"


HERE, THERE = (TOPIC, 0), (TOPIC, 1)


class Running:
    """The loop between a fake consumer and a fake producer, a round at a time."""

    def __init__(self, tmp_path: Path) -> None:
        self.consumer, self.producer = FakeConsumer(), FakeProducer()
        stage = Stage.__new__(Stage)
        stage.ready = lambda: None  # type: ignore[method-assign]
        self.loop = Normalising(Settings(data=tmp_path), stage, self.consumer, self.producer)  # type: ignore[arg-type]
        self.consumer.subscribe(
            [], on_assign=self.loop._assigned, on_revoke=self.loop._revoked, on_lost=self.loop._lost
        )
        self.consumer.rebalance("on_assign", HERE, THERE)

    def read(self, *messages: FakeMessage) -> None:
        self.consumer.batches.append(list(messages))
        self.loop._round()

    def settle(self) -> None:
        """The broker confirms everything, and what may be committed is."""
        self.producer.arrive()
        self.loop._outgoing.settle()
        self.loop._commit()
