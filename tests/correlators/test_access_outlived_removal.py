"""Cases of access_outlived_removal."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Ended, Issued, Restored
from schemas.evidence import SECOND
from schemas.verdict import Clock, Severity, Verdict
from tests.support.bindings import GRANT, OTHER, WIDE, allowed, given, read, session, taken
from tests.support.kubernetes import ACCOUNT, deleted
from tests.support.make import T0, change, use
from tests.support.scenario import clock_after, every_way

NAME = "access_outlived_removal"
DAY = 86_400


def judged(many: list[Activity], clock: Clock | None = None) -> list[Verdict]:
    last = every_way(many, clock or clock_after(many)).last.values()
    return [r.verdict for r in last if r.verdict and r.verdict.control == NAME]


def one(*records: dict[str, Any]) -> Verdict:
    """The verdict about the mailer's binding, after these records and an hour."""
    many = read(*records)
    (verdict,) = [v for v in judged(many) if v.subject == f"{GRANT} {ACCOUNT}"]
    assert verdict.identity == ACCOUNT
    return verdict


def test_a_session_that_stood_open_past_the_removal_is_told_with_both_events() -> None:
    verdict = one(given(0), *session(10, 600), taken(60))
    assert (verdict.value, verdict.severity) == ("assumed", Severity.MEDIUM)
    assert {e.uid for e in (*verdict.claim, *verdict.evidence)} == {"audit-60", "session-10"}
    assert "create pods/exec of 2026-11-22T10:00:10Z stood open until 2026-11-22T10:10:10Z" in verdict.reason


def test_a_session_whose_end_is_not_on_record_stands_open() -> None:
    verdict = one(given(0), *session(10, 0), taken(60))
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)


@pytest.mark.parametrize(
    ("what", "resource", "severity"),
    [("attach", "pods", Severity.MEDIUM), ("portforward", "pods", Severity.MEDIUM),
     ("watch", "configmaps", Severity.LOW), ("watch", "secrets", Severity.MEDIUM),
     ("log", "pods", Severity.LOW)],
)  # fmt: skip
def test_what_only_listens_is_low_unless_it_is_shown_secrets(
    what: str, resource: str, severity: Severity
) -> None:
    assert one(given(0), *session(10, 600, what, resource=resource), taken(60)).severity == severity


def test_a_session_that_was_over_before_the_removal_is_none() -> None:
    assert one(given(0), *session(10, 40), taken(60)).severity is None


def test_a_session_that_ends_within_the_clusters_time_is_none_and_one_just_after_it_is() -> None:
    assert one(given(0), *session(10, 54), taken(60)).severity is None
    assert one(given(0), *session(10, 56), taken(60)).severity == Severity.MEDIUM


def test_a_session_that_another_binding_allowed_is_not_the_removed_ones() -> None:
    assert one(given(0), allowed(5), *session(10, 600, by="other"), taken(60)).severity is None


def test_a_watch_whose_end_was_lost_is_not_open_for_ever() -> None:
    many = read(given(0), *session(10, 0, "watch"), taken(60))
    (soon,) = judged(many)
    assert soon.value == "violated"
    later = clock_after(many, 48)
    (late,) = judged(many, Clock(later.now, {"kubernetes": later.now}))
    assert late.severity is None


def test_the_log_must_have_reached_the_removal_before_an_open_session_is_told() -> None:
    many = read(given(0), *session(10, 0), taken(60))
    behind = many[0].time + 30 * SECOND
    (verdict,) = judged(many, Clock(behind + 3600 * SECOND, {"kubernetes": behind}))
    assert verdict.severity is None and verdict.value == "unverifiable"


def test_what_it_had_allowed_is_refused_proves() -> None:
    verdict = one(given(0), allowed(10), taken(60), allowed(70, code=403))
    assert (verdict.value, verdict.severity) == ("proven", None)
    assert [e.uid for e in verdict.evidence] == ["audit-70"]


def test_something_else_refused_proves_nothing() -> None:
    refused = allowed(70, code=403, resource="secrets")
    assert one(given(0), allowed(10), taken(60), refused).value == "assumed"


def test_what_it_had_allowed_goes_on_through_an_older_wider_grant_which_is_named() -> None:
    """A cluster role binding is looked at first, so it came after the last use by the other one."""
    verdict = one(
        given(0), allowed(10), given(20, "mailer-view", "view", OTHER, wide=True), taken(60),
        allowed(90, "mailer-view", wide=True),
    )  # fmt: skip
    assert (verdict.value, verdict.severity, verdict.others) == ("violated", Severity.LOW, (WIDE,))
    assert "it goes on through k8s:c1:clusterrolebinding/mailer-view" in verdict.reason


def test_one_that_was_there_before_the_log_is_medium() -> None:
    verdict = one(given(0), allowed(10), taken(60), allowed(90, "mailer-view", wide=True))
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)


def test_it_is_over_once_the_access_is_refused() -> None:
    verdict = one(
        given(0), allowed(10), taken(60), allowed(90, "mailer-view", wide=True), allowed(200, code=403)
    )
    assert (verdict.value, verdict.severity) == ("proven", Severity.MEDIUM)


def test_uses_that_the_wider_grant_allowed_all_along_are_in_other_namespaces() -> None:
    """Argo CD lists the whole cluster by one binding and had another in one namespace."""
    wide = [allowed(t, "mailer-view", wide=True) for t in (5, 90, 120)]
    assert one(given(0), allowed(10), taken(60), *wide).severity is None


def test_another_namespaces_binding_is_another_access() -> None:
    elsewhere = allowed(90, "mailer-view")
    elsewhere["annotations"]["authorization.k8s.io/reason"] = (
        'RBAC: allowed by RoleBinding "mailer-view/billing" of Role "x" to ServiceAccount "mailer/shop"'
    )
    assert one(given(0), allowed(10), taken(60), elsewhere).severity is None


def test_a_leader_election_binding_that_goes_leaves_other_operations_alone() -> None:
    lease = allowed(10, resource="leases", verb="update")
    assert one(given(0), lease, taken(60), allowed(90, "mailer-view", wide=True)).severity is None


def test_an_upgrade_that_renames_a_binding_is_a_move() -> None:
    """Helm makes the new one and then deletes what the chart does not have any more."""
    renamed = (
        given(0),
        allowed(10),
        given(50, "mailer-reader-v2"),
        taken(52),
        allowed(90, "mailer-reader-v2"),
    )
    assert one(*renamed).severity is None
    by_another = (given(0), allowed(10), given(52, "mailer-reader-v2", by=OTHER), taken(60))
    assert one(*by_another, allowed(90, "mailer-reader-v2")).severity == Severity.LOW


def test_a_binding_made_again_is_no_removal() -> None:
    """kubectl replace --force, Argo CD with Replace=true."""
    made_again = (given(0), allowed(10), *session(20, 600), taken(60), given(61), allowed(90))
    assert judged(read(*made_again)) == []
    by_another = (given(0), *session(20, 600), taken(60), given(300, by=OTHER))
    assert one(*by_another).value == "assumed"


def test_a_grant_given_after_the_removal_is_a_new_decision() -> None:
    new = given(80, "mailer-view", "view", OTHER, wide=True)
    assert one(given(0), allowed(10), taken(60), new, allowed(90, "mailer-view", wide=True)).severity is None


def test_an_update_that_keeps_the_subject_takes_nothing_from_it() -> None:
    """Each ``kubectl apply`` and each reconciling operator writes the binding whole."""
    updated = given(60, verb="update")
    assert judged(read(given(0), *session(10, 600), updated)) == []
    dropped = given(60, verb="update", to=("other",))
    assert one(given(0), *session(10, 600), dropped).severity == Severity.MEDIUM


def test_a_binding_never_seen_in_use_beside_a_wider_one_is_informational() -> None:
    wide = given(5, "mailer-view", "view", wide=True)
    uses = [allowed(t, "mailer-view", wide=True) for t in (20, 90)]
    verdict = one(given(0), wide, uses[0], taken(60), uses[1])
    assert (verdict.severity, [e.uid for e in verdict.evidence]) == (Severity.INFORMATIONAL, ["audit-90"])
    assert "the identity acts on through" in verdict.reason


def test_a_session_outlived_its_account_too_and_the_claim_says_so() -> None:
    gone = deleted(70, "serviceaccounts", "mailer")
    verdict = one(given(0), *session(10, 600), taken(60), gone)
    assert {e.uid for e in verdict.claim} == {"audit-60", "audit-70"}


def test_a_removal_that_is_taken_back_closes() -> None:
    verdict = one(given(0), *session(10, 0), taken(60), given(1900, by=OTHER))
    assert (verdict.value, verdict.severity) == ("assumed", Severity.MEDIUM)


ROLE = "vault:prod:auth/approle/role/search"
TOKEN = "vault:prod:accessor/a1"


def _token(at: float, expires: float, **more: Any) -> Activity:
    issued = Issued(TOKEN, TOKEN, "service", groups={ROLE: "token "}, expires=T0 + int(expires * SECOND))
    return use("login", at, TOKEN, TOKEN, source="vault", effects=(issued,), **more)


def _gone(at: float) -> Activity:
    ended = Ended("role deleted", "removed", group=ROLE, claims_cut=False, carries=False, scope="token ")
    return change("gone", at, ended, source="vault", identity="vault:prod:entity/admin", credential="")


def _uses(*when: float) -> list[Activity]:
    return [use(f"use {t}", t, TOKEN, TOKEN, source="vault") for t in when]


@pytest.mark.parametrize(("expires", "severity"), [(1800, Severity.LOW), (30 * DAY, Severity.MEDIUM)])
def test_a_token_that_works_after_its_role_was_deleted_is_a_residual(
    expires: float, severity: Severity
) -> None:
    many = [_token(0, expires), _gone(60), *_uses(10, 120)]
    (verdict,) = judged(many, Clock(T0 + 600 * SECOND, {"vault": T0 + 600 * SECOND}))
    assert (verdict.value, verdict.severity) == ("violated", severity)
    assert [e.uid for e in verdict.evidence] == ["use 120"]
    later = T0 + 2 * 3600 * SECOND
    (after,) = judged(many, Clock(later, {"vault": later}))
    assert after.value == ("assumed" if expires < DAY else "violated")


def test_a_role_that_terraform_replaces_is_not_removed() -> None:
    again = Restored("role written", "removed", group=ROLE, scope="token ")
    who = {"identity": "vault:prod:entity/admin", "credential": ""}
    back = change("back", 61, again, source="vault", **who)
    assert judged([_token(0, 30 * DAY), _gone(60), back, *_uses(10, 60.5, 120)]) == []


def test_a_deleted_policy_says_nothing_of_what_others_allow() -> None:
    ended = Ended("policy deleted", "removed", group=ROLE, carries=False, scope="token ")
    gone = change("gone", 60, ended, source="vault", identity="vault:prod:entity/admin", credential="")
    assert judged([_token(0, 30 * DAY), gone, *_uses(10, 120)]) == []


def test_a_token_refused_after_its_role_went_proves() -> None:
    refused = use("no", 120, TOKEN, TOKEN, source="vault", outcome="unauthenticated")
    (verdict,) = judged([_token(0, 30 * DAY), _gone(60), *_uses(10), refused])
    assert verdict.value == "proven"
