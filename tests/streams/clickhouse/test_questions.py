"""Views that answer what is asked often."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from schemas.activity import Spanned
from schemas.span import Span
from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Sink
from tests.support.clickhouse import NOW, activity, engine_over, finding, lines, one, rows

SECOND = 1_000_000
WHO, KEY = "aws:111122223333:user/ci", "aws:key/AKIAEXAMPLE0000000A1"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("questions")) / "clickhouse") as engine:
        yield engine


def event(number: int, **more: Any) -> dict[str, Any]:
    return activity(
        number, **({"identity": WHO, "credential": KEY, "time": NOW - (100 - number) * SECOND} | more)
    )


def test_a_timeline_and_the_users_of_a_key_take_a_parameter(engine: Engine) -> None:
    Sink(engine).write("credentials", [lines("credentials", {"credential": KEY, "identity": WHO})])
    other = "aws:111122223333:user/other"
    many = [
        event(1), event(2, identity=other, credential="", target=WHO, operation="DeleteAccessKey"),
        event(3, identity="", outcome="unauthenticated", place="203.0.113.9"),
        event(4, identity=other, credential="", target="elsewhere"),
        event(5, identity=other, credential="", action="secret_read", resource="kv/pay"),
    ]  # fmt: skip
    Sink(engine).write("activities", [lines("activities", *many)])
    Sink(engine).write("findings", [one("findings", finding("f1", resources=[{"uid": WHO}]), 1)])
    found = rows(engine, "SELECT what, uid FROM timeline_of(identity = {k:String}) ORDER BY time", k=WHO)
    assert found == [
        ("did", "event-1"), ("was done to it", "event-2"), ("its credential did", "event-3"),
        ("opened", "f1"),
    ]  # fmt: skip
    users = (
        "SELECT identity, accepted, refused FROM used_since(key = {k:String}, since = '2020-01-01 00:00:00')"
    )
    assert rows(engine, users, k=KEY) == [("", 0, 1), (WHO, 1, 0)]
    assert rows(engine, users, k="kv/pay") == [(other, 1, 0)]
    assert rows(engine, users.replace("2020", "2099"), k=KEY) == []


def test_tools_are_held_three_ways_against_each_other(engine: Engine) -> None:
    agent = "agent:shop/helper"

    def spanned(number: int, **more: Any) -> dict[str, Any]:
        effect = Spanned("t", f"s{number}", Span(**({"kind": "tool"} | more)))
        return event(
            number,
            source="otel",
            identity=agent,
            credential="",
            effects=b"[%s]" % msgspec.json.encode(effect),
        )

    stated = {"type": "stated", "identity": agent, "declaration": {"tools": [["search"], ["pay", "srv"]]}}
    declared = event(20, source="inventory", identity="", credential="", effects=orjson.dumps([stated]))
    many = [
        spanned(10, tool="search"), spanned(11, tool="wipe", refused=True), spanned(12, tool="search"),
        spanned(13, kind="chat", offered=("search", "leak")), declared,
    ]  # fmt: skip
    for row in many:
        row["effects"] = bytes(row["effects"]).decode() if row.get("effects") else ""
    Sink(engine).write("activities", [lines("activities", *many)])
    seen = "offered_last IS NOT NULL, called_last IS NOT NULL, refused_last IS NOT NULL"
    asked = f"SELECT tool, approved, {seen}, calls"
    assert rows(engine, f"{asked} FROM agent_tools WHERE agent = '{agent}' ORDER BY tool") == [
        ("leak", False, 1, 0, 0, 0), ("pay", True, 0, 0, 0, 0),
        ("search", True, 1, 1, 0, 2), ("wipe", False, 0, 0, 1, 1),
    ]  # fmt: skip


def test_latency_noise_and_precision_are_counted_by_control(engine: Engine) -> None:
    ms = NOW // 1000
    stages = {"latency": [{"occurred": ms - 9000, "arrived": ms - 4000, "processed": ms - 3000}]}
    bodies = [
        finding("p1", unmapped=stages, status_id=3, status_detail="x"), finding("p2", status_id=1),
        finding("p3", status_id=4, status_detail="ended"),
        finding("p4", status_id=4, status_detail="withdrawn"),
    ]  # fmt: skip
    Sink(engine).write("findings", [one("findings", body, n + 10) for n, body in enumerate(bodies)])
    note = {"id": "n", "finding": "p2", "verb": "close", "author": "a", "text": "False: ours", "until": 0}
    Sink(engine).write("notes", [one("notes", orjson.dumps(note | {"noted": NOW, "known": ms + 9000}), 1)])
    (row,) = rows(engine, "SELECT findings, delivered_p50, read_p99, whole_p50 >= 9 FROM latency")
    assert row == (1, 5.0, 1.0, 1)
    (said,) = rows(engine, "SELECT said, mistaken, withdrawn, precision FROM precision_by_control")
    assert said == (3, 2, 1, 0.333)
    noise = rows(engine, "SELECT sum(updates), sum(findings), sum(open) FROM noisiest")
    assert noise == [(5, 5, 2)]
    for view in ("unused_access", "unproven", "names"):
        assert isinstance(rows(engine, f"SELECT * FROM {view}"), list)
