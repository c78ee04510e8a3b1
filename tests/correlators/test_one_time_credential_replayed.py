"""Cases of one_time_credential_replayed."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Issued
from schemas.verdict import Severity
from tests.support.judged import must, verdict_of
from tests.support.make import KEY, USER, change, use
from tests.support.vault_lines import accessor, auth, hmac, line, logged, login

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


@pytest.mark.parametrize("outcome", ["unauthenticated", "failed"])
def test_a_replay_that_was_refused_before_the_last_allowed_use_says_nothing(outcome: str) -> None:
    early, late = (use(uid, at, outcome=outcome) for uid, at in (("early", 5), ("late", 20)))
    assert verdict_of([born(), early, use("first", 10)], KEY, NAME) is None
    assert must([born(), use("first", 10), late], KEY, NAME).value == "proven"


def test_what_is_good_for_two_uses_is_replayed_by_the_third() -> None:
    two = [born(2), use("1", 10), use("2", 20)]
    assert verdict_of(two, KEY, NAME) is None
    verdict = must([*two, use("3", 30)], KEY, NAME)
    assert verdict.severity == Severity.HIGH and "good for 2 uses" in verdict.title
    assert [(e.uid) for e in (*verdict.claim, *verdict.evidence)] == ["2", "3"]
    refused = must([*two, use("3", 30, outcome="unauthenticated")], KEY, NAME)
    assert (refused.value, refused.severity) == ("proven", None), "a client that was not told to stop"
    assert must([born(), use("1", 10), use("2", 20)], KEY, NAME).title.count("good for one use,") == 1


WRAPPED = {
    "ttl": 120,
    "token": hmac("w token"),
    "accessor": hmac("w accessor"),
    "wrapped_accessor": hmac("a1"),
}
UNWRAPS = auth("w", "", entity_id=None, policies=["response-wrapping"], remaining_uses=1)
SHOWN = {"data": {"secret_id": hmac("s1"), "secret_id_accessor": hmac("a1")}}


def unwrapping() -> list[Activity]:
    """A secret id that was handed over wrapped, and its unwrap."""
    ops = auth("ops", "e-ops")
    asked = line("auth/approle/role/payments/secret-id", who=ops, response={"wrap_info": WRAPPED})
    return [logged(asked, 0), logged(line("sys/wrapping/unwrap", who=UNWRAPS, response=SHOWN), 20)]


def test_a_wrapped_secret_is_good_for_one_unwrap() -> None:
    assert verdict_of(unwrapping(), accessor("w"), NAME) is None
    again = logged(line("sys/wrapping/unwrap", who=UNWRAPS, response=SHOWN), 40)
    verdict = must([*unwrapping(), again], accessor("w"), NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)


@pytest.mark.parametrize("shown", ["as its own token", "in the body"])
def test_a_second_unwrap_that_is_refused_tells_that_somebody_holds_a_copy(shown: str) -> None:
    """The refused line names nobody: only the token, which the issue tied to its accessor."""
    error: dict[str, Any] = {"error": "wrapping token is not valid or does not exist", "kind": "request"}
    if shown == "in the body":
        refused = line("sys/wrapping/unwrap", data={"token": hmac("w token")}, **error)
    else:
        refused = line("sys/wrapping/unwrap", client_token=hmac("w token"), **error)
    verdict = must([*unwrapping(), logged(refused, 40)], accessor("w"), NAME)
    assert (verdict.value, verdict.severity) == ("proven", Severity.LOW)


def test_a_token_whose_last_allowed_use_was_told_is_dead_after_it() -> None:
    """Only the line itself says how many uses were left: 1 was the last."""
    one_left = auth(remaining_uses=1, num_uses=5)
    many = [
        logged(login(), 0),
        logged(line("secret/data/app", operation="read", who=one_left), 20),
        logged(line("secret/data/app", error="permission denied", client_token=hmac("app token")), 40),
    ]
    assert must(many, accessor("app"), "dead_credential_tried").severity == Severity.INFORMATIONAL
