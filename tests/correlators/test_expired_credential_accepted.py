"""Cases of expired_credential_accepted."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Issued, Known, Renewed
from schemas.evidence import iso
from schemas.verdict import Confidence, Severity
from tests.support.declared import verdicts
from tests.support.judged import must, verdict_of
from tests.support.make import KEY, T0, USER, change, use

NAME = "expired_credential_accepted"


def born(expires: float) -> Activity:
    return change("issue", 0, Issued(KEY, USER, "service", expires=T0 + int(expires * 1e6)))


def test_a_use_after_the_expiry_and_leeway_violates() -> None:
    verdict = must([born(30), use("fine", 20), use("late", 60)], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in verdict.evidence] == ["late"] and [e.uid for e in verdict.claim] == ["issue"]
    assert "was accepted after its expiry" in verdict.title
    assert [(e.start, e.end) for e in verdict.episodes] == [(T0 + 30_000_000, 0)]


def test_a_use_within_the_leeway_says_nothing() -> None:
    assert verdict_of([born(30), use("edge", 31.5)], KEY, NAME) is None


def test_a_renewal_moves_the_expiry_even_when_it_is_learned_last() -> None:
    renewal = change("renew", 25, Renewed(KEY, USER, T0 + 90_000_000))
    assert verdict_of([born(30), use("use", 60), renewal], KEY, NAME) is None


def test_a_refused_try_after_the_expiry_proves() -> None:
    verdict = must([born(30), use("try", 60, outcome="unauthenticated")], KEY, NAME)
    assert (verdict.value, verdict.severity, verdict.episodes) == ("proven", None, ())
    assert "was refused after its expiry" in verdict.title and "1 refused try" in verdict.reason


HOME = "k8s:c1:shop/mailer"
DAY = 86_400


def stale(number: int) -> Activity:
    """A token of which the server says that it is stale."""
    token = f"k8s:c1:jti/{number}"
    issued = Issued(token, HOME, "token", expires=T0 + 30_000_000)
    said = Known(token, HOME, "token_extended", expires=T0 + 30_000_000)
    return change(f"issue {number}", 0, issued, said, source="kubernetes")


def seen(uid: str, when: float, number: int = 1) -> Activity:
    return use(uid, when, HOME, f"k8s:c1:jti/{number}", source="kubernetes")


def on(when: float) -> str:
    return f"{HOME} on {iso(T0 + int(when * 1_000_000))[:10]}"


def test_a_stale_token_that_kubernetes_accepts_beyond_a_minute_is_low() -> None:
    edge = seen("edge", 85)
    assert verdict_of([stale(1), edge], on(85), NAME) is None
    verdict = must([stale(1), edge, seen("late", 95)], on(95), NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert [e.uid for e in verdict.evidence] == ["late"]


def test_a_token_that_the_server_does_not_call_stale_is_high() -> None:
    token = Issued("k8s:c1:jti/1", HOME, "token", expires=T0 + 30_000_000)
    verdict = must([change("issue", 0, token, source="kubernetes"), seen("late", 95)], "k8s:c1:jti/1", NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)


def test_stale_tokens_of_one_account_are_one_finding_a_day() -> None:
    many = [stale(1), stale(2), seen("one", 95), seen("two", 96, 2), seen("next day", DAY + 95)]
    assert [e.uid for e in must(many, on(95), NAME).evidence] == ["one", "two"]
    assert [e.uid for e in must(many, on(DAY + 95), NAME).evidence] == ["next day"]
    assert len(verdicts(NAME, many)) == 2


def test_a_stale_token_that_is_refused_in_the_end_ends_the_finding() -> None:
    no = use("no", 200, HOME, "k8s:c1:jti/1", source="kubernetes", outcome="unauthenticated")
    assert must([stale(1), seen("late", 95), no], on(95), NAME).value == "proven"


def test_a_refusal_after_an_expired_use_ends_it_and_a_use_after_that_opens_it_again() -> None:
    late, no = use("late", 60), use("no", 90, outcome="unauthenticated")
    ended = must([born(30), late, no], KEY, NAME)
    assert (ended.value, ended.severity) == ("proven", Severity.HIGH)
    assert must([born(30), late, no, use("again", 120)], KEY, NAME).value == "violated"


@pytest.mark.parametrize("outcome", ["failed", "forbidden"])
def test_every_authenticated_use_shows_that_it_was_accepted(outcome: str) -> None:
    assert must([born(30), use("late", 60, outcome=outcome)], KEY, NAME).value == "violated"


def test_a_refusal_while_it_lived_says_nothing_of_its_expiry() -> None:
    assert verdict_of([born(30), use("no", 20, outcome="unauthenticated")], KEY, NAME) is None


@pytest.mark.parametrize("kind", ["lease", "wrapping"])
def test_leases_and_wrapping_tokens_are_judged_elsewhere(kind: Any) -> None:
    issued = change("issue", 0, Issued(KEY, USER, kind, expires=T0 + 30_000_000))
    assert verdict_of([issued, use("late", 60)], KEY, NAME) is None


def test_an_expiry_that_only_a_renewal_told_is_one_too() -> None:
    renewal = change("renew", 5, Renewed(KEY, USER, T0 + 30_000_000))
    verdict = must([renewal, use("late", 60)], KEY, NAME)
    assert (verdict.value, verdict.confidence) == ("violated", Confidence.HIGH)


def test_one_stale_token_is_named_and_of_several_their_number() -> None:
    one = must([stale(1), seen("one", 95)], on(95), NAME)
    assert "its token accepted after expiry" in one.title and one.confidence == Confidence.HIGH
    two = must([stale(1), stale(2), seen("one", 95), seen("two", 96, 2)], on(95), NAME)
    assert "2 tokens accepted after expiry" in two.title
