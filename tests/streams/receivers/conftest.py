"""Fixtures of the receivers' tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.site.settings import Settings
from tests.support.receiving import OwnBroker


@pytest.fixture
def site(embedded_broker: str, data: Path) -> Settings:
    """An installation of this test's own on the shared broker."""
    return Settings(data=data, broker=embedded_broker, topic_prefix=f"{uuid.uuid4().hex[:8]}.")


@pytest.fixture(scope="module")
def shared_site(embedded_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation for the tests of a module that bring nothing to Kafka."""
    prefix = f"{uuid.uuid4().hex[:8]}."
    return Settings(data=tmp_path_factory.mktemp("data"), broker=embedded_broker, topic_prefix=prefix)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[OwnBroker]:
    broker = OwnBroker(tmp_path)
    try:
        yield broker
    finally:
        broker.close()
