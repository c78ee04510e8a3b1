"""Memory that nobody steers: thinning, caps and batches change no row, neither its value nor what it names
first and last."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from correlators.kernel import caps
from correlators.kernel.routes import grants
from correlators.kernel.views import rotations, view
from schemas.activity import Activity, Exposed, Restored
from schemas.verdict import Clock
from tests.support.declared import DAY, declared
from tests.support.make import KEY, ROLE, SESSION, USER, change, issue, kill, restore, use
from tests.support.scenario import World, clock_after, every_way, taught

Row = tuple[str, int, bool, tuple[str, ...]]
STRANGE = "203.0.113.9"
ELSEWHERE = "outlived_parent"
"""The control whose evidence is learned in other dossiers."""


def lives(chance: random.Random, undone: bool = True) -> list[Activity]:
    """A key that is used all the time, but for once from where it belongs and for the same, and what it was
    exchanged for; it is ended somewhere among these, and found, or switched on again (``undone``): then there
    are periods that are over."""
    step, many = chance.choice([20, 120, 900]), chance.choice([40, 120])
    place, write, stop = (chance.randrange(many) for _ in range(3))

    def moment() -> float:
        return chance.randrange(step * many) + 0.5

    life = []
    for n in range(many):
        more: dict[str, str] = {"place": STRANGE} if n == place else {}
        if n == write:
            more |= {"action": "identity_write", "operation": "iam:CreateUser"}
        if n == stop:
            more |= {"operation": "cloudtrail:StopLogging"}
        life.append(use(f"u{n:03}", n * step, **more))
    life.append(issue("issue", moment() / 2, SESSION, ROLE, KEY, USER))
    life += [use(f"s{n:03}", (many + n) * step / 2, ROLE, SESSION) for n in range(many)]
    for n in range(chance.choice([1, 1, 2, 3])):
        at = moment()
        life.append(kill(f"k{n}", at, kind="disabled", how="UpdateAccessKey"))
        if undone and chance.random() < 0.5:
            life.append(restore(f"r{n}", at + chance.choice([30, 300, 9_000])))
    if undone and chance.random() < 0.5:
        life.append(change("found", moment(), Exposed("found", KEY, USER)))
    return sorted(life, key=lambda activity: activity.time)


@contextmanager
def nothing_is_let_go() -> Iterator[None]:
    with (
        mock.patch.object(caps, "_thinned", lambda dossier: dossier),
        mock.patch.object(view, "thin", lambda sightings: sightings),
        mock.patch.object(grants, "thin", lambda sightings: sightings),
        mock.patch.object(rotations, "thin", lambda sightings: sightings),
    ):
        yield


def rows(world: World, exactly: bool = True) -> dict[tuple[str, str], Row]:
    """What stands in the end. ``exactly``: with the first and the last that it names; else with the last of
    what is open. What came from a credential learns of its end one settling later: of that never more."""
    return {
        (v.control, v.subject): (
            v.value,
            int(v.severity or 0),
            r.reported.open,
            _named([e.uid for e in sorted(v.evidence)], exactly and v.control != ELSEWHERE, r.reported.open),
        )
        for r in world.last.values()
        if (v := r.verdict)
    }


def _named(uids: list[str], exactly: bool, stands: bool) -> tuple[str, ...]:
    if exactly:
        return (*uids[:1], *uids[-1:])
    return tuple(uids[-1:]) if stands else ()


def known(many: list[Activity], clock: Clock, batch: int = 0, **caps: Any) -> World:
    """``batch``: how many come between two settlings; 0: all at once."""
    world = World(1, clock, **caps)
    for n, activity in enumerate(many, 1):
        world.take(taught(activity))
        if batch and n % batch == 0:
            world.settle()
    world.settle()
    return world


@pytest.mark.slow
@settings(max_examples=12)
@given(st.integers(0, 1 << 32), st.sampled_from([1, 7, 40]))
def test_rows_are_what_they_would_be_if_nothing_were_ever_let_go(seed: int, batch: int) -> None:
    """In a replay, which reads everything before it judges; in a run, by whatever batches; and where every
    cap bites."""
    life = lives(random.Random(seed))
    clock = clock_after(life)
    with nothing_is_let_go():
        whole = rows(known(life, clock, bytes_max=None))
    assert whole
    assert rows(known(life, clock, bytes_max=None)) == whole
    assert rows(known(life, clock, batch * 5)) == whole
    assert rows(known(life, clock, batch * 5, credentials_max=1, children_max=1)) == whole


def open_rows(world: World) -> dict[tuple[str, str], Row]:
    return rows(world, exactly=False)


@settings(max_examples=4)
@given(st.integers(0, 1 << 32), st.booleans())
def test_in_every_way_rows_are_what_they_would_be_if_nothing_were_ever_let_go(seed: int, bites: bool) -> None:
    """In any order, doubled, on partitions and with crashes; with caps that bite, too."""
    life = lives(random.Random(seed), undone=False)
    clock = clock_after(life)
    with nothing_is_let_go():
        whole = open_rows(known(life, clock, bytes_max=None))
    small: dict[str, Any] = {"credentials_max": 1, "children_max": 1} if bites else {}
    assert open_rows(every_way(life, clock, seed, rows=open_rows, **small)) == whole


NEW = [f"aws:111122223333:user/new{n}" for n in range(40)]


@settings(max_examples=4, phases=(Phase.generate,))
@given(st.lists(st.sampled_from(NEW), min_size=1, max_size=30, unique=True), st.integers(0, 99))
def test_what_was_covered_stays_covered_however_many_newcomers_act(newcomers: list[str], seed: int) -> None:
    """An inventory names all who acted before; who is made later does not make it look as if it named few."""
    names = [f"aws:111122223333:user/known{n}" for n in range(6)]
    many = [declared(name, -DAY) for name in names]
    many += [use(f"k{n}", n, name, f"aws:key/K{n}") for n, name in enumerate(names)]
    many += [use(f"n{n}", 5 * DAY + n, name, f"aws:key/{name[-5:]}") for n, name in enumerate(newcomers)]
    made = [Restored("CreateUser", "remade", identity=name) for name in newcomers]
    many += [change(f"m{n}", 4 * DAY + n, one) for n, one in enumerate(made)]
    many.append(declared("aws:111122223333:user/admin", -DAY))
    world = every_way(many, seed=seed)
    found = {v.subject for r in world.last.values() if (v := r.verdict) and v.control == "unknown_identity"
             and r.reported.open}  # fmt: skip
    assert found == set(newcomers)


@settings(max_examples=6)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 99))
def test_every_later_use_of_an_ended_credential_is_found_however_few_an_identity_may_hold(
    many: int, most: int, seed: int
) -> None:
    keys = [f"aws:key/AKIAEXAMPLE{n:09}" for n in range(many)]
    life = [kill(f"k{n}", n, name) for n, name in enumerate(keys)]
    life += [use(f"u{n}", 90_000 + n * 60, USER, name) for n, name in enumerate(keys)]
    world = every_way(life, seed=seed, credentials_max=most)
    reports = [r.reported for r in world.last.values() if r.reported.control == "revoked_credential_used"]
    assert sorted(r.subject for r in reports if r.open) == keys


@settings(max_examples=12)
@given(st.integers(0, 1 << 32))
def test_what_is_learned_long_after_it_was_thinned_changes_no_value(seed: int) -> None:
    """Ends that come as late as can be: which uses stand for the others may differ, never the last of what
    is open, nor what is said."""
    chance = random.Random(seed)
    life = lives(chance, undone=False)
    clock = clock_after(life)
    with nothing_is_let_go():
        whole = rows(known(life, clock, bytes_max=None), exactly=False)
    late = sorted(life, key=lambda activity: (bool(activity.effects), activity.time))
    assert rows(known(late, clock, 20), exactly=False) == whole
    chance.shuffle(life)
    assert rows(known(life, clock, 20), exactly=False) == whole
