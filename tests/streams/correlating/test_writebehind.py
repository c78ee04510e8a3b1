"""The order of a flush: said, stored, acknowledged; whatever breaks in between comes again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from correlators.driver import partition as driver
from correlators.kernel.caps import DOSSIER_BYTES_MAX
from correlators.kernel.catalogue import controls
from correlators.kernel.knowledge.weight import SPARE_MARK
from correlators.kernel.views.view import View
from schemas.activity import Activity, Ended
from schemas.dossier import Dossier, Watch
from schemas.fact import WATCH, Fact, Tick, facts_of, partition_of
from schemas.rosters import ROSTER_PREFIX
from schemas.verdict import Clock, Control, Severity, Verdict
from streams.correlating import writebehind
from streams.correlating.messages import Message
from streams.correlating.writebehind import WriteBehind
from streams.kafka import topics
from streams.kafka.packing import envelopes, tick_envelope
from streams.site.settings import Settings

HOUR = 3_600_000_000
NOON = 1_763_812_800_000_000
PARTITIONS = 2
USER, KEY = "aws:1:user/a", "aws:key/AKIA1"


def use(uid: str, time: int, key: str = KEY, who: str = USER) -> list[Fact]:
    return facts_of(
        Activity(uid, time, "cloudtrail", identity=who, credential=key, operation="Get", outcome="succeeded")
    )


def kill(uid: str, time: int) -> list[Fact]:
    return facts_of(
        Activity(
            uid,
            time,
            "cloudtrail",
            effects=(Ended("DeleteAccessKey", "deleted", KEY, USER),),
            operation="Del",
        )
    )


GAP = [*kill("kill", NOON - HOUR), *use("use", NOON)]
LATER = Tick(NOON + HOUR, {"cloudtrail": NOON})


class Broken(Exception):
    pass


class Outlet:
    """Remembers everything in order. ``breaks``: the step at which the broker goes away."""

    def __init__(self, breaks: str = "") -> None:
        self.steps: list[tuple[str, Any]] = []
        self.dossiers: dict[str, bytes] = {}
        self.breaks = breaks
        self.wait: asyncio.Event | None = None
        self.asked = 0

    async def send(self, message: Message) -> Awaitable[object]:
        return asyncio.ensure_future(self._confirmed("sent", message))

    async def store(self, partition: int, key: str, body: bytes | None) -> Awaitable[object]:
        assert partition == partition_of(key, PARTITIONS)
        self.steps.append(("storing", key))
        return asyncio.ensure_future(self._confirmed("stored", key))

    def keep(self, partition: int, key: str, body: bytes | None) -> None:
        assert ("stored", key) in self.steps, "kept before it was confirmed"
        if body is None:
            self.dossiers.pop(key, None)
        else:
            self.dossiers[key] = body

    async def _confirmed(self, step: str, what: Any) -> None:
        if step == "sent" and self.wait:
            self.asked += 1
            await self.wait.wait()
        if self.breaks == step:
            self.breaks = "everything"
            raise Broken
        if self.breaks == "everything":
            return
        self.steps.append((step, what))

    def found(self) -> list[str]:
        return [
            m.key.decode()
            for step, m in self.steps
            if step == "sent" and m.topic == topics.FINDINGS and m.key
        ]


class Event:
    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def ack(self) -> None:
        self._outlet.steps.append(("acked", self))


def worker(outlet: Outlet, catalogue: Any = None, **more: Any) -> WriteBehind:
    return WriteBehind(
        catalogue or controls(),
        outlet,
        outlet.dossiers.get,
        lambda partition: [key for key in outlet.dossiers if partition_of(key, PARTITIONS) == partition],
        lambda topic: topic,
        PARTITIONS,
        1.0,
        **more,
    )


def feed(under_test: WriteBehind, outlet: Outlet, facts: Iterable[Fact], tick: Tick | None = LATER) -> int:
    """Hands over facts, then the time; returns how many messages that were."""
    bodies = list(envelopes(facts, PARTITIONS))
    if tick:
        bodies += [(partition, tick_envelope(tick)) for partition in range(PARTITIONS)]
    for partition, body in bodies:
        under_test.take(partition, Event(outlet), body)
    return len(bodies)


def settle(under_test: WriteBehind, outlet: Outlet) -> None:
    """Flushes, and hands over what it forwards, until nothing is forwarded any more."""

    async def go() -> None:
        done = 0
        while await under_test.flush():
            forwards = [m for step, m in outlet.steps[done:] if step == "sent" and m.topic == topics.FACTS]
            done = len(outlet.steps)
            for message in forwards:
                under_test.take(message.partition or 0, Event(outlet), message.value)

    asyncio.run(go())


def test_said_then_stored_then_acknowledged() -> None:
    outlet = Outlet()
    under_test = worker(outlet)
    handed = feed(under_test, outlet, GAP)
    settle(under_test, outlet)
    steps = [step for step, _ in outlet.steps]
    assert outlet.found()
    said = [i for i, step in enumerate(steps[: steps.index("acked")]) if step == "sent"]
    assert steps.index("stored") < said[0], "what is about to be said is stored first"
    assert "stored" in steps[said[-1] : steps.index("acked")]
    assert "stored" not in steps[steps.index("acked") : steps.index("acked") + handed]
    assert steps.count("acked") >= handed
    assert outlet.dossiers.keys() >= {USER}


@pytest.mark.parametrize("step", ["sent", "stored"])
def test_what_breaks_before_the_acknowledgement_acknowledges_nothing_and_comes_again(step: str) -> None:
    broken = Outlet(breaks=step)
    first = worker(broken)
    feed(first, broken, GAP)
    with pytest.raises(Broken):
        asyncio.run(first.flush())
    assert not [s for s, _ in broken.steps if s == "acked"]
    assert not broken.dossiers, "what is not confirmed must not be loaded as if it were"
    again, whole = Outlet(), Outlet()
    again.dossiers = dict(broken.dossiers)
    for outlet in (again, whole):
        under_test = worker(outlet)
        feed(under_test, outlet, GAP)
        settle(under_test, outlet)
    assert again.found() == whole.found()
    assert again.dossiers == whole.dossiers


def test_what_was_stored_but_not_acknowledged_teaches_nothing_new_and_is_acknowledged_then() -> None:
    outlet = Outlet()
    first = worker(outlet)
    feed(first, outlet, GAP)
    settle(first, outlet)
    found, outlet.steps = outlet.found(), []
    second = worker(outlet)
    handed = feed(second, outlet, GAP)
    settle(second, outlet)
    assert found and not outlet.found(), "said once is enough"
    assert [step for step, _ in outlet.steps].count("acked") >= handed


def test_what_stands_around_the_judging_waits_for_nobody() -> None:
    """Else a worker that is killed while the broker is down would have died of its message."""
    outlet = Outlet()
    under_test = worker(outlet)
    feed(under_test, outlet, GAP)

    @contextmanager
    def judging() -> Iterator[None]:
        before = len(outlet.steps)
        yield
        assert len(outlet.steps) == before, "nothing is sent or stored meanwhile"
        outlet.steps.append(("judged", None))

    asyncio.run(under_test.flush(judging))
    steps = [step for step, _ in outlet.steps]
    assert {"judged", "sent", "stored"} <= set(steps)
    assert "judged" not in steps[steps.index("storing") :]


def test_partitions_that_go_away_during_a_flush_are_neither_stored_nor_acknowledged() -> None:
    outlet = Outlet()
    under_test = worker(outlet)
    feed(under_test, outlet, GAP)

    async def go() -> None:
        outlet.wait = asyncio.Event()
        flush = asyncio.create_task(under_test.flush())
        while not outlet.asked:
            await asyncio.sleep(0)
        under_test.drop()
        outlet.wait.set()
        assert await flush == 0

    asyncio.run(go())
    assert [step for step, _ in outlet.steps][-1] == "sent"
    assert not outlet.dossiers and "acked" not in {step for step, _ in outlet.steps}


def test_of_partitions_that_went_away_while_they_were_judged_nothing_is_said_or_stored() -> None:
    """Whoever has them now says it; a worker that was cut off would say what is no longer so."""
    outlet = Outlet()
    under_test = worker(outlet)
    feed(under_test, outlet, GAP)

    @contextmanager
    def lost_meanwhile() -> Iterator[None]:
        yield
        under_test.drop()

    assert asyncio.run(under_test.flush(lost_meanwhile)) == 0
    assert outlet.steps == []


def test_nothing_is_acknowledged_while_some_that_it_taught_wait_for_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writebehind, "TURN_MAX", 1)
    outlet = Outlet()
    under_test = worker(outlet)
    names = [f"aws:1:user/{n}" for n in range(40)]
    mine = [name for name in names if partition_of(name, PARTITIONS) == 0][:3]
    facts = [fact for n, name in enumerate(mine) for fact in use(f"u{n}", NOON, f"aws:key/AKIA{n}", name)]
    feed(under_test, outlet, [fact for fact in facts if fact[0] in mine])
    acknowledged = []
    for _ in range(6):
        asyncio.run(under_test.flush())
        acknowledged.append(sum(step == "acked" for step, _ in outlet.steps))
    stored = {key for step, key in outlet.steps if step == "stored"}
    assert stored.issuperset(mine) and acknowledged[-1] == 3, "the facts, and the time in both partitions"
    assert acknowledged[0] < 3 and acknowledged[1] < 3


def judge_lonely(view: View, clock: Clock) -> Iterator[Verdict]:
    """A control of tests: an identity of one credential is lonely."""
    if list(view.dossier.credentials) == [KEY]:
        yield Verdict(
            control="lonely",
            subject=view.key,
            value="violated",
            identity=view.key,
            title="lonely",
            reason="one",
            severity=Severity.LOW,
        )


class Changelog(Outlet):
    """Dies between saying and storing. ``log``: what the next worker reads back."""

    def __init__(self, dies: bool) -> None:
        super().__init__()
        self.log: dict[str, bytes] = {}
        self.dies = dies

    async def store(self, partition: int, key: str, body: bytes | None) -> Awaitable[object]:
        if self.dies and self.found():
            raise Broken
        if body is not None:
            self.log[key] = body
        return await super().store(partition, key, body)


@pytest.mark.parametrize("takes_back", [True, False])
def test_a_finding_said_before_a_crash_is_taken_back_where_it_is_over_when_its_dossier_is_read_again(
    takes_back: bool,
) -> None:
    control = Control(name="lonely", version="1", title="", owasp=(), attack=(), nist=(), remediation="-")
    catalogue = {"lonely": SimpleNamespace(CONTROL=control, judge=judge_lonely)}
    dying, next_one = Changelog(dies=True), Changelog(dies=False)
    first = worker(dying, catalogue)
    feed(first, dying, use("u1", NOON))
    with pytest.raises(Broken):
        asyncio.run(first.flush())
    (uid,) = dying.found()
    next_one.dossiers = dict(dying.log)
    second = worker(next_one, catalogue)
    withdrawing = use("u2", NOON, "aws:key/AKIA2") if takes_back else []
    feed(second, next_one, [*use("u1", NOON), *withdrawing])
    settle(second, next_one)
    said = [
        json.loads(m.value)["status_id"]
        for step, m in next_one.steps
        if step == "sent" and m.topic == topics.FINDINGS and m.key == uid.encode()
    ]
    assert said == [4 if takes_back else 1]


def test_facts_that_come_while_a_flush_waits_belong_to_the_next_one() -> None:
    outlet = Outlet()
    under_test = worker(outlet)
    feed(under_test, outlet, use("first", NOON))

    async def go() -> None:
        outlet.wait = asyncio.Event()
        flush = asyncio.create_task(under_test.flush())
        while not outlet.asked:
            await asyncio.sleep(0)
        late = feed(under_test, outlet, use("second", NOON + 5), tick=None)
        outlet.wait.set()
        await flush
        before = [step for step, _ in outlet.steps].count("acked")
        await under_test.flush()
        assert [step for step, _ in outlet.steps].count("acked") == before + late

    asyncio.run(go())
    assert b"first" in outlet.dossiers[USER] and b"second" in outlet.dossiers[USER]


def test_the_last_dossier_of_a_partition_is_a_batch_of_its_own() -> None:
    """Or a table that is read back to where the last batch begins misses all but its first record."""
    outlet = Outlet()
    under_test = worker(outlet)
    feed(under_test, outlet, [fact for n in range(9) for fact in use(f"u{n}", NOON, key=f"aws:key/{n}")])
    asyncio.run(under_test.flush())
    for partition in range(PARTITIONS):
        mine = [(step, key) for step, key in outlet.steps if step in ("storing", "stored")]
        mine = [(step, key) for step, key in mine if partition_of(key, PARTITIONS) == partition]
        assert len(mine) > 6
        assert [step for step, _ in mine[-3:]] == ["stored", "storing", "stored"]
        assert mine[-2][1] == mine[-1][1]


def test_nothing_is_judged_before_the_time_is_known() -> None:
    outlet = Outlet()
    under_test = worker(outlet)
    shown = [(WATCH, Dossier(watch={"cloudtrail": Watch(NOON)}))]
    for partition, body in envelopes(shown, PARTITIONS):
        under_test.take(partition, Event(outlet), body)
    asyncio.run(under_test.flush())
    assert not outlet.steps, (
        "what a source has shown is stored with the first settling, not acknowledged before"
    )
    feed(under_test, outlet, GAP, tick=None)
    asyncio.run(under_test.flush())
    assert not outlet.steps
    feed(under_test, outlet, [])
    settle(under_test, outlet)
    assert outlet.found()


def test_ticks_that_come_out_of_order_do_not_turn_time_back() -> None:
    outlet = Outlet()
    under_test = worker(outlet)
    feed(under_test, outlet, GAP)
    feed(under_test, outlet, [], Tick(NOON - 5 * HOUR, {"cloudtrail": 1}))
    settle(under_test, outlet)
    assert outlet.found()


def test_a_foreign_message_is_passed_over_and_acknowledged(caplog: pytest.LogCaptureFixture) -> None:
    outlet = Outlet()
    under_test = worker(outlet)
    under_test.take(0, Event(outlet), b"\x00 not ours")
    handed = feed(under_test, outlet, use("one", NOON))
    settle(under_test, outlet)
    assert [step for step, _ in outlet.steps].count("acked") >= handed + 1
    assert "is no envelope" in caplog.text


def judge_after_noon(view: View, clock: Clock) -> Iterator[Verdict]:
    """A control of tests: nothing may be used in the afternoon."""
    if clock.now >= NOON:
        yield Verdict(
            control="siesta",
            subject=view.key,
            value="violated",
            identity=view.key,
            title="awake",
            reason="it is past noon",
            severity=Severity.LOW,
        )


def test_stored_dossiers_are_judged_again_after_a_start_without_new_facts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver, "WARM_KEYS", 1)
    control = Control(name="siesta", version="1", title="", owasp=(), attack=(), nist=(), remediation="sleep")
    catalogue = {"siesta": SimpleNamespace(CONTROL=control, judge=judge_after_noon)}
    outlet = Outlet()
    facts = [fact for n in range(6) for fact in use(f"u{n}", NOON - HOUR, key=f"aws:key/{n}")]
    first = worker(outlet, catalogue)
    feed(first, outlet, facts, Tick(NOON - HOUR))
    settle(first, outlet)
    own = [key for key in outlet.dossiers if not key.startswith((ROSTER_PREFIX, WATCH))]
    assert len(own) == 7 and not outlet.found()
    second = worker(outlet, catalogue)
    for _ in list(outlet.dossiers):
        feed(second, outlet, [])
        settle(second, outlet)
    assert len(outlet.found()) == 1


def test_an_unsettled_crowd_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writebehind, "EVENTS_MAX", 3)
    outlet = Outlet()
    under_test = worker(outlet)
    feed(under_test, outlet, use("one", NOON), tick=None)
    assert under_test.crowded is False
    for _ in range(3):
        feed(under_test, outlet, use("one", NOON))
    crowded = [under_test.crowded]
    asyncio.run(under_test.flush())
    assert [*crowded, under_test.crowded] == [True, False]


def test_a_dossier_stays_within_its_limit_and_each_cap_that_it_reaches_is_counted() -> None:
    outlet = Outlet()
    crowded = worker(outlet, dossier_limit=20_000)
    before = REGISTRY.get_sample_value("gapwatch_caps_reached_total", {"cap": SPARE_MARK}) or 0
    feed(crowded, outlet, [fact for n in range(200) for fact in use(f"use {n}", NOON + n, f"aws:key/{n}")])
    settle(crowded, outlet)
    assert max(map(len, outlet.dossiers.values())) <= 20_000
    counted = REGISTRY.get_sample_value("gapwatch_caps_reached_total", {"cap": SPARE_MARK}) or 0
    assert counted - before == 1


def test_the_limit_is_by_default_what_the_page_on_caps_says() -> None:
    assert Settings().dossier_limit == DOSSIER_BYTES_MAX


def test_every_partition_judges_by_the_thresholds_that_are_set() -> None:
    for grace, findings in (("2h", 0), ("10m", 1)):
        outlet = Outlet()
        patient = worker(outlet, thresholds=Settings.model_validate({"grace_aws_key": grace}).thresholds)
        feed(patient, outlet, GAP)
        settle(patient, outlet)
        assert len(outlet.found()) == findings
