"""Cases of dormant_identity_wakes."""

from __future__ import annotations

import pytest

from schemas.activity import Activity, Issued
from schemas.declaration import Period
from schemas.fact import facts_of
from schemas.verdict import Clock, Confidence, Severity, Verdict
from tests.support.declared import DAY, at, declared, verdicts
from tests.support.make import KEY, USER, change, kill, restore, use
from tests.support.scenario import World

NAME = "dormant_identity_wakes"


def judged(many: list[Activity], since: float | None = -1) -> Verdict | None:
    found = [v for v in verdicts(NAME, many, since=since) if v.subject == USER]
    assert len(found) <= 1
    return found[0] if found else None


def must(many: list[Activity], since: float | None = -1) -> Verdict:
    verdict = judged(many, since)
    assert verdict is not None
    return verdict


def test_a_success_after_thirty_days_of_silence_is_low() -> None:
    verdict = must([use("before", 0), use("woke", 31 * DAY)])
    assert (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert [e.uid for e in verdict.claim] == ["before"] and [e.uid for e in verdict.evidence] == ["woke"]
    assert "woke after 31 days" in verdict.title


def test_a_month_is_no_silence_yet() -> None:
    assert judged([use("before", 0), use("woke", 29 * DAY)]) is None


def test_writing_identities_or_reading_secrets_on_waking_is_medium() -> None:
    for action in ("identity_write", "secret_read"):
        grave = use("grave", 31 * DAY + 600, action=action)
        verdict = must([use("before", 0), use("woke", 31 * DAY), grave])
        assert verdict.severity == Severity.MEDIUM and [e.uid for e in verdict.evidence] == ["woke", "grave"]
    later = use("later", 33 * DAY, action="secret_read")
    assert must([use("before", 0), use("woke", 31 * DAY), later]).severity == Severity.LOW


def test_a_source_that_was_not_watched_throughout_says_nothing() -> None:
    many = [use("before", 0), use("woke", 31 * DAY)]
    assert judged(many, since=5) is None
    assert judged(many, since=None) is None


def test_any_use_by_any_credential_breaks_the_silence() -> None:
    other = use("other", 15 * DAY, credential="aws:key/OTHER", outcome="forbidden")
    assert judged([use("before", 0), other, use("woke", 31 * DAY)]) is None


def test_a_refused_try_is_no_awakening_and_breaks_no_silence() -> None:
    refused = use("no", 15 * DAY, outcome="unauthenticated")
    assert must([use("before", 0), refused, use("woke", 31 * DAY)]).severity == Severity.LOW
    assert judged([use("before", 0), use("no", 31 * DAY, outcome="forbidden")]) is None


def test_a_credential_made_long_before_its_first_use_was_dormant_from_its_birth() -> None:
    made = change("made", 0, Issued(KEY, USER, "access_key"))
    assert [e.uid for e in must([made, use("first", 40 * DAY)]).claim] == ["made"]


def test_a_job_by_the_quarter_is_a_habit_and_its_third_silence_takes_the_first_back() -> None:
    quarterly = [use(f"q{n}", n * 91 * DAY) for n in range(4)]
    assert [e.uid for e in must(quarterly[:3]).evidence] == ["q1"], "only the first time was unheard of"
    assert judged(quarterly) is None
    assert [e.uid for e in must([*quarterly, use("odd", 500 * DAY)]).evidence] == ["odd"]


@pytest.mark.parametrize("action", ["identity_write", "secret_read"])
def test_who_keeps_anothers_rhythm_and_does_what_it_never_did_is_told(action: str) -> None:
    quarterly = [use(f"q{n}", n * 91 * DAY) for n in range(5)]
    grave = use("new", 4 * 91 * DAY + 600, action=action, operation="x:Y")
    assert [e.uid for e in must([*quarterly, grave]).evidence] == ["q4", "new"]
    each = [use(f"g{n}", n * 91 * DAY + 600, action=action, operation="x:Y") for n in range(5)]
    assert judged([*quarterly, *each]) is None


def test_a_try_that_is_refused_first_does_not_hide_the_waking() -> None:
    many = [use("before", 0), use("refused", 100 * DAY, outcome="forbidden")]
    assert judged(many) is None
    assert [e.uid for e in must([*many, use("woke", 103 * DAY)]).evidence] == ["woke"]


def test_what_a_record_calls_inactive_is_another_controls() -> None:
    off = declared(USER, statuses=(Period("inactive", at(DAY)),))
    assert judged([off, use("before", 0), use("woke", 31 * DAY)]) is None


@pytest.mark.slow
def test_heavy_use_before_and_after_keeps_the_silence_between() -> None:
    before = [use(f"b{n}", n * 977) for n in range(300)]
    after = [use(f"a{n}", 45 * DAY + n * 977) for n in range(300)]
    verdict = must([*before, *after])
    assert [e.uid for e in verdict.claim] == ["b299"] and [e.uid for e in verdict.evidence] == ["a0"]


@pytest.mark.slow
def test_thinning_of_old_months_makes_no_silence() -> None:
    daily = [use(f"d{n}", n * DAY) for n in range(500)]
    assert judged(daily) is None


def test_off_and_on_again_is_still_a_silence() -> None:
    many = [
        use("before", 0),
        kill("off", DAY, kind="disabled"),
        restore("on", 32 * DAY),
        use("woke", 33 * DAY),
    ]
    assert must(many).severity == Severity.LOW


def test_a_worker_that_starts_again_has_not_begun_to_watch_anew() -> None:
    assert restarted(away_from=38 * DAY)


def test_a_collector_that_was_away_for_weeks_makes_no_identity_dormant() -> None:
    assert not restarted(away_from=10)


def restarted(away_from: float) -> list[str]:
    """What is told of a use before and one after 40 days, where the source is watched until ``away_from``,
    and again from the day before the second use; the worker starts again in between."""
    world = World(1, Clock(at(away_from), {"cloudtrail": at(away_from)}, {"cloudtrail": at(-5)}))
    world.take(facts_of(use("before", 0)))
    world.settle()
    world.crash()
    late = at(40 * DAY)
    world.clock = Clock(late, {"cloudtrail": late}, {"cloudtrail": at(39 * DAY)})
    world.take(facts_of(use("woke", 39.5 * DAY)))
    world.settle()
    return [r.verdict.title for r in world.last.values() if r.verdict and r.verdict.control == NAME]


def test_a_token_without_an_identity_is_nobody_that_could_be_dormant() -> None:
    many = [use(uid, when, "", "vault:d:token/t") for uid, when in (("before", 0), ("woke", 31 * DAY))]
    assert verdicts(NAME, many, since=-1) == []


def test_a_session_is_no_credential_that_waits() -> None:
    made = change("made", 0, Issued(KEY, USER, "session"))
    assert judged([made, use("first", 40 * DAY)]) is None


@pytest.mark.parametrize("outcome", ["failed", "forbidden"])
def test_every_authenticated_use_breaks_the_silence(outcome: str) -> None:
    assert judged([use("a", 0), use("mid", 15 * DAY, outcome=outcome), use("b", 31 * DAY)]) is None


@pytest.mark.parametrize(
    ("hours", "severity"), [(-1, Severity.LOW), (23, Severity.MEDIUM), (25, Severity.LOW)]
)
def test_what_is_done_within_a_day_of_waking_belongs_to_it(hours: float, severity: Severity) -> None:
    grave = use("grave", 0 if hours < 0 else 31 * DAY + hours * 3600, action="secret_read")
    verdict = must([use("before", 0), use("woke", 31 * DAY), grave])
    assert (verdict.severity, verdict.confidence) == (severity, Confidence.MEDIUM)


@pytest.mark.parametrize(("second", "uids"), [(48, ["b"]), (52, ["b", "c"])])
def test_silences_that_differ_by_less_than_a_fifth_are_a_rhythm(second: int, uids: list[str]) -> None:
    many = [use("a", 0), use("b", 40 * DAY), use("c", (40 + second) * DAY)]
    assert [e.uid for e in must(many).evidence] == uids
