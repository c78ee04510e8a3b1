"""The live view and the feed behind it: what people see while a run goes on."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry, Counter
from rich.console import Console

from streams.kafka import topics
from streams.kafka.feed import Feed, Finding
from streams.screen.show import finding_line, print_finding
from streams.site import metrics
from streams.site.datafolder import Instance
from streams.site.errors import NotRunning
from streams.site.settings import Settings
from streams.supervision.again import say_again
from streams.supervision.live import View
from streams.supervision.process import StageProcess
from tests.support.waiting import wait_for

INSTANCE = Instance(1, "127.0.0.1:9", True, "http://127.0.0.1:8", "http://127.0.0.1:7/metrics", "site.")


def finding(uid: str = "1", **fields: object) -> Finding:
    info = {"uid": uid, "title": f"finding {uid}", "analytic": {"uid": "outlived_parent"}}
    return {"activity_id": 1, "severity_id": 2, "end_time": 1795341600000, "finding_info": info} | fields


def view(terminal: bool) -> tuple[View, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120, height=50, highlight=False)
    registry = CollectorRegistry()
    records = Counter("gapwatch_records", "…", ["source"], registry=registry)
    records.labels("vault").inc(1234)
    return View(INSTANCE, registry, console), out


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({}, "finding 1"),
        ({"activity_id": 2}, "finding 1"),
        ({"activity_id": 3, "status_detail": "withdrawn"}, "finding 1  ✓ withdrawn"),
    ],
)
def test_a_finding_is_one_line_that_tells_new_updated_and_closed_apart(
    fields: dict[str, Any], end: str
) -> None:
    line = finding_line(finding(**fields)).plain
    assert line == f"2026-11-22 10:00:00Z  low       1         outlived_parent  {end}"


@pytest.mark.parametrize("width", [80, 120, 200])
def test_on_a_terminal_a_finding_is_broken_at_its_width_and_stands_out_from_the_next(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, highlight=False, no_color=True)
    info = {"uid": "5d9b4f91-8ea4", "title": "a title " * 40, "analytic": {"uid": "outlived_parent"}}
    print_finding(console, finding(finding_info=info))
    assert isinstance(console.file, io.StringIO)
    first, *others = re.sub(r"\x1b\[[\d;]*m", "", console.file.getvalue()).rstrip("\n").split("\n")
    assert "  5d9b4f91  " in first and others
    assert all(len(line) <= width for line in (first, *others))
    assert all(line.startswith("    ") for line in others)


def test_without_a_terminal_a_finding_is_one_line_whatever_its_length() -> None:
    console = Console(file=io.StringIO(), width=80, highlight=False)
    print_finding(console, finding(finding_info={"uid": "1", "title": "a title " * 40}))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().count("\n") == 1


def test_a_finding_with_holes_in_it_is_still_shown() -> None:
    assert "unknown" in finding_line({"finding_info": None}).plain


def test_without_a_terminal_the_view_is_plain_lines() -> None:
    plain, out = view(terminal=False)
    plain.start()
    plain.status("Starting …")
    plain.show(finding())
    plain.error("deliver", "ended with code 1")
    plain.say_where()
    plain.refresh([])
    plain.stop()
    text = out.getvalue()
    assert "\x1b" not in text
    assert "Starting …\n" in text and "finding 1\n" in text and "! deliver: ended with code 1\n" in text
    for where in ("site.findings on kafka://127.0.0.1:9", "http://127.0.0.1:8", "http://127.0.0.1:7/metrics"):
        assert where in text


def test_on_a_terminal_counters_stages_and_addresses_stay_below_the_findings() -> None:
    live, out = view(terminal=True)
    live.start()
    live.refresh([StageProcess("deliver", ready=True)])
    live.stop()
    text = out.getvalue()
    for shown in ("deliver", "1,234", "vault", "site.findings", "http://127.0.0.1:7/metrics", "Ctrl-C"):
        assert shown in text


def test_totals_add_up_the_numbers_of_all_processes() -> None:
    registry = CollectorRegistry()
    records = Counter("gapwatch_records", "…", ["source"], registry=registry)
    records.labels("vault").inc(2)
    assert metrics.totals(registry) == {("gapwatch_records_total", "vault"): 2.0}


def test_the_feed_gives_what_comes_on_the_alert_topic(embedded_broker: str) -> None:
    settings = Settings(broker=embedded_broker, topic_prefix=f"feed-{uuid.uuid4().hex}.")
    topics.create_missing(settings, topics.wanted(settings, []))
    producer = Producer({"bootstrap.servers": embedded_broker})
    topic = topics.name(settings, topics.FINDINGS)
    producer.produce(topic, orjson.dumps(finding("before")))
    producer.produce(topic, b"no JSON")
    assert producer.flush(10) == 0
    feed = Feed(settings, from_start=True)
    try:
        assert wait_for(lambda: feed.poll(0.2), "the finding") == [finding("before")]
        producer.produce(topic, orjson.dumps(finding("after")))
        assert wait_for(lambda: feed.poll(0.2), "the next finding") == [finding("after")]
    finally:
        feed.close()


def test_what_is_open_is_said_again_to_who_subscribes_after_the_broker_is_new(
    embedded_broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(broker=embedded_broker, topic_prefix=f"again-{uuid.uuid4().hex}.")
    topics.create_missing(settings, topics.wanted(settings, []))
    many = [finding(str(n)) for n in range(30)]
    monkeypatch.setattr("streams.clickhouse.query.open_findings", lambda settings, limit: many)
    assert say_again(settings) == 30
    feed, found = Feed(settings, from_start=True), list[Finding]()

    def all_came() -> bool:
        found.extend(feed.poll(0.2))
        return len(found) >= len(many)

    try:
        wait_for(all_came, "all of them")
    finally:
        feed.close()
    assert sorted(map(repr, found)) == sorted(map(repr, many))


def test_a_feed_without_its_topic_says_what_to_start(embedded_broker: str) -> None:
    with pytest.raises(NotRunning, match=r"has no topic none\.findings|does not answer"):
        Feed(Settings(broker=embedded_broker, topic_prefix="none."), from_start=True)
