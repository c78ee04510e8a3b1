"""The rule file of severity and confidence, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.kernel.views.severity import moved, of_uses
from schemas.activity import Activity, Issued, Stated
from schemas.declaration import Declaration
from schemas.evidence import Evidence
from schemas.verdict import Severity
from tests.support.judged import must
from tests.support.make import KEY, T0, USER, change, kill, use

INFO, LOW, MEDIUM, HIGH, CRITICAL = Severity

MOVES = [
    (LOW, "", "", LOW),
    (LOW, "normal", "prod", LOW),
    (HIGH, "low", "prod", HIGH),
    (LOW, "high", "prod", MEDIUM),
    (MEDIUM, "high", "", HIGH),
    (HIGH, "high", "", HIGH),
    (LOW, "critical", "", MEDIUM),
    (HIGH, "critical", "prod", CRITICAL),
    (HIGH, "critical", "test", CRITICAL),
    (HIGH, "", "test", MEDIUM),
    (MEDIUM, "", "Sandbox", LOW),
    (LOW, "", "dev", LOW),
    (MEDIUM, "high", "dev", MEDIUM),
    (CRITICAL, "low", "dev", CRITICAL),
    (INFO, "critical", "prod", INFO),
]


@pytest.mark.parametrize(("base", "privilege", "environment", "expected"), MOVES)
def test_privilege_raises_environment_lowers_and_neither_moves_the_ends(
    base: Severity, privilege: str, environment: str, expected: Severity
) -> None:
    assert moved(base, privilege, environment) == expected


def test_uses_are_worth_what_they_did_and_whether_they_were_let() -> None:
    one, two = Evidence(1, "one"), Evidence(2, "two")
    assert of_uses([one, two], {two.event}, {one.event}) == CRITICAL
    assert of_uses([one, two], set(), {one.event}) == HIGH
    assert of_uses([one, two], set(), {one.event, two.event}) == MEDIUM


def declared(**fields: Any) -> Activity:
    body = Declaration(T0, "inv", **fields)
    return Activity("inv", T0, "inventory", effects=(Stated(USER, body),))


def test_every_control_goes_by_the_declared_privilege_and_environment() -> None:
    used = [kill("kill", 10), use("use", 60)]
    assert must([*used, declared(environment="sandbox")]).severity == MEDIUM
    assert must([*used, declared(privilege="critical")]).severity == CRITICAL


def test_a_root_credential_is_critical_whatever_is_declared() -> None:
    root = change("made", 0, Issued(KEY, USER, "root"))
    assert must([root, kill("kill", 10), use("use", 60)]).severity == CRITICAL
