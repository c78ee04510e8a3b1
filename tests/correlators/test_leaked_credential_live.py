"""Cases of leaked_credential_live."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity, Ended, Exposed, Issued, Stated
from schemas.declaration import Declaration
from schemas.evidence import SECOND
from schemas.verdict import Clock, Confidence, Severity, Verdict
from tests.correlators.test_revoked_credential_used import verdict_of
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


def told(
    many: list[Activity], hours: float = 1, sources: tuple[str, ...] = ("cloudtrail", "leaks")
) -> list[Verdict]:
    time = max(a.time for a in many) + int(hours * 3600 * SECOND)
    world = every_way(many, Clock(time, dict.fromkeys(sources, time)))
    return [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == NAME]


def judged(many: list[Activity], subject: str = KEY, hours: float = 1) -> Verdict:
    (verdict,) = told(many, hours)
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
    assert early.due == T0 + (100 + DAY) * SECOND + 1
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
    assert told([back, BORN, exposed(), use("use", 200)]) == []


def test_documentations_example_keys_are_nobodys() -> None:
    example = "aws:key/AKIAIOSFODNN7EXAMPLE"
    assert told([exposed(credential=example), use("u", 200, credential=example)], 30) == []


def test_a_key_that_no_other_record_knows_is_told_with_little_confidence() -> None:
    verdict = judged(
        [use("other", 5, credential="aws:key/OTHER"), exposed(credential="aws:key/FOREIGN")],
        "aws:key/FOREIGN",
        30,
    )
    assert (verdict.severity, verdict.confidence) == (Severity.MEDIUM, Confidence.LOW)


def test_without_its_source_nothing_can_be_said() -> None:
    (verdict,) = told([exposed()], 40, ("leaks",))
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
