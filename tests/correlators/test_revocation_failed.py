"""Cases of revocation_failed."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Ended, EndFailed, Issued
from schemas.evidence import SECOND
from schemas.verdict import Confidence, Severity, Verdict
from tests.correlators.test_revoked_credential_used import must, verdict_of
from tests.support.make import KEY, T0, USER, change, kill, restore, use
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
