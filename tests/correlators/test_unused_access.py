"""Cases of unused_access."""

from __future__ import annotations

from schemas.activity import Activity, Granted, Withdrawn
from schemas.verdict import Severity, Verdict
from tests.support.declared import DAY, approved, verdicts
from tests.support.make import change, use

NAME = "unused_access"
POD = "k8s:c1:shop/mailer"
GRANT, OTHER = "k8s:c1:rolebinding/shop/reader", "k8s:c1:rolebinding/shop/writer"


def given(day: float, grant: str = GRANT) -> Activity:
    effect = Granted(grant, "k8s:c1:role/shop/r", "create rolebindings/x", (POD,))
    return change(f"{grant} {day}", day * DAY, effect, source="kubernetes")


def taken(day: float) -> Activity:
    return change(f"taken {day}", day * DAY, Withdrawn(GRANT, "delete rolebindings/x"), source="kubernetes")


def used(day: float, grant: str = GRANT) -> Activity:
    fields = {"source": "kubernetes", "allowed_by": grant}
    return use(f"use {day} {grant}", day * DAY, POD, "k8s:c1:jti/1", **fields)


def judged(*many: Activity, now: float = 120, since: float = -1) -> Verdict | None:
    found = verdicts(NAME, list(many), now * DAY, since * DAY)
    mine = [v for v in found if v.subject == f"{POD} {GRANT}"]
    return mine[0] if mine else None


def test_a_grant_that_is_not_used_for_ninety_days_is_informational() -> None:
    verdict = judged(given(0), used(1, OTHER))
    assert verdict is not None
    assert (verdict.value, verdict.severity) == ("violated", Severity.INFORMATIONAL)
    assert "not used since" in verdict.reason


def test_one_that_was_used_within_them_is_none_and_one_used_before_names_its_last_use() -> None:
    assert judged(given(0), used(60)) is None
    verdict = judged(given(0), used(10))
    assert verdict is not None and [e.uid for e in verdict.evidence] == [f"use 10 {GRANT}"]


def test_a_young_grant_and_one_that_was_taken_away_are_none() -> None:
    assert judged(given(60), used(61, OTHER)) is None
    assert judged(given(0), used(1, OTHER), taken(5)) is None
    assert judged(given(0), used(1, OTHER), taken(5), given(6)) is not None


def test_where_the_log_was_not_watched_throughout_nothing_is_said() -> None:
    assert judged(given(0), used(1, OTHER), since=30) is None


def test_a_log_that_does_not_say_what_allowed_a_use_leaves_it_unverifiable() -> None:
    verdict = judged(given(0), use("u", DAY, POD, "k8s:c1:jti/1", source="kubernetes"))
    assert verdict is not None and (verdict.value, verdict.severity) == ("unverifiable", None)


def test_access_for_emergencies_is_there_to_be_unused() -> None:
    assert judged(given(0), used(1, OTHER), approved(POD, 0, DAY, "break-glass")) is None


def test_a_grant_that_was_there_before_the_log_is_not_judged() -> None:
    assert judged(used(1)) is None
