"""Cases of revocation_failed."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import frozen
from schemas.activity import Activity, Ended, EndFailed, Issued
from schemas.evidence import SECOND
from schemas.verdict import Confidence, Severity, Verdict
from tests.support.judged import must, verdict_of
from tests.support.make import KEY, T0, USER, change, kill, restore, use
from tests.support.scenario import every_way
from tests.support.vault_lines import accessor, auth, entity, hmac, line, logged, login

NAME = "revocation_failed"


OPS = auth("ops", "e-ops")


def failed(at: float = 10, uid: str = "failed") -> Activity:
    return change(uid, at, EndFailed("auth/token/revoke", KEY, USER), outcome="failed")


def test_a_use_after_a_revocation_that_did_not_take_is_medium() -> None:
    verdict = must([use("before", 0), failed(), use("after", 20)], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["after"]


def test_no_use_since_is_no_finding() -> None:
    verdict = must([use("before", 0), failed()], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("assumed", None) and "residual" not in verdict.reason


def test_a_later_revocation_that_took_ends_it() -> None:
    took = change("took", 30, Ended("auth/token/revoke-accessor", "revoked", KEY, USER))
    verdict = must([use("before", 0), failed(), use("after", 20), took], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("proven", Severity.MEDIUM)


def test_a_revocation_of_a_token_in_clear_that_no_other_record_knows_is_told_at_low_confidence() -> None:
    masked = "vault:default:token/hmac-0123"
    tried = change("failed", 10, EndFailed("auth/token/revoke", masked), outcome="failed", source="vault")
    verdict = must([tried], masked, NAME)
    assert (verdict.value, verdict.severity, verdict.confidence) == (
        "violated",
        Severity.MEDIUM,
        Confidence.LOW,
    )
    assert must([failed()], KEY, NAME).severity is None
    used = use("use", 20, "vault:default:entity/e", masked, source="vault")
    assert must([tried, used], masked, NAME).confidence == Confidence.HIGH
    issued = change("issue", 0, Issued(masked, "vault:default:entity/e", "service"), source="vault")
    assert must([tried, issued], masked, NAME).severity is None


def test_what_enables_it_again_after_a_kill_that_took_is_meant() -> None:
    off = kill("off", 30, kind="disabled")
    many = [failed(), use("after", 20), off, restore("on", 50), use("meant", 60)]
    verdict = must(many, KEY, NAME)
    assert (verdict.value, verdict.severity) == ("proven", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["after"]
    assert [(e.start, e.end) for e in verdict.episodes] == [(T0 + 10 * SECOND, T0 + 30 * SECOND)]


def test_a_second_revocation_that_fails_after_that_opens_it_again() -> None:
    off = kill("off", 30, kind="disabled")
    many = [failed(), off, restore("on", 50), use("meant", 60), failed(70, "again"), use("since", 80)]
    verdict = must(many, KEY, NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["since"]
    assert [e.uid for e in verdict.claim] == ["failed", "again"]
    assert [(e.start, e.end) for e in verdict.episodes] == [(T0 + 70 * SECOND, 0)]
    gone = kill("gone", 90, kind="revoked")
    assert must([*many, gone], KEY, NAME).value == "proven"


def test_two_failures_in_a_row_are_one_episode() -> None:
    verdict = must([failed(), failed(12, "again"), use("after", 20)], KEY, NAME)
    assert [e.start for e in verdict.episodes] == [T0 + 10 * SECOND]


def test_a_revocation_of_what_was_dead_already_is_told_by_the_control_of_the_kill() -> None:
    many = [kill("kill", 5), failed(), use("after", 60)]
    assert (must(many, KEY, NAME).value, must(many, KEY, NAME).severity) == ("proven", None)
    assert must(many, KEY).value == "violated"


@pytest.mark.parametrize(
    ("outcome", "value"), [("succeeded", "violated"), ("failed", "violated"), ("forbidden", "violated")]
)
def test_every_authenticated_use_shows_that_it_lives(outcome: str, value: str) -> None:
    assert must([failed(), use("after", 20, outcome=outcome)], KEY, NAME).value == value


def test_the_failed_revocation_is_itself_no_use_after_it() -> None:
    own = use("failed", 10, effects=(EndFailed("revoke-self", KEY, USER),), outcome="failed")
    again = use("again", 12, effects=(EndFailed("revoke-self", KEY, USER),), outcome="failed")
    assert must([own, again], KEY, NAME).severity is None


@pytest.mark.parametrize(("source", "severity"), [("cloudtrail", Severity.MEDIUM), ("vault", None)])
def test_between_two_producers_the_skew_is_granted(source: str, severity: Severity | None) -> None:
    assert must([failed(), use("edge", 11, source=source)], KEY, NAME).severity == severity


def test_a_refusal_since_proves_that_it_is_dead() -> None:
    refused = use("no", 30, outcome="unauthenticated")
    unused = must([failed(), refused], KEY, NAME)
    assert (unused.value, unused.severity) == ("proven", None)
    assert [e.uid for e in unused.evidence] == ["no"]
    issued = change("issue", 0, Issued(KEY, USER, expires=T0 + 60 * SECOND))
    verdict = must([issued, failed(), use("after", 20), refused], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("proven", Severity.MEDIUM)
    assert verdict.episodes[0].end == 0
    early = must([failed(), refused, use("after", 40)], KEY, NAME)
    assert early.value == "violated"


def test_the_residual_ends_with_the_expiry() -> None:
    def judged(expires: float) -> Verdict:
        issued = Issued(KEY, USER, "batch", expires=T0 + int(expires * SECOND))
        return must([change("issue", 0, issued), failed(), use("after", 20)], KEY, NAME)

    standing, over = judged(2 * 3600), judged(1800)
    assert standing.value == "violated" and "; residual until" in standing.reason
    assert (over.value, over.severity) == ("proven", Severity.MEDIUM)
    assert over.episodes[0].end == T0 + 1800 * SECOND


@pytest.mark.parametrize(
    "answer",
    [
        {"response": {"warnings": ["No token found with this accessor"]}},
        {"response": {"data": {"error": hmac("batch tokens cannot be revoked")}}},
        {"response": {"data": {"error": hmac("x")}}, "error": "1 error occurred: * invalid accessor"},
    ],
    ids=["a success with a warning", "an error in the answer alone", "an error"],
)
def test_what_the_vault_refused_or_did_not_find_is_no_revocation(answer: dict[str, Any]) -> None:
    named = {"accessor": hmac("app accessor")}
    many = [
        logged(login(token_ttl=7200), 0),
        logged(line("auth/token/revoke-accessor", who=OPS, data=named, **answer), 10),
        logged(line("secret/data/app", operation="read", who=auth()), 20),
    ]
    verdict = must(many, accessor("app"), NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert verdict.identity == entity("e-app")
    assert verdict_of(many, accessor("app")) is None


def crowd(number: int, actor: str = "aws:111122223333:user/admin") -> list[Activity]:
    """So many credentials of one identity, each of which was revoked in vain and used since."""
    many = []
    for n in range(number):
        key = f"aws:key/B{n}"
        tried = EndFailed("auth/token/revoke", key, USER)
        many.append(change(f"failed {n}", 10 + n, tried, outcome="failed", identity=actor))
        many.append(use(f"after {n}", 200 + n, credential=key))
    return many


def alarms(many: list[Activity]) -> list[Verdict]:
    found = [r.verdict for r in every_way(many).last.values() if r.verdict and r.verdict.control == NAME]
    return [v for v in found if v.severity]


def test_many_by_one_actor_within_an_hour_are_one_story() -> None:
    few = alarms(crowd(5))
    assert [v.severity for v in few] == [Severity.MEDIUM] * 5
    many = alarms(crowd(20))
    loud = [v for v in many if v.severity == Severity.MEDIUM]
    assert len(many) == 21 and len(loud) == 1
    assert "20 revocations by AWS user admin (111122223333) did not take" in loud[0].title
    assert "and 10 more" in loud[0].reason and len(loud[0].evidence) == 10


def test_a_crowd_does_not_bury_what_another_actor_tried() -> None:
    many = [*crowd(20), use("before", 0), failed()]
    many[-1] = change("failed", 10, EndFailed("x", KEY, USER), outcome="failed", identity="aws:1:user/other")
    loud = [v.subject for v in alarms([*many, use("after", 20)]) if v.severity == Severity.MEDIUM]
    assert KEY in loud and len(loud) == 2


def test_revocations_hours_apart_are_no_crowd() -> None:
    spread = [frozen.changed(a, time=a.time + n // 2 * 3600 * SECOND) for n, a in enumerate(crowd(8))]
    assert [v.severity for v in alarms(spread)] == [Severity.MEDIUM] * 8
