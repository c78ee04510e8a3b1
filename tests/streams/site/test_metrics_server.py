"""The metrics are served whoever else connects, with few threads and descriptors."""

from __future__ import annotations

import socket
import threading
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Gauge

from streams.site import metrics_server
from streams.site.metrics import DELIVER_SINCE_NAME, STUCK_SECONDS, parsed, stuck_for
from streams.site.metrics_server import CONNECTIONS_MAX, MetricsServer


def test_silent_connections_do_not_shut_out_a_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where they may be silent for long: the oldest of them give way."""
    monkeypatch.setattr(metrics_server._Handler, "timeout", 600.0)
    registry = CollectorRegistry()
    Gauge("told", "A number.", ["of"], registry=registry).labels("vault").set(7)
    before = threading.active_count()
    server = MetricsServer("127.0.0.1", 0, registry)
    silent = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(60)]
    try:
        url = f"http://127.0.0.1:{server.server_port}/metrics"
        with urllib.request.urlopen(url, timeout=120) as answer:
            assert parsed(answer.read().decode())["told", "vault"] == 7
        assert threading.active_count() - before <= CONNECTIONS_MAX + 3
    finally:
        for one in silent:
            one.close()
        server.shutdown()
        server.server_close()


def test_what_is_stuck_is_told_after_a_while() -> None:
    since = {(DELIVER_SINCE_NAME, ""): 1_000.0}
    assert stuck_for(since, 1_000.0 + STUCK_SECONDS) == 0
    assert stuck_for(since, 1_060.0) == 60
    assert stuck_for({(DELIVER_SINCE_NAME, ""): 0.0}, 1_060.0) == 0
