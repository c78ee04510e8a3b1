"""A real Apache Kafka for the tests of this folder; without Java or Maven they skip and say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kafka import apache
from tests.kafka.apache import Kafka, MissingError


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for all tests; use a topic_prefix of your own on it."""
    try:
        apache.libraries()
    except MissingError as missing:
        pytest.skip(str(missing))
    broker = apache.new(tmp_path_factory.mktemp("kafka"))
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
