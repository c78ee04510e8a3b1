"""Exceptions: what they suppress, and when they are void."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from correlators.kernel.catalogue import controls
from correlators.kernel.views.exceptions import exception_of
from correlators.kernel.views.view import View
from schemas.activity import Activity, Aliased, Excepted
from schemas.claims import PolicyException
from schemas.declaration import Declaration
from schemas.dossier import Dossier
from schemas.evidence import SECOND, Evidence
from schemas.finding import render_finding
from schemas.verdict import Clock, Report, Severity, Verdict
from tests.support.judged import as_time_passes
from tests.support.make import KEY, T0, USER, kill, use
from tests.support.scenario import every_way

NAME = "revoked_credential_used"
DAY = 86_400
GAP = [kill("kill", 10), use("one", 60), use("two", 90)]


def excepted(uid: str = "exception", recorded: float = 5, until: float = DAY, **scope: Any) -> Activity:
    effect = Excepted(
        scope.pop("control", NAME), T0 + int(until * SECOND), owner="ops", reason="migration", **scope
    )
    return Activity(uid, T0 + int(recorded * SECOND), "inventory", effects=(effect,))


def report(activities: list[Activity], now: float = 3600) -> Report:
    time = T0 + int(now * SECOND)
    world = every_way(activities, Clock(time, {"cloudtrail": time}))
    (found,) = [r for r in world.last.values() if r.verdict and r.verdict.control == NAME]
    return found


def status(activities: list[Activity], now: float = 3600) -> int:
    stored = report(activities, now)
    assert stored.finding, "a suppressed finding is stored, never dropped"
    shown: dict[str, Any] = orjson.loads(render_finding(stored, controls()[NAME].CONTROL))
    return int(shown["status_id"])


@pytest.mark.parametrize(
    "scope",
    [
        {"identity": USER},
        {"identity": "aws:111122223333:*"},
        {"identity": "aws:*"},
        {},
        {"place": "198.51.100.0/24"},
        {"action": "s3:GetObject"},
        {"identity": USER, "place": "198.51.100.7", "action": "s3:GetObject"},
    ],
    ids=str,
)
def test_an_exception_in_whose_scope_it_lies_suppresses_the_finding(scope: dict[str, Any]) -> None:
    assert status([*GAP, excepted(**scope)]) == 3


@pytest.mark.parametrize(
    "scope",
    [
        {"control": "dead_credential_tried"},
        {"identity": "aws:111122223333:user/other"},
        {"identity": "aws:999:*"},
        {"place": "203.0.113.0/24"},
        {"action": "s3:PutObject"},
    ],
    ids=str,
)
def test_behaviour_outside_the_scope_is_a_new_finding(scope: dict[str, Any]) -> None:
    assert status([*GAP, excepted(**scope)]) == 1


def test_one_use_that_leaves_the_scope_voids_the_exception() -> None:
    elsewhere = use("three", 120, place="203.0.113.9")
    assert status([*GAP, elsewhere, excepted(place="198.51.100.0/24")]) == 1
    another = use("three", 120, operation="iam:CreateUser")
    assert status([*GAP, another, excepted(action="s3:GetObject")]) == 1


def test_an_exception_is_void_from_its_end_on() -> None:
    assert status([*GAP, excepted(until=1800)], now=1799) == 3
    assert status([*GAP, excepted(until=1800)], now=1800) == 1


def test_the_finding_is_asked_again_when_its_exception_ends() -> None:
    verdict = report([*GAP, excepted(until=7200)]).verdict
    assert (
        verdict is not None
        and verdict.exception == "exception ex-ca1b617d of ops until 2026-09-21T16:13:20Z: migration"
    )
    still, over = as_time_passes([*GAP, excepted(until=7200)], T0 + 7200 * SECOND, NAME, verdict.subject)
    assert still.exception and not over.exception


def test_the_later_record_about_the_same_scope_counts() -> None:
    longer, shorter = excepted("w1", 5, DAY, identity=USER), excepted("w2", 6, 600, identity=USER)
    assert status([*GAP, longer, shorter]) == 1


def test_an_exception_that_is_withdrawn_suppresses_nothing_from_then_on() -> None:
    back = excepted("back", 6, 0, identity=USER, withdrawn=True)
    assert status([*GAP, excepted(identity=USER), back]) == 1
    assert status([*GAP, excepted("new", 7, identity=USER), excepted(identity=USER), back]) == 3
    another = excepted("back", 6, 0, withdrawn=True)
    assert status([*GAP, excepted(identity=USER), another]) == 3, "of another scope"


def test_an_exception_for_another_key_of_the_identity_is_about_what_was_done_under_that_key() -> None:
    alias = Activity("alias", T0, "inventory", effects=(Aliased(USER, "agent:svc/triage"),))
    assert status([*GAP, alias, excepted(identity=USER)]) == 3
    assert status([*GAP, alias, excepted(identity="agent:svc/triage")]) == 3


def test_a_suppressed_finding_says_whose_exception_it_is_and_is_no_alert() -> None:
    stored = report([*GAP, excepted(identity=USER)])
    shown = orjson.loads(render_finding(stored, controls()[NAME].CONTROL))
    assert (shown["status"], shown["is_alert"]) == ("Suppressed", False)
    assert shown["status_detail"].startswith("exception ex-")


def test_a_resolved_finding_is_resolved_not_suppressed() -> None:
    refused = use("no", 120, outcome="unauthenticated")
    assert status([*GAP, refused, excepted(identity=USER)], now=2 * 3600) == 4


def test_key_and_exception_meet_whichever_dossier_the_record_reaches_first() -> None:
    nameless = [use("one", 60, identity=""), kill("kill", 10), use("known", 0)]
    assert status([*nameless, excepted(identity="aws:1*")]) == 3
    assert KEY in (report(nameless).verdict or report(nameless)).subject  # type: ignore[union-attr]


def test_another_identitys_exception_does_not_cover_a_verdict_that_shows_no_evidence() -> None:
    def covered(scope: str, **more: Any) -> bool:
        record = Evidence(T0, "w", "inventory")
        exception = PolicyException(NAME, T0 + DAY * SECOND, record, scope, owner="ops", reason="r", **more)
        declared: tuple[Declaration, ...] = (Declaration(T0, "d", aliases=("agent:svc/triage",)),)
        view = View(USER, Dossier(exceptions=(exception,), stated={USER: declared}))
        verdict = Verdict(
            control=NAME,
            subject=KEY,
            value="violated",
            identity=USER,
            title="t",
            reason="r",
            severity=Severity.HIGH,
        )
        return exception_of(verdict, view, Clock(T0 + SECOND, {})) is not None

    assert covered(USER) and covered("agent:svc/triage"), "as the inventory calls it"
    assert not covered("agent:svc/other") and not covered("aws:9:*")
    assert not covered(USER, action="s3:GetObject") and not covered(USER, place="198.51.100.0/24")
