"""Cases of trust_outlived_subject."""

from __future__ import annotations

import pytest

from schemas.activity import Activity, Ended, Restored
from schemas.naming import spoken
from schemas.verdict import Clock, Confidence, Severity, Verdict
from tests.support.declared import at, declared, verdicts
from tests.support.make import change, use
from tests.support.scenario import every_way

NAME = "trust_outlived_subject"
SUBJECT = "k8s:c1:shop/mailer"
WEB = "aws:111122223333:web/oidc.eks/system:serviceaccount:shop:mailer"
JOINED = declared(SUBJECT, aliases=(WEB,))


def gone(when: float = 100) -> Activity:
    return change(
        "gone", when, Ended("delete serviceaccounts/mailer", "deleted", identity=SUBJECT), source="kubernetes"
    )


OTHER = "k8s:c1:user/bob"


def again(when: float, by: str = OTHER) -> Activity:
    made = Restored("create serviceaccounts/mailer", "remade", identity=SUBJECT)
    return change("again", when, made, source="kubernetes", identity=by)


def exchange(uid: str, when: float, **more: object) -> Activity:
    return use(uid, when, WEB, "", operation="AssumeRoleWithWebIdentity", **more)


def judged(many: list[Activity]) -> Verdict:
    (verdict,) = verdicts(NAME, many)
    return verdict


def test_an_exchange_by_a_subject_that_was_deleted_is_high() -> None:
    verdict = judged([JOINED, exchange("before", 50), gone(), exchange("after", 200)])
    assert (verdict.value, verdict.severity, verdict.identity) == ("violated", Severity.HIGH, SUBJECT)
    assert [e.uid for e in verdict.claim] == ["gone"] and [e.uid for e in verdict.evidence] == ["after"]
    assert f"{spoken(SUBJECT)} was admitted after it was deleted" in verdict.title
    assert verdict.next_step == f"take {SUBJECT} out of the trust" and verdict.others == (WEB,)
    assert [(e.start, e.end) for e in verdict.episodes] == [(at(100), 0)]


def test_another_of_the_same_name_is_told_with_little_confidence() -> None:
    verdict = judged([JOINED, gone(), again(150), exchange("after", 200)])
    assert (verdict.severity, verdict.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert "made again at" in verdict.reason


def test_an_account_that_its_deployment_made_anew_at_once_is_the_one_that_is_trusted() -> None:
    admin = gone().identity
    many = [JOINED, exchange("before", 50), gone()]
    given = judged([*many, again(103, admin), exchange("after", 200)])
    assert (given.value, given.severity) == ("assumed", None) and "one deployment" in given.reason
    for other in (again(103), again(100 + 601, admin)):
        verdict = judged([*many, other, exchange("after", 900)])
        assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert judged([*many, exchange("after", 200), again(700, admin)]).value == "assumed"


def test_a_second_deletion_that_nobody_made_good_is_told() -> None:
    admin = gone().identity
    last = change("last", 300, Ended("delete", "deleted", identity=SUBJECT), source="kubernetes")
    many = [JOINED, gone(), again(103, admin), last, exchange("after", 400)]
    verdict = judged(many)
    assert (verdict.severity, [e.uid for e in verdict.claim]) == (Severity.HIGH, ["last"])


ROLE, BILLING = "aws:111122223333:role/data", "aws:111122223333:role/billing"
DENIED = {"outcome": "forbidden"}


def test_who_is_denied_is_not_admitted() -> None:
    denied = [exchange("one", 200, asked=ROLE, **DENIED), exchange("two", 300, asked=ROLE, **DENIED)]
    verdict = judged([JOINED, gone(), *denied])
    assert (verdict.value, verdict.severity) == ("assumed", None) and "denied since" in verdict.reason
    let_in = exchange("before", 50, asked=ROLE)
    assert judged([JOINED, let_in, gone(), *denied]).value == "proven"


def test_a_trust_is_refuted_by_the_role_that_admitted_and_by_no_other() -> None:
    many = [JOINED, gone(), exchange("in", 200, asked=ROLE)]
    assert judged([*many, exchange("no", 300, asked=BILLING, **DENIED)]).value == "violated"
    assert judged([*many, exchange("no", 300, asked=ROLE, **DENIED)]).value == "proven"
    token = exchange("bad token", 300, asked=ROLE, outcome="unauthenticated", action="aside")
    assert judged([*many, token]).value == "violated"


def test_a_denial_ends_it_only_once_no_exchange_came_for_an_hour() -> None:
    many = [JOINED, gone(), exchange("in", 200, asked=ROLE), exchange("no", 300, asked=ROLE, **DENIED)]
    for now, value in ((200 + 3599, "violated"), (200 + 3600, "proven")):
        world = every_way(many, Clock(at(now), {"cloudtrail": at(now), "kubernetes": at(now)}))
        (verdict,) = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
        assert verdict.value == value


def test_between_the_two_of_a_name_it_is_the_dead_one() -> None:
    verdict = judged([JOINED, gone(), exchange("between", 200), again(300), exchange("after", 400)])
    assert verdict.severity == Severity.HIGH


def test_a_refused_exchange_proves() -> None:
    verdict = judged([JOINED, exchange("before", 50), gone(), exchange("no", 200, outcome="unauthenticated")])
    assert (verdict.value, verdict.severity) == ("proven", None)
    over = judged([JOINED, gone(), exchange("in", 200), exchange("no", 300, outcome="unauthenticated")])
    assert (over.value, over.severity) == ("proven", Severity.HIGH)


def test_silence_is_assumed_and_within_the_propagation_nothing_is_said() -> None:
    silent = judged([JOINED, exchange("before", 50), gone()])
    assert silent.value == "assumed" and "is trusted elsewhere after it was deleted" in silent.title
    assert (silent.next_step, silent.episodes) == ("", ())
    assert judged([JOINED, gone(), exchange("at once", 110)]).severity is None


def test_without_a_join_or_a_deletion_there_is_no_row() -> None:
    assert verdicts(NAME, [gone(), exchange("after", 200)]) == []
    assert verdicts(NAME, [JOINED, exchange("after", 200)]) == []


def test_the_subjects_own_uses_are_no_exchange() -> None:
    assert (
        verdicts(NAME, [JOINED, gone(), use("own", 200, SUBJECT, "k8s:c1:jti/1", source="kubernetes")]) == []
    )


def test_an_exchange_that_failed_after_it_was_accepted_is_admitted() -> None:
    verdict = judged([JOINED, gone(), exchange("after", 200, outcome="failed")])
    assert (verdict.severity, verdict.confidence) == (Severity.HIGH, Confidence.HIGH)


@pytest.mark.parametrize(
    "key",
    [
        WEB,
        "aws:111122223333:saml/okta/mailer",
        "vault:prod:ksa/c1/shop/mailer",
        "gcp:p:pool/main/subject/mailer",
        "entra:t:fic/mailer",
    ],
)
def test_every_kind_of_federated_key_is_the_other_side(key: str) -> None:
    joined = declared(SUBJECT, aliases=(key,))
    after = use("after", 200, key, "", source="cloudtrail")
    assert judged([joined, gone(), after]).value == "violated"
    own = change("own", 100, Ended("gone", "deleted", identity=key))
    assert verdicts(NAME, [joined, own, after]) == [], "its own side ended it: no trust is left over"


@pytest.mark.parametrize("kind", ["disabled", "cut"])
def test_only_a_deletion_leaves_a_trust_without_a_subject(kind: str) -> None:
    off = change("off", 100, Ended("off", kind, identity=SUBJECT), source="kubernetes")  # type: ignore[arg-type]
    assert verdicts(NAME, [JOINED, off, exchange("after", 200)]) == []
    assert verdicts(NAME, [JOINED, again(100), exchange("after", 200)]) == []


def test_a_refusal_before_the_deletion_or_before_the_last_exchange_proves_nothing() -> None:
    no = {"outcome": "unauthenticated"}
    assert judged([JOINED, exchange("no", 50, **no), gone()]).value == "assumed"
    many = [JOINED, gone(), exchange("no", 150, **no), exchange("after", 200)]
    assert judged(many).value == "violated"


def test_without_the_other_sides_log_nothing_can_be_said() -> None:
    before = exchange("before", 50)
    world = every_way([JOINED, before, gone()], Clock(gone().time + 3_600_000_000, {"cloudtrail": 1}))
    (verdict,) = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]
    assert verdict.value == "unverifiable" and "no kubernetes records are collected" in verdict.reason


def test_what_is_enabled_again_is_not_made_again() -> None:
    on = change("on", 150, Restored("enabled", "disabled", identity=SUBJECT), source="kubernetes")
    verdict = judged([JOINED, gone(), on, exchange("after", 200)])
    assert (verdict.severity, verdict.confidence) == (Severity.HIGH, Confidence.HIGH)
