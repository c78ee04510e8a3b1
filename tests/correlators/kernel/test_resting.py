"""Dossiers at rest are bytes, and nobody can tell."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel import resting
from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator, Settled
from correlators.kernel.resting import Resting
from schemas.activity import Activity, Ended, Issued
from schemas.dossier import Dossier
from schemas.evidence import SECOND
from schemas.fact import facts_of
from schemas.stored import encode
from schemas.verdict import Clock
from tests.support.arbitrary import activities, dossiers
from tests.support.make import T0
from tests.support.scenario import World, clock_after, taught


def settled_one_by_one(many: list[Activity]) -> World:
    """Each is settled before the next one comes, so whatever may rest does."""
    world = World(2, clock_after(many))
    for activity in many:
        world.take(taught(activity))
        world.settle()
    return world


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(activities(), max_size=10))
def test_what_rests_is_judged_as_what_does_not(many: list[Activity]) -> None:
    wide_awake = settled_one_by_one(many)
    with patch.object(resting, "BUSY_MAX", 0):
        rested = settled_one_by_one(many)
    assert rested.verdicts() == wide_awake.verdicts()
    assert rested.dossiers() == wide_awake.dossiers()


@given(st.lists(activities(), max_size=6))
def test_a_dossier_comes_back_from_rest_as_it_was(many: list[Activity]) -> None:
    dossier, held = dossiers(many), Resting(0)
    held.settled("a", dossier, encode(dossier))
    held.settled("b", Dossier(), encode(Dossier()))
    assert held["a"] == dossier == held.get("a")
    assert held.get("c") is None and "a" in held and len(held) == 2


def use(number: int, key: str = "aws:key/K1", user: str = "aws:1:user/a") -> Activity:
    made = (Issued(key, user, "access_key"),)
    return Activity(
        f"u{number}{key}",
        T0 + number * SECOND,
        "cloudtrail",
        identity=user,
        credential=key,
        outcome="succeeded",
        effects=made,
    )


def settled(one: Correlator, *many: Activity) -> Settled:
    one.take(fact for activity in many for fact in facts_of(activity))
    return one.settle(Clock(T0 + 100 * SECOND))


@pytest.mark.parametrize("busy", [0, 100])
def test_after_rest_only_what_changed_is_said_again(busy: int) -> None:
    with patch.object(resting, "BUSY_MAX", busy):
        one = Correlator(controls())
    first = settled(one, use(1), use(1, "aws:key/K2"))
    assert {row.credential for row in first.credentials} == {"aws:key/K1", "aws:key/K2"}
    assert first.forwards
    settled(one, use(2, "aws:key/K9", "aws:1:user/b"))
    again = settled(one, use(3))
    assert [row.credential for row in again.credentials] == ["aws:key/K1"]
    assert not again.forwards and list(again.dossiers) == ["aws:1:user/a"]
    one.forget()
    assert len(one) == 0


def test_an_end_that_comes_while_its_dossier_rests_is_told_in_the_row() -> None:
    """The row is held against what was written, not against what the dossier held already."""
    with patch.object(resting, "BUSY_MAX", 0):
        one = Correlator(controls())
    off = Ended("announced", "revoked", "aws:key/K1", "aws:1:user/a", at=T0 + 50 * SECOND)
    end = Activity("e", T0, "cloudtrail", identity="aws:1:user/z", effects=(off,))
    one.take(fact for activity in (use(1), end) for fact in facts_of(activity))
    early = one.settle(Clock(T0 + 10 * SECOND)).credentials
    assert [row.died for row in early if row.credential == "aws:key/K1"] == [None]
    one.take(facts_of(use(2, "aws:key/K9", "aws:1:user/b")))
    one.settle(Clock(T0 + 11 * SECOND))
    late = one.settle(Clock(T0 + 60 * SECOND)).credentials
    assert [bool(row.died) for row in late if row.credential == "aws:key/K1"] == [True]
