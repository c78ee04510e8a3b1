"""Cases of telemetry_gap."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from correlators.driver.normaliser import Normaliser, Record
from correlators.driver.watch import DAY, rhythms
from schemas.activity import Activity, Ended, Restored
from schemas.dossier import Dossier, Watch
from schemas.fact import telemetry_key
from schemas.verdict import Clock, Severity, Verdict
from tests.support import cloudtrail
from tests.support.declared import verdicts
from tests.support.make import change
from tests.support.scenario import World
from tests.support.vault_lines import activity, auth, line

NAME = "telemetry_gap"
START = 20_700
HOUR = DAY // 24
TRAIL = "aws:111122223333:trail/main"


def stopped(when: float, how: str = "StopLogging", **more: Any) -> Activity:
    return change(how, when, Ended(how, "silenced", identity=TRAIL, claims_cut=False, carries=False), **more)


def started(when: float, **more: Any) -> Activity:
    return change("StartLogging", when, Restored("StartLogging", "silenced", identity=TRAIL), **more)


def judged(many: list[Activity]) -> Verdict | None:
    found = verdicts(NAME, many)
    assert len(found) <= 1
    return found[0] if found else None


def test_a_trail_that_is_stopped_is_told_with_who_did_it_until_it_is_written_again() -> None:
    verdict = judged([stopped(10)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert verdict.subject == TRAIL and "by aws:111122223333:user/admin" in verdict.reason
    back = judged([stopped(10), started(3600)])
    assert back is not None and (back.value, back.severity) == ("proven", Severity.MEDIUM)


def test_a_trail_that_terraform_replaces_is_no_gap_and_one_made_again_by_another_is() -> None:
    assert judged([stopped(10, "DeleteTrail"), started(20)]) is None
    assert judged([stopped(10, "DeleteTrail"), started(20, identity="aws:111122223333:user/bob")]) is not None


@pytest.mark.parametrize("name", ["main", f"arn:aws:cloudtrail:us-east-1:{cloudtrail.ACCOUNT}:trail/main"])
def test_cloudtrail_tells_of_trails_by_name_or_arn(name: str) -> None:
    (effect,) = cloudtrail.effects("StopLogging", "cloudtrail", requestParameters={"name": name})
    assert isinstance(effect, Ended) and (effect.kind, effect.identity) == ("silenced", TRAIL)
    (again,) = cloudtrail.effects("StartLogging", "cloudtrail", requestParameters={"name": name})
    assert isinstance(again, Restored) and again.identity == TRAIL


def test_vault_tells_of_audit_devices() -> None:
    who = auth("admin")
    (effect,) = activity(line("sys/audit/file", operation="delete", who=who)).effects
    assert isinstance(effect, Ended) and (effect.kind, effect.identity, effect.scope) == (
        "silenced",
        "vault:prod:audit",
        "file",
    )


def answer_on(
    days: list[int], hours_since: float, newest: int | None = None
) -> tuple[str, Severity | None] | None:
    """What is said of a source that spoke at noon of these days, so long after the last. The same, however
    the days came."""
    last = (START + max(days)) * DAY + DAY // 2 if newest is None else newest
    now = last + int(hours_since * HOUR)
    seen = {START + day: (START + day) * DAY + DAY // 2 for day in days}
    halves = [dict(list(seen.items())[::2]), dict(list(seen.items())[1::2]), seen]
    answers = set()
    for order in (halves, halves[::-1]):
        world = World(3, Clock(now, {"vault": last, "cloudtrail": now}))
        for part in order:
            world.take(rhythms(Dossier(watch={"vault": Watch(0, 0, part)})))
        world.settle()
        world.crash()
        world.settle()
        found = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
        answers.add(tuple((v.value, v.severity) for v in found if v.subject == telemetry_key("vault")))
    (answer,) = answers
    return answer[0] if answer else None


DAILY = list(range(30))
WORKDAYS = [day for day in range(35) if day % 7 < 5]


def test_a_daily_source_that_is_silent_for_a_day_longer_than_ever_is_told_low() -> None:
    assert answer_on(DAILY, 47) == ("proven", None)
    assert answer_on(DAILY, 49) == ("violated", Severity.LOW)


def test_week_ends_are_its_habit_and_a_longer_one_is_not() -> None:
    assert WORKDAYS[-1] % 7 == 4
    assert answer_on(WORKDAYS, 3 * 24 + 20) == ("proven", None)
    assert answer_on(WORKDAYS, 4 * 24 + 1) == ("violated", Severity.LOW)


def test_what_has_no_rhythm_says_nothing() -> None:
    assert answer_on([0, 9, 18, 27], 400) is None
    assert answer_on(list(range(8)), 400) is None
    assert answer_on([0], 400) is None


def test_it_is_over_once_the_source_speaks_again_and_forgotten_after_a_month() -> None:
    gap = [*DAILY, *range(36, 40)]
    assert answer_on(gap, 1) is None or answer_on(gap, 1) == ("proven", Severity.LOW)
    back = [*DAILY, *range(36, 50)]
    assert answer_on(back, 1) == ("proven", Severity.LOW)
    assert answer_on([*DAILY, *range(36, 70)], 1) == ("proven", None)


def test_the_silence_that_was_told_is_longer_than_the_habit_of_before_it() -> None:
    back = [*DAILY, *range(33, 50)]
    assert answer_on(back, 1) == ("proven", Severity.LOW)
    assert answer_on([*WORKDAYS, *range(35, 50)], 1) == ("proven", None)


def test_the_normaliser_tells_of_each_new_day_of_a_source_once() -> None:
    normaliser = Normaliser(b"site")
    for minute in (0, 5):
        event = cloudtrail.event(eventTime=f"2026-11-22T10:0{minute}:00Z", eventID=f"e{minute}")
        normaliser.take(Record(orjson.dumps(event), "cloudtrail"))
        facts = [fact for key, fact in normaliser.drain().facts if key == telemetry_key("cloudtrail")]
        assert len(facts) == (minute == 0)
