"""The ordinary life around the controls of access, agents, deployment and telemetry: nothing is told of it,
and what is real beside it is."""

from __future__ import annotations

import pytest

from schemas.verdict import Severity
from tests.support.life import Life, lives, loud, verdicts_of
from tests.support.life.__main__ import PAGE, renewed

LIVES = lives()
EACH = [
    pytest.param(control, life, id=f"{control}: {life.happens}")
    for control, many in LIVES.items()
    for life in many
]
LEAST = 8
"""Behaviours of well-known software that are thought through for a control before it is called done."""


@pytest.mark.parametrize(("control", "life"), EACH)
def test_what_is_ordinary_is_silent_and_what_is_real_beside_it_is_told(control: str, life: Life) -> None:
    quiet = verdicts_of(life, life.quiet)
    assert not [(v.title, v.reason) for v in loud(quiet, control)]
    assert not [(v.title, v.reason) for v in loud(quiet, least=Severity.MEDIUM)], (
        "none above low, of any control"
    )
    assert loud(verdicts_of(life, life.loud), control), life.real


@pytest.mark.parametrize("control", LIVES)
def test_there_are_enough_for_each_control(control: str) -> None:
    assert len({life.happens for life in LIVES[control]}) >= LEAST


def test_the_page_shows_what_is_tested_here() -> None:
    page = PAGE.read_text()
    assert page == renewed(page), "python -m tests.support.life"
