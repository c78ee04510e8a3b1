"""Cases of one_time_credential_replayed."""

from __future__ import annotations

from schemas.activity import Activity, Issued
from schemas.verdict import Severity
from tests.correlators.test_revoked_credential_used import must, verdict_of
from tests.support.make import KEY, USER, change, use

NAME = "one_time_credential_replayed"


def born(uses: int = 1) -> Activity:
    return change("issue", 0, Issued(KEY, USER, "service", max_uses=uses))


def test_one_success_more_than_allowed_violates() -> None:
    verdict = must([born(), use("first", 10), use("second", 20)], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in verdict.evidence] == ["second"]


def test_a_refused_replay_is_a_proof_and_a_low_note() -> None:
    verdict = must([born(), use("first", 10), use("again", 20, outcome="unauthenticated")], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("proven", Severity.LOW)


def test_the_same_request_told_twice_is_one_use() -> None:
    assert verdict_of([born(), use("first", 10), use("first", 11)], KEY, NAME) is None


def test_a_refusal_does_not_hide_that_a_replay_was_accepted() -> None:
    many = [born(), use("first", 10), use("no", 15, outcome="unauthenticated"), use("second", 20)]
    assert must(many, KEY, NAME).value == "violated"
