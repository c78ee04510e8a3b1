"""What ended the parent reaches a child, however many siblings it has: nobody pushes it out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.knowledge.memory import CHILDREN_MARK
from correlators.kernel.routes import siblings
from schemas.activity import Activity, Issued, Parent
from schemas.dossier import Child
from schemas.sharding import are_siblings
from schemas.stored import decode
from schemas.verdict import Clock, Verdict
from tests.support.make import KEY, ROLE, T0, USER, change, issue, kill, use
from tests.support.scenario import HOUR, World, clock_after, every_way, run, taught

SIBLINGS = 40


def session(n: int) -> str:
    return f"aws:key/ASIA{n:016}"


def minted(n: int) -> Activity:
    return issue(f"i{n:04}", n, session(n), ROLE, KEY, USER, expires=T0 + 10 * HOUR)


MANY = [minted(n) for n in range(SIBLINGS)]


def outlived(world: World) -> Verdict:
    return next(v for r in world.last.values() if (v := r.verdict) and v.control == "outlived_parent")


@pytest.mark.slow
@settings(max_examples=10)
@given(st.lists(st.integers(0, SIBLINGS - 1), min_size=1, max_size=4, unique=True), st.integers(0, 99))
def test_whichever_child_of_a_dead_parent_is_used_is_told_however_many_siblings_it_has(
    used: list[int], seed: int
) -> None:
    later = [use(f"u{n}", 7_200 + n, ROLE, session(n)) for n in used]
    world = every_way([*MANY, kill("end", 3_600), *later], seed=seed, children_max=4)
    verdict = outlived(world)
    assert (verdict.value, verdict.subject) == ("violated", KEY)
    assert {e.uid for e in verdict.evidence} == {e.uid for e in later}
    assert f"{len(used)} of {SIBLINGS} descendant(s)" in verdict.reason


def test_what_came_from_one_that_moved_is_reached_through_it() -> None:
    chained = change(
        "chain",
        100,
        Issued("aws:key/ASIACHAINED", ROLE, "session", parents={session(0): Parent("dies_with", ROLE)}),
    )
    late = use("late", 7_200, ROLE, "aws:key/ASIACHAINED")
    world = every_way([*MANY, chained, kill("end", 3_600), late], children_max=4)
    assert [e.uid for e in outlived(world).evidence] == ["late"]


def test_what_others_say_was_issued_moves_as_hearsay() -> None:
    def said(n: int) -> Activity:
        effect = Issued(session(n), ROLE, "session", parents={KEY: Parent("dies_with", USER)})
        return change(f"i{n:04}", n, effect, source="ocsf", instance="lake")

    clock = Clock(T0 + 4 * HOUR, {"cloudtrail": T0 + 4 * HOUR, "ocsf": T0 + 4 * HOUR})
    many = [*map(said, range(SIBLINGS)), kill("end", 3_600), use("late", 7_200, ROLE, session(0))]
    assert outlived(every_way(many, clock, children_max=4)).voice == "ocsf/lake"


def test_a_dossier_that_is_too_large_keeps_its_lineage() -> None:
    """Whoever blows a dossier up, so that it is kept in brief, pushes nothing out either."""
    noise = [use(f"n{n:04}", 10 + n, USER, KEY, client="x" * 900, operation=f"o{n}") for n in range(60)]
    late = use("late", 7_200, ROLE, session(0))
    world = World(1, clock_after([late]), bytes_max=30_000)
    for many in ([*MANY, *noise], [kill("end", 3_600)], [late]):
        world.take([fact for activity in many for fact in taught(activity)])
        world.settle()
    assert [e.uid for e in outlived(world).evidence] == ["late"]
    assert max(len(body) for store in world.stores for body in store.values()) <= 30_000


def test_a_child_whose_longest_life_is_over_does_not_move_and_what_cannot_be_kept_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yearly = [issue(f"i{n}", n * 86_400.0, session(n), ROLE, KEY, USER) for n in range(20)]
    world = run(yearly, children_max=4)
    kept = {n for d in world.dossiers().values() for c in d.credentials.values() for n in c.children}
    assert session(19) in kept and session(0) in kept and session(8) not in kept
    monkeypatch.setattr(siblings, "GENERATIONS_MAX", 0)
    world = run(MANY, children_max=4)
    marked = [key for key, d in world.dossiers().items() if CHILDREN_MARK in d.marks]
    said = [v.identity for r in world.last.values() if (v := r.verdict) and v.control == "cap_reached"]
    assert marked == [USER] and said == [USER]


def test_that_the_last_generation_lets_go_of_some_is_told_of_the_parent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(siblings, "GENERATIONS_MAX", 1)
    monkeypatch.setattr(siblings, "SIBLING_SHARDS", 1)
    world = run(MANY, children_max=4)
    assert [v.identity for r in world.last.values() if (v := r.verdict) and v.control == "cap_reached"] == [
        USER
    ]


@pytest.mark.slow
def test_a_busy_parent_writes_no_more_than_its_half_again() -> None:
    correlator = Correlator(controls(), children_max=50)
    moves = 0
    for n in range(250):
        correlator.take(taught(minted(n)))
        settled = correlator.settle(clock_after([minted(n)]))
        moves += any(are_siblings(key) for key, _ in settled.forwards)
        body = settled.dossiers.get(USER)
        assert body and len(decode(body).credentials[KEY].children) <= 50 + siblings.SIBLING_SHARDS
    assert moves <= 10


def test_those_that_met_in_one_part_do_not_meet_again_in_the_next() -> None:
    """Else a dossier of siblings parts into one, and holds a thousand where it should hold sixteen."""
    names = {session(n): Child("dies_with", ROLE, n) for n in range(8_000)}
    first = siblings.head_of(KEY)
    for _ in range(2):
        parts = siblings._shared_out(first, names)
        assert len(parts) == siblings.SIBLING_SHARDS
        assert max(map(len, parts.values())) < 2 * len(names) / siblings.SIBLING_SHARDS
        first, names = max(parts.items(), key=lambda part: len(part[1]))
