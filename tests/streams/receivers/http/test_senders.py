"""All receivers with real senders while the broker goes away and comes back: nothing sent is missing.

The embedded broker keeps all in memory, so it is frozen and thawed; a real Kafka is killed and started again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from streams.kafka import topics
from streams.site.settings import Settings
from tests.kafka import apache
from tests.kafka.apache import Kafka, MissingError
from tests.support.receiving import OwnBroker, free_address
from tests.support.senders import Agent, ApiServer, AuditDevice, RotatingProgram, Sender, Synchroniser
from tests.support.stages import Stages
from tests.support.topic import Tail
from tests.support.waiting import wait_for

SECONDS = 120.0


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Kafka]:
    try:
        apache.libraries()
    except MissingError as missing:
        pytest.skip(str(missing))
    broker = apache.new(tmp_path / "kafka")
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


class Site:
    """All receivers as processes, and a sender for each."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        (folder / "trail").mkdir()
        self.settings = settings.model_copy(
            update={
                "receive_otlp": free_address(),
                "receive_kubernetes": free_address(),
                "receive_vault": free_address(),
                "receive_files": (f"vault.file={folder / 'audit.log'}",),
                "receive_cloudtrail": folder / "trail",
            }
        )
        otlp, kubernetes, vault = (
            getattr(self.settings, f"receive_{name}") for name in ("otlp", "kubernetes", "vault")
        )
        self.webhook, self.device = ApiServer(kubernetes, 200), AuditDevice(vault, 8_000)
        self.senders: dict[str, Sender] = {
            "raw.otel": Agent(otlp, 1_000),
            "raw.kubernetes": self.webhook,
            "raw.vault": self.device,
            "raw.vault.file": RotatingProgram(folder / "audit.log", 1_800),
            "raw.cloudtrail": Synchroniser(folder / "trail", 150),
        }

    def send_over(self, outage: Callable[[], None]) -> None:
        """Starts all, has the outage while all of them send, and returns when all have sent."""
        stages = Stages(self.settings)
        with contextlib.closing(stages):
            for name in ("otlp", "kubernetes", "vault", "files", "cloudtrail"):
                stages.start(f"receive_{name}", wait=False)
            for stage in stages._running:
                stages.wait_ready(stage)
            for sender in self.senders.values():
                sender.start()
            wait_for(lambda: all(s.sent > s.count // 20 for s in self.senders.values()), "all to send")
            assert self.webhook.is_alive() and self.device.is_alive()
            outage()
            for sender in self.senders.values():
                sender.done(SECONDS)
            for topic, sender in self.senders.items():
                self._arrived(topic, sender.ids)

    def _arrived(self, topic: str, wanted: set[str]) -> None:
        tail = Tail(self.settings, topic)
        found: set[str] = set()
        read = 0

        def complete(tail: Tail) -> bool:
            nonlocal read
            for message in tail.messages[read:]:
                found.update(ids_in(topic, message.value() or b""))
            read = len(tail.messages)
            return wanted <= found

        try:
            tail.until(complete, f"all of {len(wanted)} in {topic}", SECONDS)
        finally:
            tail.close()


def ids_in(topic: str, body: bytes) -> list[str]:
    if topic == "raw.otel":
        request = ExportTraceServiceRequest.FromString(body)
        return [span.name for r in request.resource_spans for s in r.scope_spans for span in s.spans]
    try:
        document = json.loads(body)
    except json.JSONDecodeError:
        # What a broken connection left of a line that the device wrote once more.
        assert topic == "raw.vault"
        return []
    if topic == "raw.kubernetes":
        return [event["auditID"] for event in document["items"]]
    return [document["eventID" if topic == "raw.cloudtrail" else "id"]]


def nothing_rejected(settings: Settings) -> None:
    made = topics.admin_client(settings).list_topics(timeout=20).topics
    if topics.name(settings, topics.REJECTS) in made:
        tail = Tail(settings, "rejects")
        low_and_high = [
            tail._consumer.get_watermark_offsets(part, timeout=20) for part in tail._consumer.assignment()
        ]
        tail.close()
        assert all(low == high for low, high in low_and_high)


@pytest.mark.slow
def test_nothing_is_lost_while_the_broker_stands_still(
    own_broker: OwnBroker, data: Path, tmp_path: Path
) -> None:
    site = Site(Settings(data=data, broker=own_broker.address), tmp_path)

    def outage() -> None:
        own_broker.freeze()
        wait_for(lambda: site.webhook.held_up and site.device.held_up, "senders to be held up", SECONDS)
        own_broker.thaw()

    site.send_over(outage)
    nothing_rejected(site.settings)


@pytest.mark.slow
@pytest.mark.kafka
def test_nothing_is_lost_while_a_real_kafka_is_killed_and_started_again(
    kafka: Kafka, data: Path, tmp_path: Path
) -> None:
    site = Site(Settings(data=data, broker=kafka.address), tmp_path)

    def outage() -> None:
        kafka.kill()
        wait_for(lambda: site.webhook.held_up and site.device.held_up, "senders to be held up", SECONDS)
        kafka.start()

    site.send_over(outage)
    nothing_rejected(site.settings)
