"""The brokers that the pipeline is measured on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from streams.supervision import broker, ports
from tests.kafka import apache
from tests.kafka.apache import MissingError as MissingError

EMBEDDED, KAFKA = "embedded", "kafka"
NAMES = (EMBEDDED, KAFKA)


class Running(NamedTuple):
    """A broker that runs: where it listens, and its process."""

    address: str
    pid: int


def wanted(name: str, folder: Path) -> Iterator[tuple[str, AbstractContextManager[Running]]]:
    """(name, broker) of one or of all; entering the broker starts it."""
    if name in ("all", EMBEDDED):
        yield "embedded broker", _embedded(folder / EMBEDDED)
    if name in ("all", KAFKA):
        yield f"Apache Kafka {apache.VERSION}", _kafka(folder / KAFKA)


@contextmanager
def _embedded(folder: Path) -> Iterator[Running]:
    folder.mkdir()
    port = ports.choose(0, ports.BROKER, "broker_port")
    process = broker.start(port, folder / "tansu.out")
    try:
        broker.wait_until_it_answers(f"127.0.0.1:{port}", process, 30.0)
        yield Running(f"127.0.0.1:{port}", process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def _kafka(folder: Path) -> Iterator[Running]:
    apache.libraries()
    kafka = apache.new(folder)
    try:
        kafka.start()
        assert kafka.process is not None
        yield Running(kafka.address, kafka.process.pid)
    finally:
        kafka.kill()
