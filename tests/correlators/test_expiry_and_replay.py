"""Cases of expired_credential_accepted, one_time_credential_replayed and revocation_failed."""

from __future__ import annotations

from schemas.activity import Activity, Ended, EndFailed, Issued, Renewed
from schemas.evidence import iso
from schemas.verdict import Confidence, Severity
from tests.correlators.test_revoked_credential_used import must, verdict_of
from tests.support.declared import verdicts
from tests.support.make import KEY, T0, USER, change, use

EXPIRED, REPLAYED, FAILED = "expired_credential_accepted", "one_time_credential_replayed", "revocation_failed"


def born(expires: float = 0, max_uses: int = 0) -> Activity:
    return change(
        "issue",
        0,
        Issued(KEY, USER, "service", expires=T0 + int(expires * 1e6) if expires else 0, max_uses=max_uses),
    )


def test_a_use_after_the_expiry_and_leeway_violates() -> None:
    verdict = must([born(30), use("fine", 20), use("late", 60)], KEY, EXPIRED)
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in verdict.evidence] == ["late"] and [e.uid for e in verdict.claim] == ["issue"]


def test_a_use_within_the_leeway_says_nothing() -> None:
    assert verdict_of([born(30), use("edge", 31.5)], KEY, EXPIRED) is None


def test_a_renewal_moves_the_expiry_even_when_it_is_learned_last() -> None:
    renewal = change("renew", 25, Renewed(KEY, USER, T0 + 90_000_000))
    assert verdict_of([born(30), use("use", 60), renewal], KEY, EXPIRED) is None


def test_a_refused_try_after_the_expiry_proves() -> None:
    verdict = must([born(30), use("try", 60, outcome="unauthenticated")], KEY, EXPIRED)
    assert (verdict.value, verdict.severity) == ("proven", None)


HOME = "k8s:c1:shop/mailer"
DAY = 86_400


def stale(number: int) -> Activity:
    issued = Issued(f"k8s:c1:jti/{number}", HOME, "service", expires=T0 + 30_000_000)
    return change(f"issue {number}", 0, issued, source="kubernetes")


def seen(uid: str, when: float, number: int = 1) -> Activity:
    return use(uid, when, HOME, f"k8s:c1:jti/{number}", source="kubernetes")


def on(when: float) -> str:
    return f"{HOME} on {iso(T0 + int(when * 1_000_000))[:10]}"


def test_a_stale_token_that_kubernetes_accepts_beyond_a_minute_is_low() -> None:
    edge = seen("edge", 85)
    assert verdict_of([stale(1), edge], on(85), EXPIRED) is None
    verdict = must([stale(1), edge, seen("late", 95)], on(95), EXPIRED)
    assert (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert [e.uid for e in verdict.evidence] == ["late"]


def test_stale_tokens_of_one_account_are_one_finding_a_day() -> None:
    many = [stale(1), stale(2), seen("one", 95), seen("two", 96, 2), seen("next day", DAY + 95)]
    assert [e.uid for e in must(many, on(95), EXPIRED).evidence] == ["one", "two"]
    assert [e.uid for e in must(many, on(DAY + 95), EXPIRED).evidence] == ["next day"]
    assert len(verdicts(EXPIRED, many)) == 2


def test_a_stale_token_that_is_refused_in_the_end_ends_the_finding() -> None:
    no = use("no", 200, HOME, "k8s:c1:jti/1", source="kubernetes", outcome="unauthenticated")
    assert must([stale(1), seen("late", 95), no], on(95), EXPIRED).value == "proven"


def test_a_refusal_after_an_expired_use_ends_it_and_a_use_after_that_opens_it_again() -> None:
    late, no = use("late", 60), use("no", 90, outcome="unauthenticated")
    ended = must([born(30), late, no], KEY, EXPIRED)
    assert (ended.value, ended.severity) == ("proven", Severity.HIGH)
    assert must([born(30), late, no, use("again", 120)], KEY, EXPIRED).value == "violated"


def test_one_success_more_than_allowed_violates() -> None:
    verdict = must([born(max_uses=1), use("first", 10), use("second", 20)], KEY, REPLAYED)
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert [e.uid for e in verdict.evidence] == ["second"]


def test_a_refused_replay_is_a_proof_and_a_low_note() -> None:
    verdict = must(
        [born(max_uses=1), use("first", 10), use("again", 20, outcome="unauthenticated")], KEY, REPLAYED
    )
    assert (verdict.value, verdict.severity) == ("proven", Severity.LOW)


def test_the_same_request_told_twice_is_one_use() -> None:
    assert verdict_of([born(max_uses=1), use("first", 10), use("first", 11)], KEY, REPLAYED) is None


def test_a_refusal_does_not_hide_that_a_replay_was_accepted() -> None:
    many = [born(max_uses=1), use("first", 10), use("no", 15, outcome="unauthenticated"), use("second", 20)]
    assert must(many, KEY, REPLAYED).value == "violated"


def failed(at: float = 10) -> Activity:
    return change("failed", at, EndFailed("auth/token/revoke", KEY, USER), outcome="failed")


def test_a_use_after_a_revocation_that_did_not_take_is_medium() -> None:
    verdict = must([use("before", 0), failed(), use("after", 20)], KEY, FAILED)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["after"]


def test_no_use_since_is_no_finding() -> None:
    assert must([use("before", 0), failed()], KEY, FAILED).severity is None


def test_a_later_revocation_that_took_ends_it() -> None:
    took = change("took", 30, Ended("auth/token/revoke-accessor", "revoked", KEY, USER))
    verdict = must([use("before", 0), failed(), use("after", 20), took], KEY, FAILED)
    assert (verdict.value, verdict.severity) == ("proven", Severity.MEDIUM)


def test_a_revocation_of_a_token_in_clear_that_no_other_record_knows_is_told_at_low_confidence() -> None:
    masked = "vault:default:token/hmac-0123"
    tried = change("failed", 10, EndFailed("auth/token/revoke", masked), outcome="failed", source="vault")
    verdict = must([tried], masked, FAILED)
    assert (verdict.value, verdict.severity, verdict.confidence) == (
        "violated",
        Severity.MEDIUM,
        Confidence.LOW,
    )
    assert must([failed()], KEY, FAILED).severity is None
