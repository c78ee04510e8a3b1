"""The real Kafka of these tests keeps what it took, also over a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.site.settings import Settings
from tests.kafka import apache
from tests.kafka.apache import Kafka, MissingError
from tests.support import topic
from tests.support.topic import Tail

pytestmark = pytest.mark.kafka


def test_what_it_took_is_there_after_a_kill(kafka: Kafka, data: Path) -> None:
    settings = Settings(data=data, broker=kafka.address, topic_prefix="apache.")
    topic.make(settings, ["vault"])
    topic.produce(settings, "raw.vault", [b"one", b"two"])
    kafka.kill()
    kafka.start()
    Tail(settings, "raw.vault").until(lambda tail: len(tail.messages) == 2, "both messages after the kill")


def test_without_java_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingError, match="needs Java"):
        apache.libraries()


def test_without_maven_and_without_jars_the_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "java").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(MissingError, match="Maven"):
        apache.libraries()
