"""Cases of elevation_outside_window."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity
from schemas.evidence import Evidence
from schemas.fact import facts_of
from schemas.sources import Context, inventory
from schemas.verdict import Severity, Verdict
from tests.support.bindings import GRANT, OTHER, allowed, given, read
from tests.support.declared import approved, at, declared, verdicts
from tests.support.kubernetes import ACCOUNT
from tests.support.make import KEY, ROLE, SESSION, T0, USER, issue, use

NAME = "elevation_outside_window"
HOUR = 3600.0
DAY = 24 * HOUR


def assumed(uid: str, when: float) -> Activity:
    return issue(uid, when, f"{SESSION}{when:.0f}", ROLE, KEY, USER)


def window(start: float, end: float, uid: str = "approval", **more: Any) -> Activity:
    """An approval of the role, recorded when it starts."""
    return approved(USER, start, end, "role/payments", uid, **more)


def judged(many: list[Activity], **more: Any) -> Verdict | None:
    found = verdicts(NAME, many, **more)
    assert len(found) <= 1
    return found[0] if found else None


def evidence(many: list[Activity], **more: Any) -> list[str]:
    verdict = judged(many, **more)
    assert verdict is not None
    return [e.uid for e in verdict.evidence] if verdict.severity else []


def test_a_role_taken_on_after_its_window_is_told() -> None:
    verdict = judged([window(0, HOUR), assumed("in", 60), assumed("out", 2 * HOUR)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["out"]
    assert verdict.subject == f"{USER} role/payments" and verdict.claim


def test_within_the_window_proves_and_nothing_seen_is_assumed() -> None:
    verdict = judged([window(0, HOUR), assumed("in", 60)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("proven", None)
    verdict = judged([window(0, HOUR), use("other", 60)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("assumed", None)


def test_without_declared_state_nothing_is_said() -> None:
    assert judged([assumed("out", 2 * HOUR)]) is None
    assert judged([declared(USER), assumed("out", 2 * HOUR)]) is None


def test_an_approval_without_an_end_leaves_nothing_outside() -> None:
    record = (
        f'{{"gapwatch": "inventory/v1", "approvals": [{{"identity": "{USER}", "grant": "role/payments"}}]}}'
    )
    (standing,) = inventory.read(record.encode(), Context(key=b"k")).activities
    assert judged([standing, assumed("any", 9 * HOUR)]) is None


@pytest.mark.parametrize("late", [False, True])
def test_an_extension_covers_even_recorded_after_the_use(late: bool) -> None:
    more = window(HOUR, 3 * HOUR, "extension", ticket="T-2")
    recorded = Activity("x", at(5 * HOUR if late else 0), "inventory", effects=more.effects)
    assert evidence([window(0, HOUR), recorded, assumed("out", 2 * HOUR)]) == []


def test_the_approval_that_arrives_after_the_use_withdraws_and_one_of_another_role_does_not() -> None:
    first, act = window(0, HOUR), assumed("out", 2 * HOUR)
    after = Activity("x", at(9 * HOUR), "inventory", effects=window(HOUR, 3 * HOUR, ticket="T-2").effects)
    assert evidence([first, act, after]) == []
    other = approved(USER, HOUR, 3 * HOUR, "role/other", "o")
    assert "out" in [e.uid for v in verdicts(NAME, [first, act, other]) if v.severity for e in v.evidence]


def test_a_later_record_of_the_same_approval_that_ends_it_early_counts() -> None:
    cut_short = Activity("x", at(60), "inventory", effects=window(0, 120).effects)
    assert evidence([window(0, HOUR), cut_short, assumed("out", 1800)]) == ["out"]
    assert evidence([window(0, HOUR), assumed("in", 1800)]) == []


def test_the_brokers_minutes_are_no_violation_and_the_sixth_is() -> None:
    assert evidence([window(0, HOUR), assumed("in", HOUR + 290)]) == []
    assert evidence([window(0, HOUR), assumed("out", HOUR + 310)]) == ["out"]


def test_before_a_window_opens_is_outside_it() -> None:
    first = Activity("x", at(0), "inventory", effects=window(HOUR, 2 * HOUR).effects)
    assert evidence([first, assumed("early", 600)]) == ["early"]
    assert evidence([first, assumed("skewed", HOUR - 1)]) == []


def test_what_was_done_before_approvals_were_kept_is_not_held_against_them() -> None:
    first = Activity("x", at(10 * DAY), "inventory", effects=window(10 * DAY, 11 * DAY).effects)
    assert evidence([assumed("old", DAY), first, assumed("in", 10 * DAY + 60)]) == []
    assert evidence([assumed("old", DAY), first, assumed("out", 12 * DAY)]) == ["out"]


def test_an_emergency_grant_covers_and_ends_like_any_other() -> None:
    drill = approved(USER, 2 * HOUR, 3 * HOUR, "break-glass", "drill", ticket="D-1")
    assert evidence([window(0, HOUR), drill, assumed("in", 2.5 * HOUR)]) == []
    assert evidence([window(0, HOUR), drill, assumed("out", 4 * HOUR)]) == ["out"]


def test_windows_are_moments_whatever_their_zone() -> None:
    begins = "2026-11-22T10:00:00"
    record = (
        '{"gapwatch": "inventory/v1", "recorded": "2026-11-01T00:00:00Z", "approvals": '
        f'[{{"identity": "{ACCOUNT}", "grant": "clusterrole/reader", "from": "2026-11-22T11:00:00+01:00", '
        '"until": "2026-11-22T11:30:00+01:00"}]}'
    )
    (approval,) = inventory.read(record.encode(), Context(key=b"k")).activities
    (known,) = facts_of(approval)[0][1].approvals[ACCOUNT]
    assert Evidence(known.start, "") and known.start == read(given(0))[0].time, begins
    inside, outside = read(given(60)), read(given(60), allowed(3000))
    assert evidence([approval, *inside]) == []
    assert evidence([approval, *outside]) == ["audit-3000"]


@pytest.mark.parametrize("grant", [GRANT, "rolebinding/shop/mailer-reader", "clusterrole/reader"])
def test_a_binding_is_approved_by_its_name_or_by_that_of_its_role(grant: str) -> None:
    start = (read(given(0))[0].time - T0) / 1_000_000
    approval = approved(ACCOUNT, start - 600, start + 600, grant)
    assert evidence([approval, *read(given(0), allowed(300))]) == []
    used_later = evidence([approval, *read(given(0), allowed(300), allowed(3000))])
    assert used_later == ["audit-3000"]


def test_to_be_given_the_grant_outside_is_the_elevation_and_names_who_gave_it() -> None:
    start = (read(given(0))[0].time - T0) / 1_000_000
    approval = approved(ACCOUNT, start - 600, start + 600, GRANT)
    verdict = judged([approval, *read(given(3000, by=OTHER), allowed(10))])
    assert verdict is not None and verdict.severity == Severity.MEDIUM
    assert "by k8s:c1:user/bob@example.com" in verdict.reason and not verdict.credential


def test_an_unapproved_grant_is_another_controls() -> None:
    assert judged([approved(USER, 0, HOUR, "role/other"), assumed("out", 2 * HOUR)]) is not None
    assert evidence([approved(USER, 0, HOUR, "role/other"), assumed("out", 2 * HOUR)]) == []
