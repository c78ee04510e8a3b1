"""Cases of exception_unused."""

from __future__ import annotations

from typing import Any

from schemas.activity import Activity, Excepted
from schemas.verdict import Severity, Verdict
from tests.support.declared import at, verdicts
from tests.support.make import USER, kill, use

NAME, REVOKED = "exception_unused", "revoked_credential_used"
DAY = 86_400.0


def excepted(
    until: float, identity: str = USER, control: str = REVOKED, recorded: float = 0, **scope: Any
) -> Activity:
    effect = Excepted(control, at(until), identity, owner="ada", reason="a migration", **scope)
    return Activity(f"e {control} {until} {recorded}", at(recorded), "inventory", effects=(effect,))


def judged(many: list[Activity], now: float) -> Verdict | None:
    found = verdicts(NAME, many, now=now)
    assert len(found) <= 1
    return found[0] if found else None


USED = [kill("kill", 100), use("late", 900)]


def test_an_exception_that_ended_or_stands_for_a_quarter_and_covered_nothing_is_told() -> None:
    for until, now in ((5 * DAY, 6 * DAY), (300 * DAY, 91 * DAY)):
        verdict = judged([use("u", 10), excepted(until)], now)
        assert verdict is not None and (verdict.value, verdict.severity) == (
            "violated",
            Severity.INFORMATIONAL,
        )
        assert verdict.owner == "ada" and verdict.claim


def test_one_that_is_young_or_was_used_is_not() -> None:
    assert judged([use("u", 10), excepted(5 * DAY)], 2 * DAY) is None
    verdict = judged([*USED, excepted(5 * DAY)], 6 * DAY)
    assert verdict is not None and (verdict.value, verdict.severity) == ("proven", None)


def test_what_its_scope_leaves_out_does_not_use_it() -> None:
    for exception in (
        excepted(5 * DAY, place="203.0.113.0/24"), excepted(5 * DAY, action="s3:PutObject"),
        excepted(5 * DAY, control="secret_sweep"), excepted(500),
    ):  # fmt: skip
        verdict = judged([*USED, exception], 6 * DAY)
        assert verdict is not None and verdict.severity == Severity.INFORMATIONAL


def test_a_later_record_about_the_same_counts_alone_and_one_for_many_is_not_judged() -> None:
    longer = excepted(300 * DAY, recorded=60)
    assert judged([use("u", 10), excepted(5 * DAY), longer], 6 * DAY) is None
    assert judged([use("u", 10), excepted(5 * DAY, "aws:111122223333:*")], 6 * DAY) is None
