"""The ledger: rows that age by themselves, and what was known at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from schemas.evidence import micros
from schemas.fact import facts_of
from schemas.verdict import Clock
from streams.clickhouse.engine import Engine
from streams.clickhouse.reference import write_reference
from streams.clickhouse.sink import Sink
from streams.correlating.messages import messages
from tests.support.clickhouse import NOW, activity, empty, engine_over, finding, lines, one, rows
from tests.support.residual import activities
from tests.support.scenario import clock_after

HOUR, DAY = micros(timedelta(hours=1)), micros(timedelta(days=1))
DEAD = "revoked_credential_used"
"""Its proofs are good for 90 days."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("ledger")) / "clickhouse") as engine:
        yield engine


@pytest.fixture
def engine(shared: Engine) -> Engine:
    empty(shared)
    write_reference(shared)
    return shared


def row(uid: str, value: str = "proven", proven: int = 0, hangs_on: str = "cloudtrail", **more: Any) -> bytes:
    """An assurance row as it is sent; ``proven`` in µs."""
    unmapped: dict[str, Any] = {"subject": uid, "hangs_on": hangs_on}
    if value == "proven" and proven:
        unmapped["proof"] = {"time": proven // 1000}
    info = {
        "uid": uid,
        "title": "t",
        "desc": "refused",
        "analytic": {"uid": more.pop("control", DEAD)},
        "related_events": [{"uid": f"event of {uid}"}],
    }
    return finding(uid, compliance={"status": value}, unmapped=unmapped, finding_info=info, **more)


def seen(engine: Engine, source: str, time: int, number: int = 1, **more: Any) -> None:
    """An event of a source that arrives at once."""
    event = activity(number, source=source, time=time, arrived=time, processed=time, **more)
    Sink(engine).write("activities", [lines("activities", event)])


def ledger(engine: Engine, what: str, of: str = "ledger") -> list[tuple[Any, ...]]:
    return rows(engine, f"SELECT {what} FROM {of} ORDER BY uid")


def test_a_restart_a_second_settling_and_what_comes_twice_write_no_row_again() -> None:
    known = [*activities()]
    clock = clock_after(known)
    kept: dict[str, bytes] = {}

    def settled(correlator: Correlator, after: int = 0) -> list[str]:
        reported = []
        forwards = True
        while forwards:
            said = correlator.settle(Clock(clock.now + after, clock.seen, clock.since))
            correlator.take(said.forwards)
            forwards = bool(said.forwards)
            kept.update({key: body for key, body in said.dossiers.items() if body})
            reported += [m.topic for m in messages(said, controls(), 1) if m.topic == "assurance"]
        return reported

    first = Correlator(controls())
    first.take(fact for activity in known for fact in facts_of(activity))
    assert len(settled(first)) > 3
    assert settled(first, after=HOUR) == []
    first.take(fact for activity in reversed(known) for fact in facts_of(activity))
    assert settled(first) == []
    again = Correlator(controls(), kept.get)
    assert [again.dossier(key) for key in kept] and again.behind
    assert settled(again, after=HOUR) == []


def test_a_row_ages_by_time_and_by_its_log_as_its_limits_say_and_not_otherwise(engine: Engine) -> None:
    drawn, expected = random.Random(1), {}
    marks = {"cloudtrail": NOW - HOUR, "vault": NOW - 3 * DAY, "okta": None, "inventory": NOW - 300 * DAY}
    for number, (source, mark) in enumerate(marks.items()):
        if mark:
            seen(engine, source, mark, number)
    blocks = []
    for number in range(60):
        uid = f"r{number:02}"
        value = drawn.choice(
            ["proven", "proven", "proven", "violated", "assumed", "unverifiable", "indeterminate"]
        )
        control = drawn.choice([DEAD, "revocation_failed", "tools_beyond_approval"])
        source, age = drawn.choice([*marks, ""]), drawn.choice([0, 6, 8, 89, 91, 400]) * DAY + HOUR
        limit = {DEAD: 90, "revocation_failed": None, "tools_beyond_approval": 7}[control]
        stale = limit is not None and age > limit * DAY
        behind = source in ("vault", "okta")
        why = "" if value != "proven" else "stale" if stale else "source behind" if behind else ""
        expected[uid] = ("assumed" if why else value, value, why)
        blocks.append(one("assurance", row(uid, value, NOW - age, source, control=control), number))
    Sink(engine).write("assurance", blocks)
    found = {uid: values for uid, *values in ledger(engine, "uid, value, judged, aged")}
    assert {uid: tuple(values) for uid, values in found.items()} == expected
    assert {why for *_, why in expected.values()} == {"", "stale", "source behind"}
    said = dict(ledger(engine, "aged || hangs_on, reason"))
    assert "a proof is good for" in said["stale" + "cloudtrail"] and "days ago" in said["stalecloudtrail"]
    assert "the vault log has been read up to" in said["source behindvault"]
    assert "no okta records are stored" in said["source behindokta"]


def test_a_site_sets_its_own_limits(engine: Engine) -> None:
    seen(engine, "cloudtrail", NOW - 3 * HOUR)
    Sink(engine).write("assurance", [one("assurance", row("a", proven=NOW - 10 * DAY), 1)])
    assert ledger(engine, "value, good_seconds") == [("proven", 90 * 86400)]
    write_reference(engine, {DEAD: timedelta(days=9)})
    assert ledger(engine, "value, aged, good_why") == [("assumed", "stale", "as this site sets it")]
    write_reference(engine, {DEAD: timedelta(0)}, lags={"cloudtrail": timedelta(hours=2)})
    assert ledger(engine, "value, aged, good_until") == [("assumed", "source behind", None)]
    before = rows(engine, "SELECT max(written) FROM controls")
    write_reference(engine, {DEAD: timedelta(0)}, lags={"cloudtrail": timedelta(hours=2)})
    assert rows(engine, "SELECT max(written) FROM controls") == before


def test_the_last_proof_stays_on_the_row_when_it_is_violated_and_a_withdrawn_row_is_none(
    engine: Engine,
) -> None:
    seen(engine, "cloudtrail", NOW - HOUR)
    versions = [
        row("a", proven=NOW - 2 * DAY),
        row("a", "violated"),
        row("b", proven=NOW - DAY),
        row("b", "withdrawn"),
    ]
    Sink(engine).write("assurance", [one("assurance", body, n) for n, body in enumerate(versions)])
    assert ledger(engine, "uid, value, toUnixTimestamp64Milli(assumeNotNull(proven_time)), proof") == [
        ("a", "violated", (NOW - 2 * DAY) // 1000, ["event of a"])
    ]


def test_what_was_known_at_a_time_is_asked_again(engine: Engine) -> None:
    client = engine.writer()
    for n, (value, stored) in enumerate([("assumed", 40), ("proven", 30), ("violated", 5)]):
        body = row("a", value, NOW - 30 * DAY).decode()
        client.command(
            "INSERT INTO assurance (ocsf, version, stored) VALUES ({o:String}, {v:UInt64}, "
            "fromUnixTimestamp64Milli({s:Int64}, 'UTC'))",
            parameters={"o": body, "v": n + 1, "s": (NOW - stored * DAY) // 1000},
        )
    engine.discard(client)
    for number, ago in enumerate((29, 1)):
        seen(engine, "cloudtrail", NOW - ago * DAY, number)

    def at(ago: float) -> list[tuple[Any, ...]]:
        moment = f"fromUnixTimestamp64Micro(toInt64({NOW - int(ago * DAY)}), 'UTC')"
        return ledger(engine, "value, aged", f"ledger_at(at = {moment})")

    assert [at(ago) for ago in (50, 35, 28.5, 20, 4)] == [
        [], [("assumed", "")], [("proven", "")], [("assumed", "source behind")], [("violated", "")],
    ]  # fmt: skip
    assert at(0) == ledger(engine, "value, aged")


def test_an_event_of_tomorrow_moves_no_watermark(engine: Engine) -> None:
    event = activity(1, source="vault", time=NOW + 5 * DAY, arrived=NOW - 3 * DAY)
    Sink(engine).write("activities", [lines("activities", event)])
    Sink(engine).write("assurance", [one("assurance", row("a", proven=NOW - 4 * DAY, hangs_on="vault"), 1)])
    assert ledger(engine, "value, aged") == [("assumed", "source behind")]


def test_a_row_hangs_on_its_installation_where_that_is_known(engine: Engine) -> None:
    for number, (instance, ago) in enumerate((("prod", 3 * DAY), ("lab", HOUR))):
        seen(engine, "vault", NOW - ago, number, instance=instance)
    origins = ("vault/prod", "vault/lab", "vault")
    rows_ = [row(o, proven=NOW - DAY, hangs_on=o) for o in origins]
    Sink(engine).write("assurance", [one("assurance", body, n) for n, body in enumerate(rows_)])
    assert dict(ledger(engine, "hangs_on, value")) == {
        "vault/prod": "assumed", "vault/lab": "proven", "vault": "proven",
    }  # fmt: skip


def test_rows_of_before_say_what_their_evidence_says(engine: Engine) -> None:
    seen(engine, "cloudtrail", NOW - HOUR)
    info = {
        "uid": "old",
        "analytic": {"uid": DEAD},
        "data_sources": ["cloudtrail"],
        "related_events": [{"uid": "e"}],
    }
    body = finding("old", compliance={"status": "proven"}, finding_info=info, end_time=(NOW - DAY) // 1000)
    Sink(engine).write("assurance", [one("assurance", body, 1)])
    assert ledger(engine, "value, hangs_on, toUnixTimestamp64Milli(assumeNotNull(proven_time))") == [
        ("proven", "cloudtrail", (NOW - DAY) // 1000)
    ]


def spots(engine: Engine) -> dict[tuple[str, str], tuple[Any, ...]]:
    asked = "SELECT source, what, rows, most_privileged, example FROM blind_spots"
    return {(source, what): tuple(rest) for source, what, *rest in rows(engine, asked)}


def test_a_blind_spot_is_one_until_a_record_shows_what_was_switched_on(engine: Engine) -> None:
    seen(
        engine,
        "kubernetes",
        NOW - HOUR,
        operation="create pods",
        identity="k8s:c1:a/admin",
        action="identity_write",
    )
    named: dict[str, Any] = {"resources": [{"uid": "k8s:c1:a/admin", "name": "admin"}]}
    many = [row("a", "assumed", hangs_on="kubernetes", **named), row("b", "unverifiable", hangs_on="okta")]
    Sink(engine).write("assurance", [one("assurance", body, n) for n, body in enumerate(many)])
    found = spots(engine)
    assert found["kubernetes", "metadata-only audit"] == (1, "high", "admin")
    assert found["okta", "source never collected"][:2] == (1, "low")
    assert list(found)[-1] == ("okta", "source never collected"), "the most privileged come first"
    effects = '[{"type":"imaged","image":"x"}]'
    seen(engine, "kubernetes", NOW - HOUR, 2, operation="patch deployments", effects=effects)
    assert ("kubernetes", "metadata-only audit") not in spots(engine)
    assert ("kubernetes", "un-audited paths") in spots(engine)
    seen(engine, "okta", NOW - HOUR, 3)
    assert ("okta", "source never collected") not in spots(engine)
