"""Stored dossiers come back whole, however many rows each has and however small the pages are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from correlators.driver.partition import Judging, Partition
from correlators.kernel.catalogue import controls
from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from schemas.activity import Activity, Ended
from schemas.dossier import Address, Dossier
from schemas.evidence import SECOND
from schemas.fact import WATCH, Fact, Tick, facts_of, partition_of
from schemas.stored import UNREAD_MARK, encode, read_envelope
from schemas.verdict import Report
from streams.correlating.restore import Row, dossiers, rows, send_back
from streams.kafka.outgoing import Consignment
from streams.site.errors import NotRunning, Stop
from streams.site.settings import Settings


def dossier(number: int) -> Dossier:
    return Dossier(addresses={f"home/{number}": Address(since=number)})


def row(key: str, version: int, number: int | None) -> Row:
    return Row(key, version, "" if number is None else encode(dossier(number)).decode())


TABLE = [
    row("a", 3, 1),
    row("a", 7, 2),
    *(row("b", version, version) for version in range(1, 12)),
    row("gone", 1, 1),
    row("gone", 2, None),
    row("reborn", 1, 1),
    row("reborn", 2, None),
    row("reborn", 3, 3),
]


class Table:
    """Answers as the table would; refuses answers above a number of rows."""

    def __init__(self, most: int = 10**6) -> None:
        self.most = most

    def __call__(self, sql: str, parameters: dict[str, str]) -> bytes:
        last, limit = (parameters["key"], int(parameters["version"])), int(parameters["rows"])
        if limit > self.most:
            raise Stop("Limit for result exceeded")
        found = [r for r in TABLE if (r.key, r.version) > last][:limit]
        import msgspec

        # ClickHouse writes 64-bit numbers as text in JSON.
        return b"\n".join(
            msgspec.json.encode({"key": r.key, "version": str(r.version), "body": r.body}) for r in found
        )


@pytest.mark.parametrize("page", [1, 2, 3, 5, 1000])
def test_every_row_is_read_once_whatever_the_page(page: int) -> None:
    assert list(rows(Table(), page)) == TABLE


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones() -> None:
    assert list(rows(Table(most=4), 100)) == TABLE


def test_an_endpoint_that_is_away_is_said_so() -> None:
    def ask(sql: str, parameters: dict[str, str]) -> bytes:
        raise NotRunning("nobody there")

    with pytest.raises(NotRunning, match="nobody there"):
        list(rows(ask))


def test_all_rows_of_a_key_are_joined_and_deleted_ones_stay_away() -> None:
    found = dict(dossiers(TABLE))
    assert found.keys() == {"a", "b", "reborn"}
    assert found["a"] == join(dossier(1), dossier(2))
    assert len(found["b"].addresses) == 11
    assert found["reborn"] == dossier(3)


def test_a_row_that_cannot_be_read_is_sent_with_the_others() -> None:
    found = dict(dossiers([row("a", 1, 1), Row("a", 2, "{"), row("a", 3, 2)]))
    known = join(dossier(1), dossier(2))
    assert found["a"].addresses == known.addresses
    assert (found["a"].unread, found["a"].marks) == ("{", (UNREAD_MARK,))


class Sent:
    """Takes messages as a broker does that confirms each of them."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, bytes]] = []
        self.waiting = 0

    def __len__(self) -> int:
        return self.waiting

    def open(self, on_arrival: Callable[[], None]) -> Consignment:
        self.waiting += 1
        return Consignment(on_arrival)

    def send(self, consignment: Consignment, topic: str, body: bytes, partition: int | None = None) -> None:
        assert topic == "facts" and partition is not None
        self.messages.append((partition, body))

    def settle(self, wait: float = 0.0) -> None:
        self.waiting = 0


USER, KEY, HOUR = "aws:1:user/a", "aws:key/AKIA1", 3_600_000_000
NOON = 1_763_812_800_000_000


def reported(partitions: list[Partition], facts: list[Fact], now: int) -> tuple[list[Report], list[Fact]]:
    """What partitions say of facts; and what they store, as facts."""
    reports: list[Report] = []
    kept: dict[str, bytes] = {}
    forwards = facts
    while True:
        for number, partition in enumerate(partitions):
            own = [f for f in forwards if f[0] == WATCH or partition_of(f[0], len(partitions)) == number]
            partition.take(own, Tick(now, {"cloudtrail": now}))
        settled = [partition.settle() for partition in partitions]
        reports += [report for one in settled for report in one.reports]
        for one in settled:
            kept |= {key: body for key, body in one.dossiers.items() if body}
        forwards = [fact for one in settled for fact in one.forwards]
        if not forwards and not any(partition.behind and partition.timed for partition in partitions):
            return reports, [(key, known_by(body)) for key, body in kept.items()]


def life() -> list[Fact]:
    def event(uid: str, time: int, **more: Any) -> Activity:
        return Activity(uid, time, "cloudtrail", identity=USER, operation="Do", outcome="succeeded", **more)

    ended = (Ended("DeleteAccessKey", "deleted", KEY, USER),)
    activities = [
        event("use", NOON, credential=KEY),
        event("kill", NOON + HOUR, effects=ended),
        event("late", NOON + 3 * HOUR, credential=KEY),
    ]
    return [fact for activity in activities for fact in facts_of(activity)]


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("held", [True, False])
def test_what_comes_while_dossiers_come_back_is_judged_with_all_of_them(held: bool, partitions: int) -> None:
    now = NOON + 5 * HOUR
    before, kept = reported([Partition(Judging(controls(), paced=True)) for _ in range(2)], life(), now)
    assert {r.reported.value for r in before if r.finding} == {"violated"}
    table = [Row(key.replace(WATCH + "1", WATCH + "0"), 1, encode(one).decode()) for key, one in kept]

    def ask(sql: str, parameters: dict[str, str]) -> bytes:
        found = [r for r in sorted(table, key=lambda r: r.key) if r.key > parameters["key"]]
        return b"\n".join(msgspec.json.encode(r) for r in found)

    sent, settings = Sent(), Settings(partitions=partitions)
    assert send_back(settings, ask, sent, now=lambda: now / 1e6) == len(table)
    fresh = [Partition(Judging(controls(), paced=True), number) for number in range(partitions)]
    more = Activity("more", NOON + 4 * HOUR, "cloudtrail", identity=USER, credential=KEY, outcome="succeeded")
    again = [*life(), *facts_of(more)]
    said: list[Report] = []
    for number, body in sent.messages:
        envelope = read_envelope(body)
        if held and envelope.hold:
            fresh[number].hold(envelope.hold)
        fresh[number].take(envelope.facts)
        if envelope.hold != 1:
            said += reported(fresh, again, now)[0]
    said += reported(fresh, [], now + 2 * SECOND)[0]
    created = [r.uid for r in said if r.finding and r.activity == 1]
    known = {r.uid for r in before if r.finding}
    if held:
        assert not known & set(created), "nothing is told twice"
        assert {r.uid for r in said if r.finding} == known and {r.activity for r in said if r.finding} == {2}
        assert not [r for r in said if r.detail]
    else:
        assert known & set(created), "judged by halves it would be told again"


def test_a_rebuild_that_died_holds_judging_back_for_a_minute_and_no_longer() -> None:
    partition = Partition(Judging(controls()))
    partition.hold(NOON + 60 * SECOND)
    partition.take(life(), Tick(NOON, {"cloudtrail": NOON + 5 * HOUR}))
    assert not partition.settle().reports and partition.settle().dossiers == {}
    partition.take([], Tick(NOON + 5 * HOUR, {"cloudtrail": NOON + 5 * HOUR}))
    assert partition.settle().reports
