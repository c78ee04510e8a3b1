"""Cases of used_by_human_or_shared."""

from __future__ import annotations

import pytest

from schemas.activity import Activity
from schemas.verdict import Confidence, Severity, Verdict
from tests.support.declared import DAY, approved, declared, verdicts
from tests.support.make import KEY, USER, use

NAME = "used_by_human_or_shared"
RECORD = declared(USER, kind="service_account")
A = {"place": "198.51.100.7", "client": "Boto3/1.35 md/x"}
B = {"place": "203.0.113.9", "client": "aws-sdk-java/2.28"}
HOUR = 3600


def judged(many: list[Activity]) -> Verdict | None:
    found = verdicts(NAME, [RECORD, *many])
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    "client",
    [
        "Mozilla/5.0 (X11; Linux) Firefox/130",
        "S3Console/0.4",
        "PostmanRuntime/7.3",
        "aws-cli/2 exec-env/CloudShell",
        "k9s",
    ],
)
def test_a_program_that_only_people_drive_is_low_and_little_sure(client: str) -> None:
    verdict = judged([use("u", 10), use("hand", 20, client=client)])
    assert verdict is not None
    assert (verdict.subject, verdict.severity, verdict.confidence) == (KEY, Severity.LOW, Confidence.LOW)
    assert [e.uid for e in verdict.evidence] == ["hand"]


def test_a_console_sign_in_is_surer() -> None:
    verdict = judged([use("in", 10, operation="ConsoleLogin", credential="aws:111122223333:password/ci")])
    assert verdict is not None and verdict.confidence == Confidence.MEDIUM


def test_command_lines_are_scripts_too() -> None:
    for client in ("aws-cli/2.18.5", "kubectl/v1.36", "curl/8.5"):
        assert judged([use("u", 10, client=client)]) is None


def test_nobody_claims_that_an_undeclared_identity_is_no_person() -> None:
    assert verdicts(NAME, [use("hand", 20, client="Mozilla/5.0")]) == []


def test_break_glass_under_an_approval_is_meant() -> None:
    hand = use("hand", 50, client="Mozilla/5.0")
    assert judged([approved(USER, 0, 100, "break-glass"), hand]) is None
    assert judged([approved(USER, 0, 40, "break-glass"), hand]) is not None


def turns(hours: int, gap: float = HOUR / 2, **other: str) -> list[Activity]:
    two = B | other
    own = [use(f"a{n}", n * HOUR, **A) for n in range(hours)]
    return own + [use(f"b{n}", n * HOUR + gap, **two) for n in range(hours)]


def test_two_consumers_that_take_turns_share_it() -> None:
    verdict = judged(turns(4))
    assert verdict is not None and verdict.severity == Severity.LOW
    assert "Boto3 in 198.51.100.0/24 and aws-sdk-java in 203.0.113.0/24 take turns" in verdict.reason
    assert [e.uid for e in verdict.evidence] == ["a0", "b0", "b3"]


def test_a_move_is_no_sharing_and_neither_are_two_calls() -> None:
    moved = [use(f"a{n}", n * HOUR, **A) for n in range(5)] + [
        use(f"b{n}", (9 + n) * HOUR, **B) for n in range(5)
    ]
    assert judged(moved) is None
    assert judged([*(use(f"a{n}", n * HOUR, **A) for n in range(9)), use("b", 4.5 * HOUR, **B)]) is None


def test_one_client_behind_two_addresses_and_two_libraries_in_one_place_are_one_workload() -> None:
    assert judged(turns(4, client=A["client"])) is None
    assert judged(turns(4, place=A["place"])) is None
    assert judged(turns(4, place="")) is None and judged(turns(4, client="")) is None, "one is not known"


def test_copies_within_minutes_are_another_controls() -> None:
    assert judged(turns(4, gap=60)) is None


def test_places_that_are_both_declared_are_meant() -> None:
    both = declared(USER, 1, "both", places=("198.51.100.0/24", "203.0.113.0/24"))
    assert judged([*turns(4), both]) is None


def test_one_consumer_for_a_week_is_proven() -> None:
    verdict = judged([use(f"d{n}", n * DAY) for n in range(9)])
    assert verdict is not None and (verdict.value, verdict.severity) == ("proven", None)
    assert judged([use(f"d{n}", n * DAY) for n in range(5)]) is None


@pytest.mark.parametrize("operation", ["ConsoleLogin", "SwitchRole", "GetSigninToken"])
def test_every_sign_in_is_a_persons(operation: str) -> None:
    verdict = judged([use("in", 10, operation=operation)])
    assert verdict is not None and verdict.confidence == Confidence.MEDIUM


@pytest.mark.parametrize("outcome", ["failed", "forbidden"])
def test_every_authenticated_use_tells_who_uses_it(outcome: str) -> None:
    assert judged([use("hand", 20, client="Mozilla/5.0", outcome=outcome)]) is not None
    assert judged([use("no", 20, client="Mozilla/5.0", outcome="unauthenticated")]) is None


@pytest.mark.parametrize(("times", "fires"), [((2, 6), False), ((2, 4, 6), True)])
def test_a_consumer_is_one_from_its_third_use_on(times: tuple[int, ...], fires: bool) -> None:
    own = [use(f"a{n}", n * HOUR, **A) for n in range(9)]
    other = [use(f"b{n}", (n + 0.5) * HOUR, **B) for n in times]
    assert (judged([*own, *other]) is not None) == fires


@pytest.mark.parametrize(("minutes", "fires"), [(29, False), (31, True)])
def test_for_less_than_an_hour_two_may_be_one_that_is_moved(minutes: int, fires: bool) -> None:
    """Three uses each, a quarter of an hour from the other's."""
    own = [use(f"a{n}", n * minutes * 60, **A) for n in range(4)]
    other = [use(f"b{n}", (n + 0.5) * minutes * 60, **B) for n in range(3)]
    assert (judged([*own, *other]) is not None) == fires
