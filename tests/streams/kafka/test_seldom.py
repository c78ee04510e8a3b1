"""What a client repeats is logged twice a minute, and nothing else is held back."""

from __future__ import annotations

import logging

import pytest

from streams.kafka import seldom
from streams.kafka.connection import kafka_config
from streams.kafka.seldom import KNOWN_MAX, Seldom, of_librdkafka
from streams.site.settings import Settings


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("gapwatch.kafka", logging.ERROR, "", 0, "%s [%s] %s", ("FAIL", "c", text), None)


def test_the_same_message_is_let_through_again_after_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    heard = Seldom(of_librdkafka)
    assert heard.filter(record("one:9092 failed: Connection refused (after 0ms in state CONNECT)"))
    assert not heard.filter(record("one:9092 failed: Connection refused (after 17ms in state CONNECT)"))
    assert heard.filter(record("two:9092 failed: Connection refused (after 0ms in state CONNECT)"))
    now += seldom.AGAIN_SECONDS
    assert heard.filter(record("one:9092 failed: Connection refused (after 2ms in state CONNECT)"))


def test_what_is_remembered_is_bounded() -> None:
    heard = Seldom(of_librdkafka)
    assert all(heard.filter(record(str(number))) for number in range(KNOWN_MAX))
    assert not heard.filter(record("0"))
    assert heard.filter(record("one more")) and heard.filter(record("0"))


def test_clients_log_through_it() -> None:
    log = kafka_config(Settings(broker="127.0.0.1:1"))["logger"]
    assert [type(one) for one in log.filters] == [Seldom]
