"""What has not come yet decides nothing: it waits for its time, a day at most, in a run as in a replay."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.driver import normaliser
from correlators.driver.normaliser import FROM_AHEAD, Batch, Normaliser, Record
from correlators.driver.replaying import Replaying
from correlators.kernel.catalogue import controls
from schemas.activity import Activity, Ended, Restored
from schemas.coming import AHEAD_AGE, AHEAD_MARK
from schemas.evidence import SECOND
from schemas.fact import WATCH, facts_of
from schemas.sources import Context, Reading
from schemas.verdict import Clock
from tests.support.make import KEY, T0, USER, change, kill, use
from tests.support.scenario import HOUR, World, every_way, taught

DAY = 24 * HOUR
NOW = T0 + HOUR
STOLEN = "revoked_credential_used"
LATER = 2 * 60 * 60
"""Seconds after the start of the scenario."""


class Lines:
    """A source of tests: a record is the number of the activity that it holds."""

    NAME = "lines"

    def __init__(self, many: list[Activity]) -> None:
        self.many = many

    def read(self, record: bytes, _: Context) -> Reading:
        return Reading([self.many[int(record)]], [], 0)


def source(monkeypatch: pytest.MonkeyPatch, *many: Activity) -> list[bytes]:
    monkeypatch.setattr(normaliser, "sources", lambda: {"lines": Lines(list(many))})
    return [str(n).encode() for n in range(len(many))]


def taken(records: list[bytes], arrived: int) -> Batch:
    under_test = Normaliser(b"key")
    for body in records:
        under_test.take(Record(body, "lines", arrived=arrived))
    return under_test.drain()


def replayed(records: list[bytes], now: int = 0) -> tuple[dict[str, str], list[str]]:
    """By control the last value said, and the reasons of rejects."""
    replaying = Replaying(controls(), Context(), now=now)
    for body in records:
        replaying.take(Record(body, "lines"))
    rejects = [row.reason for row in replaying.drain(last=True).rejects]
    replaying.settle()
    return {r.reported.control: r.reported.value for r in replaying.reports if r.finding}, rejects


def refused(uid: str, at: float, **more: Any) -> Activity:
    return use(uid, at, outcome="unauthenticated", **more)


def test_what_claims_a_later_time_than_it_came_is_known_apart_and_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = taken(source(monkeypatch, use("soon", LATER)), NOW)
    facts = [fact for key, fact in batch.facts if key != WATCH]
    assert facts and all(fact.coming and not fact.credentials for fact in facts)
    assert all(AHEAD_MARK in fact.marks for fact in facts)
    assert batch.ahead["cloudtrail"] == 1 and len(batch.activities) == 1


def test_a_clock_ahead_by_less_than_clocks_may_differ_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    activity = use("now", 3600)
    batch = taken(source(monkeypatch, activity), NOW - SECOND)
    assert {key for key, fact in batch.facts if key != WATCH and not fact.coming} == {
        key for key, _ in facts_of(activity)
    }


def test_what_is_more_than_a_day_ahead_is_a_reject(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = taken(source(monkeypatch, use("never", 3600 + AHEAD_AGE / SECOND + 60)), NOW)
    assert [row.reason for row in batch.rejects] == [FROM_AHEAD] and not batch.activities


def test_a_refusal_that_has_not_come_yet_closes_no_finding_and_one_that_has_does() -> None:
    world = World(1, Clock(NOW, {"cloudtrail": NOW}))
    ahead = refused("ahead", 3 * LATER, arrived=NOW)
    for activity in (use("u0", 0), kill("end", 60), use("u1", 600), ahead):
        world.take(taught(activity))
    world.settle()
    assert [r.reported.open for r in world.last.values() if r.reported.control == STOLEN] == [True]
    world.clock = Clock(T0 + 8 * HOUR, {"cloudtrail": T0 + 8 * HOUR})
    world.settle()
    assert [r.reported.open for r in world.last.values() if r.reported.control == STOLEN] == [False]


def test_what_waits_is_judged_when_its_time_comes_though_nothing_else_is_learned() -> None:
    world = World(1, Clock(NOW, {"cloudtrail": NOW}))
    for activity in (use("u0", 0), kill("end", 60), use("later", LATER, arrived=NOW)):
        world.take(taught(activity))
    world.settle()
    assert not any(r.reported.control == STOLEN and r.reported.open for r in world.last.values())
    world.clock = Clock(T0 + 3 * HOUR, {"cloudtrail": T0 + 3 * HOUR})
    world.settle()
    assert any(r.reported.control == STOLEN and r.reported.open for r in world.last.values())


def test_a_record_may_date_an_end_or_its_undoing_later_and_neither_holds_before() -> None:
    restored = change("on", 700, Restored("UpdateAccessKey", "disabled", KEY, USER, at=T0 + 90 * DAY))
    many = [use("u0", 0), kill("end", 60), use("u1", 600), restored]
    world = every_way(many, Clock(NOW, {"cloudtrail": NOW}))
    assert [r.reported.open for r in world.last.values() if r.reported.control == STOLEN] == [True]


def test_an_end_that_is_dated_later_holds_from_then_on() -> None:
    planned = change("end", 60, Ended("planned", "revoked", KEY, USER, claims_cut=False, at=T0 + 2 * HOUR))
    world = World(1, Clock(NOW, {"cloudtrail": NOW}))
    for activity in (use("u0", 0), planned, use("u1", 600)):
        world.take(taught(activity))
    world.settle()
    assert not [r for r in world.last.values() if r.reported.control == STOLEN]
    world.take(taught(use("u2", 3 * LATER)))
    world.clock = Clock(T0 + 8 * HOUR, {"cloudtrail": T0 + 8 * HOUR})
    world.settle()
    assert [r.reported.open for r in world.last.values() if r.reported.control == STOLEN] == [True]


@pytest.mark.parametrize("forged", [1, 3])
def test_a_replay_ends_where_its_events_do_and_refuses_a_broken_clock(
    monkeypatch: pytest.MonkeyPatch, forged: int
) -> None:
    years = [refused(f"2099-{n}", 72 * 365.25 * 86_400 + n) for n in range(forged)]
    events = [use("u0", 0), kill("end", 60), use("u1", 600), use("u2", 700), *years]
    said, rejects = replayed(source(monkeypatch, *events))
    assert said[STOLEN] == "violated" and rejects == [FROM_AHEAD] * forged


def test_a_replay_as_of_a_time_knows_nothing_of_what_comes_after(monkeypatch: pytest.MonkeyPatch) -> None:
    events = source(monkeypatch, use("u0", 0), kill("end", 60), use("u1", 600), refused("r", 3 * LATER))
    assert replayed(events, NOW)[0][STOLEN] == "violated"
    assert replayed(events, T0 + 12 * HOUR)[0][STOLEN] == "proven"
