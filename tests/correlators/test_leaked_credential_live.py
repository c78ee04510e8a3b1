"""Cases of leaked_credential_live."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Ended, Exposed, Issued, Parent, Stated
from schemas.declaration import Declaration
from schemas.evidence import SECOND
from schemas.verdict import Clock, Confidence, Severity, Verdict
from tests.support.judged import as_time_passes, verdict_of
from tests.support.make import KEY, T0, USER, change, kill, restore, use
from tests.support.scenario import every_way

NAME = "leaked_credential_live"
SECOND_KEY = "aws:key/AKIASECOND"
DAY = 86_400


def exposed(
    uid: str = "leak", at: float = 100, credential: str = KEY, identity: str = "", **more: Any
) -> Activity:
    effect = Exposed(more.pop("how", "GitHub shop/web#7"), credential, identity, **more)
    return Activity(uid, T0 + int(at * SECOND), "leaks", effects=(effect,))


def made(uid: str, at: float, credential: str) -> Activity:
    return change(uid, at, Issued(credential, USER, "access_key"))


def verdicts(
    many: list[Activity], hours: float = 1, sources: tuple[str, ...] = ("cloudtrail", "leaks")
) -> list[Verdict]:
    time = max(a.time for a in many) + int(hours * 3600 * SECOND)
    world = every_way(many, Clock(time, dict.fromkeys(sources, time)))
    return [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]


def judged(many: list[Activity], subject: str = KEY, hours: float = 1) -> Verdict:
    (verdict,) = verdicts(many, hours)
    assert verdict.subject == subject
    return verdict


BORN = made("born", 0, KEY)


def test_a_use_after_the_report_violates_at_once_and_tells_new_places() -> None:
    verdict = judged(
        [BORN, use("before", 50), exposed(), use("after", 200), use("thief", 300, place="203.0.113.9")]
    )
    assert (verdict.value, verdict.severity, verdict.identity) == ("violated", Severity.HIGH, USER)
    assert [e.uid for e in verdict.claim] == ["leak"]
    assert [e.uid for e in verdict.evidence] == ["after", "thief"]
    assert verdict.reason.endswith("from places that are new: 203.0.113.9")


def test_a_write_to_identities_is_critical_and_forbidden_uses_are_medium() -> None:
    assert judged([BORN, exposed(), use("w", 200, action="identity_write")]).severity == Severity.CRITICAL
    assert judged([BORN, exposed(), use("no", 200, outcome="forbidden")]).severity == Severity.MEDIUM


def test_unused_it_has_a_day_to_end_and_is_asked_again_then() -> None:
    early = judged([BORN, use("before", 50), exposed()], hours=23)
    assert (early.value, early.severity) == ("assumed", None)
    still, over = as_time_passes(
        [BORN, use("before", 50), exposed()], T0 + (100 + DAY) * SECOND + 1, "leaked_credential_live"
    )
    assert (still.value, over.value) == ("assumed", "violated")
    late = judged([BORN, use("before", 50), exposed()], hours=25)
    assert (late.value, late.severity, late.confidence) == ("violated", Severity.MEDIUM, Confidence.HIGH)


def test_ended_and_refused_since_is_proven_ended_and_silent_assumed() -> None:
    ended = [BORN, exposed(), kill("kill", 200)]
    assert (judged(ended).value, judged(ended).severity) == ("assumed", None)
    refused = judged([*ended, use("try", 300, outcome="unauthenticated")])
    assert (refused.value, refused.severity) == ("proven", None)
    assert [e.uid for e in refused.evidence] == ["try"]


def test_its_end_closes_the_finding_and_a_use_after_that_is_another_controls() -> None:
    over = judged([BORN, exposed(), use("used", 200), kill("kill", 300), use("dead", 400)])
    assert (over.value, over.severity) == ("assumed", Severity.HIGH)
    assert [e.uid for e in over.evidence] == ["used"]
    assert over.title.endswith("was live until it was ended")


def test_enabled_again_it_is_live_again() -> None:
    many = [BORN, exposed(), kill("off", 200, kind="disabled"), restore("on", 300), use("use", 400)]
    assert judged(many).value == "violated"


def test_an_exposure_of_what_was_dead_before_says_nothing() -> None:
    verdict = judged(
        [BORN, kill("kill", 50), exposed(), use("try", 200, outcome="unauthenticated")], hours=40
    )
    assert (verdict.value, verdict.severity) == ("proven", None)
    assert "ended before that" in verdict.reason


def test_an_end_that_came_after_the_deadline_stays_a_finding_that_is_over() -> None:
    late = judged([BORN, use("b", 50), exposed(), kill("kill", 2 * DAY)])
    assert (late.value, late.severity) == ("assumed", Severity.MEDIUM)


def test_a_false_alarm_withdraws_it_even_when_that_comes_last() -> None:
    back = exposed("false", 500, withdrawn=True, how="GitHub shop/web#7: used_in_tests")
    assert verdicts([back, BORN, exposed(), use("use", 200)]) == []


def test_documentations_example_keys_are_nobodys() -> None:
    example = "aws:key/AKIAIOSFODNN7EXAMPLE"
    assert verdicts([exposed(credential=example), use("u", 200, credential=example)], 30) == []


def test_a_key_that_no_other_record_knows_is_told_with_little_confidence() -> None:
    verdict = judged(
        [use("other", 5, credential="aws:key/OTHER"), exposed(credential="aws:key/FOREIGN")],
        "aws:key/FOREIGN",
        30,
    )
    assert (verdict.severity, verdict.confidence) == (Severity.MEDIUM, Confidence.LOW)


def test_without_its_source_nothing_can_be_said() -> None:
    (verdict,) = verdicts([exposed()], 40, ("leaks",))
    assert (verdict.value, verdict.severity) == ("unverifiable", None)


def test_the_declared_environment_weighs() -> None:
    body = Declaration(T0, "inv", environment="test")
    declared = Activity("inv", T0, "inventory", effects=(Stated(USER, body),))
    assert judged([BORN, exposed(), use("u", 200), declared]).severity == Severity.MEDIUM


def test_a_report_that_names_only_the_identity_is_one_finding_for_it() -> None:
    some = exposed(credential="", identity=USER, how="AWSCompromisedKeyQuarantineV2")
    two = [BORN, made("second", 10, SECOND_KEY), some]
    verdict = judged([*two, use("a", 200), use("b", 300, credential=SECOND_KEY)], f"{USER} some credential")
    assert verdict.severity == Severity.HIGH and "one of its 2 credentials" in verdict.title
    half = judged([*two, kill("kill", 150), use("b", 300, credential=SECOND_KEY)], f"{USER} some credential")
    assert half.value == "violated"
    both = [*two, kill("k1", 150), change("k2", 160, Ended("DeleteAccessKey", "deleted", SECOND_KEY, USER))]
    assert judged(both, f"{USER} some credential").severity is None


def test_what_was_made_after_the_report_is_not_meant() -> None:
    some = exposed(credential="", identity=USER)
    many = [
        BORN,
        some,
        kill("kill", 150),
        made("new", 200, SECOND_KEY),
        use("fine", 300, credential=SECOND_KEY),
    ]
    assert judged(many, f"{USER} some credential").severity is None


def test_a_report_that_names_the_credential_tells_for_the_one_that_does_not() -> None:
    some = exposed("quarantine", 120, credential="", identity=USER)
    assert judged([BORN, some, exposed(), use("u", 200)]).severity == Severity.HIGH


def test_without_an_exposure_there_is_no_row() -> None:
    assert verdict_of([BORN, use("a", 50), kill("k", 60)], KEY, NAME) is None


def test_an_inventory_may_tell_of_an_exposure() -> None:
    import json

    from schemas.sources import Context, inventory

    leaked = {"id": KEY, "exposed": "2026-09-21T14:15:00Z"}
    text = {
        "gapwatch": "inventory/v1",
        "recorded": "2026-09-21T15:00:00Z",
        "identities": [{"id": USER, "credentials": [leaked]}],
    }
    declared = inventory.read(json.dumps(text).encode(), Context()).activities
    assert judged([*declared, BORN, use("u", 3600)]).severity == Severity.HIGH


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_every_use_that_was_not_denied_is_high(outcome: str) -> None:
    assert judged([BORN, exposed(), use("after", 200, outcome=outcome)]).severity == Severity.HIGH


@pytest.mark.parametrize(("at", "severity"), [(99, None), (101, None), (103, Severity.HIGH)])
def test_only_uses_since_the_report_count_beyond_the_skew_of_two_clocks(
    at: float, severity: Severity | None
) -> None:
    assert judged([BORN, exposed(), use("use", at)]).severity == severity


@pytest.mark.parametrize(("at", "severity"), [(209, Severity.HIGH), (211, None)])
def test_until_its_end_has_taken_a_use_is_one_of_a_live_credential(
    at: float, severity: Severity | None
) -> None:
    assert judged([BORN, exposed(), kill("kill", 200), use("use", at)]).severity == severity


def test_a_refusal_before_its_end_or_before_the_report_proves_nothing() -> None:
    early = use("early", 150, outcome="unauthenticated")
    assert judged([BORN, exposed(), early, kill("kill", 200)]).value == "assumed"
    before = use("before", 70, outcome="unauthenticated")
    assert judged([BORN, kill("kill", 50), before, exposed()]).value == "assumed"


SOME = exposed(credential="", identity=USER)
UNNAMED = f"{USER} some credential"


def derived(uid: str, edge: Any) -> Activity:
    return change(uid, 10, Issued(f"aws:key/{uid}", USER, "token", parents={KEY: Parent(edge, USER)}))


@pytest.mark.parametrize(
    ("other", "meant"),
    [
        (change("o", 10, Issued("aws:key/o", USER, "session")), False),
        (derived("o", "came_from"), False),
        (derived("o", "dies_with"), False),
        (derived("o", "made_by"), True),
        (made("o", 10, "aws:key/o"), True),
    ],
    ids=["a session", "came from another", "dies with another", "made by another", "a key"],
)
def test_only_what_stands_by_itself_is_meant_by_a_report_on_the_identity(
    other: Activity, meant: bool
) -> None:
    verdict = judged([BORN, other, SOME, use("u", 300, credential="aws:key/o")], UNNAMED)
    assert (verdict.severity is not None) == meant


def test_the_one_of_several_that_was_used_is_named_and_where_none_was_it_is_less_sure() -> None:
    two = [BORN, made("second", 10, SECOND_KEY), SOME]
    used = judged([*two, use("u", 300)], UNNAMED)
    assert (used.credential, used.confidence) == (KEY, Confidence.HIGH) and "one of its" not in used.title
    late = judged(two, UNNAMED, hours=30)
    assert (late.credential, late.confidence) == ("", Confidence.MEDIUM)
    nothing = judged([use("u", 50, "aws:1:user/x", "aws:key/x"), SOME], UNNAMED, hours=30)
    assert nothing.confidence == Confidence.LOW and "some credential of it" in nothing.title


def test_an_end_that_is_still_to_come_ends_nothing_yet() -> None:
    later = T0 + 300 * 3600 * SECOND
    end = change("kill", 150, Ended("to be deleted", "declared", KEY, USER, at=later))
    assert judged([BORN, exposed(), end, use("u", 200)]).value == "violated"


def test_the_next_step_is_to_end_it_while_it_lives() -> None:
    live = judged([BORN, use("before", 50), exposed(), use("u", 200)])
    assert live.next_step == f"end {KEY} now" and live.title.endswith("is live")
    assert "from places that are new" not in live.reason
    dead = judged([BORN, exposed(), kill("kill", 200)])
    assert dead.next_step == "" and dead.title.endswith(", was ended") and dead.episodes == ()
    assert "ended since at" in dead.reason
    over = judged([BORN, exposed(), use("u", 200), kill("kill", 300)])
    periods = [[(e.start, e.end) for e in v.episodes] for v in (live, over)]
    assert periods == [[(T0 + 100 * SECOND, 0)], [(T0 + 100 * SECOND, T0 + 300 * SECOND)]]


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "forbidden"])
def test_a_place_is_new_only_where_it_is_known_from_where_it_was_used_before(outcome: str) -> None:
    there = {"place": "203.0.113.9"}
    before = use("before", 50, outcome=outcome, **there)
    assert "new" not in judged([BORN, exposed(), use("u", 200, **there)]).reason
    assert "new" not in judged([BORN, before, exposed(), use("u", 200, **there)]).reason
    assert judged([BORN, before, exposed(), use("u", 200)]).reason.endswith("that are new: 198.51.100.7")


def test_one_report_taken_back_leaves_the_other_about_the_same_credential() -> None:
    one, other = exposed("one", report="a#1"), exposed("other", 110, report="b#1")
    back = exposed("back", 200, withdrawn=True, report="a#1")
    verdict = judged([BORN, one, other, back, use("after", 300)])
    assert (verdict.value, verdict.severity) == ("violated", Severity.HIGH)
    assert verdicts([BORN, one, other, back, exposed("back too", 210, withdrawn=True, report="b#1")]) == []


def test_a_report_that_stands_open_again_exposes_again() -> None:
    many = [BORN, exposed(report="a#1"), exposed("back", 200, withdrawn=True, report="a#1"), use("u", 400)]
    assert verdicts(many) == []
    assert judged([*many, exposed("again", 300, report="a#1")]).severity == Severity.HIGH


UNSAID_KEY = "leak:report/github/shop/web#7"


def test_a_report_that_names_no_secret_is_unverifiable_until_the_alert_names_it() -> None:
    report = exposed(credential=UNSAID_KEY, report=UNSAID_KEY)
    verdict = judged([report], UNSAID_KEY, 100)
    assert (verdict.value, verdict.severity) == ("unverifiable", None)
    assert "names no secret" in verdict.reason
    named = exposed("named", 100, UNSAID_KEY, withdrawn=True, report=UNSAID_KEY)
    assert verdicts([report, named], 100) == []


SESSION_KEY = "aws:key/ASIAQWERTYUIOPASDFGH"


def test_who_closes_a_report_as_revoked_ends_nothing_where_the_providers_log_shows_no_end() -> None:
    said = Ended("resolved as revoked", "declared", KEY, USER)
    closed = Activity("closed", T0 + 7_200_000_000, "leaks", identity="", effects=(said,))
    found = judged([exposed(), use("u", 3 * 3_600), closed], KEY, 40)
    assert (found.value, found.severity) == ("violated", Severity.HIGH)


def test_a_session_key_is_over_when_the_provider_lets_none_live_longer() -> None:
    """AWS gives no session more than 36 hours; a long-lived key without an end is told as before."""
    early = judged([exposed(credential=SESSION_KEY)], SESSION_KEY, 30)
    assert (early.value, early.severity) == ("assumed", None)
    late = judged([exposed(credential=SESSION_KEY)], SESSION_KEY, 48)
    assert (late.value, late.severity) == ("assumed", None)
    assert "was ended" in late.title and "is live" not in early.title
    assert judged([exposed()], KEY, 30).severity == Severity.MEDIUM


def test_a_session_key_that_was_used_after_its_report_is_told() -> None:
    used = judged([exposed(credential=SESSION_KEY), use("u", 200, credential=SESSION_KEY)], SESSION_KEY, 48)
    assert used.severity == Severity.HIGH
