"""Cases of revocation_race."""

from __future__ import annotations

import pytest

from schemas.activity import Ended, Issued
from schemas.evidence import SECOND
from schemas.verdict import Severity
from tests.support.judged import must, verdict_of
from tests.support.make import KEY, ROLE, SESSION, T0, USER, issue, kill, restore, use

NAME = "revocation_race"


def test_a_write_to_identities_right_after_the_kill_is_critical() -> None:
    verdict = must([kill("kill", 10), use("write", 15, action="identity_write")], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.CRITICAL)
    assert [e.uid for e in verdict.claim] == ["kill"] and [e.uid for e in verdict.evidence] == ["write"]


def test_a_write_before_the_kill_or_long_after_or_of_another_kind_is_no_race() -> None:
    for other in (use("w", 5, action="identity_write"), use("w", 80, action="identity_write"), use("w", 15)):
        assert verdict_of([kill("kill", 10), other], KEY, NAME) is None


@pytest.mark.parametrize(
    "killer",
    [
        {"identity": USER, "credential": KEY},
        {"identity": USER, "credential": "aws:key/ITS-OTHER"},
        {"identity": ROLE, "credential": KEY},
        {"identity": "", "credential": ""},
    ],
    ids=["itself", "its other key", "its own key under a role's name", "nobody named"],
)
def test_only_a_kill_by_another_principal_is_raced(killer: dict[str, str]) -> None:
    ended = Ended("DeleteAccessKey", "deleted", KEY, USER)
    own = use("kill", 10, effects=(ended,), **killer)
    assert verdict_of([own, use("write", 15, action="identity_write")], KEY, NAME) is None


@pytest.mark.parametrize(("at", "races"), [(10.5, True), (70, True), (70.5, False)])
def test_a_race_lasts_a_minute_and_begins_at_once(at: float, races: bool) -> None:
    found = verdict_of([kill("kill", 10), use("write", at, action="identity_write")], KEY, NAME)
    assert (found is not None) == races


def test_a_session_of_the_killed_key_races_too() -> None:
    many = [
        issue("i", 0, SESSION, ROLE, KEY, USER),
        kill("kill", 10),
        use("write", 15, ROLE, SESSION, action="identity_write"),
    ]
    assert must(many, KEY, NAME).severity == Severity.CRITICAL


@pytest.mark.parametrize("outcome", ["unauthenticated", "forbidden"])
@pytest.mark.parametrize("writer", [(USER, KEY), (ROLE, SESSION)], ids=["its own", "its session's"])
def test_refused_writes_prove_that_the_race_was_lost(writer: tuple[str, str], outcome: str) -> None:
    refused = {"action": "identity_write", "outcome": outcome}
    many = [issue("i", 0, SESSION, ROLE, KEY, USER), kill("kill", 10)]
    verdict = must([*many, use("no", 15, *writer, **refused)], KEY, NAME)
    assert (verdict.value, verdict.severity, verdict.episodes) == ("proven", None, ())
    assert [e.uid for e in verdict.evidence] == ["no"]
    for outside in (9, 80):
        assert verdict_of([*many, use("no", outside, *writer, **refused)], KEY, NAME) is None


def test_a_session_that_wrote_is_told_though_the_key_was_refused() -> None:
    many = [
        issue("i", 0, SESSION, ROLE, KEY, USER),
        kill("kill", 10),
        use("no", 12, action="identity_write", outcome="unauthenticated"),
        use("write", 15, ROLE, SESSION, action="identity_write"),
    ]
    verdict = must(many, KEY, NAME)
    assert (verdict.value, [e.uid for e in verdict.evidence]) == ("violated", ["write"])
    assert [(e.start, e.end) for e in verdict.episodes] == [(T0 + 10 * SECOND, T0 + 70 * SECOND)]


def test_a_race_that_was_lost_does_not_hide_a_later_one_that_was_won() -> None:
    many = [
        kill("off", 10, kind="disabled"),
        use("no", 15, action="identity_write", outcome="unauthenticated"),
        restore("on", 500),
        kill("off again", 1000, kind="disabled"),
        use("write", 1005, action="identity_write"),
    ]
    verdict = must(many, KEY, NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.CRITICAL)
    assert [e.uid for e in (*verdict.claim, *verdict.evidence)] == ["off again", "write"]


def test_a_write_after_it_was_enabled_again_is_no_race() -> None:
    many = [kill("off", 10, kind="disabled"), use("write", 40, action="identity_write"), restore("on", 30)]
    assert verdict_of(many, KEY, NAME) is None


def test_a_rotation_that_makes_the_new_one_before_it_kills_the_old_one_is_no_race() -> None:
    new = use("make", 9, action="identity_write", effects=(Issued("aws:key/NEW", USER, "access_key"),))
    assert verdict_of([new, kill("kill", 10), use("works", 20, credential="aws:key/NEW")], KEY, NAME) is None


def test_a_write_between_two_producers_clocks_is_no_race() -> None:
    written = use("write", 11, action="identity_write", source="vault")
    assert verdict_of([kill("kill", 10), written], KEY, NAME) is None
    assert must([kill("kill", 10), use("write", 13, action="identity_write", source="vault")], KEY, NAME)
