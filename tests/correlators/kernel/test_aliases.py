"""Aliases that the inventory declares: other keys of one identity, as long as the latest record says so."""

from __future__ import annotations

import json

import pytest

from correlators.kernel.routes.circles import CIRCLE_MARK, SHARED_MARK
from correlators.kernel.routes.routing import forwarded_to
from schemas.activity import Activity, Issued, Known
from schemas.sources import Context, inventory
from schemas.stored import decode
from tests.support import make
from tests.support.make import USER
from tests.support.scenario import World, every_way, run

AGENT, ROLE, OTHER = "agent:desk/triage", "aws:111122223333:role/triage", "k8s:c1:support/triage"


def record(recorded: str, *aliases: str, identity: str = AGENT) -> Activity:
    document = {
        "gapwatch": "inventory/v1",
        "recorded": recorded,
        "identities": [{"id": identity, "aliases": list(aliases)}],
    }
    reading = inventory.read(json.dumps(document).encode(), Context())
    assert not reading.rejects
    return reading.activities[0]


def use(key: str) -> Activity:
    return Activity(
        uid=f"use by {key}",
        time=1_795_000_000_000_000,
        source="kubernetes" if key.startswith("k8s:") else "cloudtrail",
        identity=key,
        outcome="succeeded",
    )


def targets(world: World, key: str) -> list[str]:
    return next((forwarded_to(key, decode(store[key])) for store in world.stores if key in store), [])


def uses(world: World, key: str) -> set[str]:
    dossier = next(decode(store[key]) for store in world.stores if key in store)
    return {e.uid for c in dossier.credentials.values() for s in c.uses.values() for e in s.kept}


def test_what_is_known_of_an_alias_is_known_of_its_identity() -> None:
    world = every_way([use(ROLE), record("2026-11-01T00:00:00Z", ROLE, OTHER), use(OTHER)])
    assert targets(world, ROLE) == targets(world, OTHER) == [AGENT]
    assert uses(world, AGENT) == {f"use by {ROLE}", f"use by {OTHER}"}


def test_an_alias_that_a_later_record_no_longer_lists_is_taken_back_whatever_comes_first() -> None:
    world = every_way(
        [record("2026-11-01T00:00:00Z", ROLE, OTHER), record("2026-11-02T00:00:00Z", OTHER), use(ROLE)]
    )
    assert targets(world, ROLE) == []
    assert targets(world, OTHER) == [AGENT]


def test_an_alias_may_come_back_and_may_move_to_another_identity() -> None:
    world = every_way(
        [
            record("2026-11-01T00:00:00Z", ROLE),
            record("2026-11-02T00:00:00Z"),
            record("2026-11-03T00:00:00Z", ROLE),
        ]
    )
    assert targets(world, ROLE) == [AGENT]
    moved = every_way(
        [
            record("2026-11-01T00:00:00Z", ROLE),
            record("2026-11-02T00:00:00Z"),
            record("2026-11-02T00:00:00Z", ROLE, identity="agent:desk/other"),
        ]
    )
    assert targets(moved, ROLE) == ["agent:desk/other"]


def alias_of_each_other(*keys: str) -> list[Activity]:
    """Records, one an identity, each of which names the next one as its alias, the last one the first."""
    return [
        record(f"2026-11-0{n}T00:00:00Z", keys[n % len(keys)], identity=key) for n, key in enumerate(keys, 1)
    ]


def stolen(world: World) -> dict[str, bool]:
    """By the identity under which it was told, whether the use of the dead key stands open."""
    last = (r for r in world.last.values() if r.reported.control == "revoked_credential_used" and r.verdict)
    return {r.verdict.identity: r.reported.open for r in last if r.verdict}


@pytest.mark.parametrize("circle", [(ROLE, USER), (USER, ROLE), (ROLE, USER, OTHER), (OTHER, USER, ROLE)])
def test_in_a_circle_of_aliases_the_least_key_is_judged_and_bears_a_mark(circle: tuple[str, ...]) -> None:
    acts = [make.use("u0", 0), make.kill("end", 60), make.use("u1", 600)]
    world = every_way([*alias_of_each_other(*circle), *acts])
    assert stolen(world) == {min(circle): True}
    marked = {
        key
        for key in circle
        for store in world.stores
        if key in store and CIRCLE_MARK in decode(store[key]).marks
    }
    assert marked == set(circle)


def test_who_is_an_alias_of_somebody_in_a_circle_is_not_taken_for_its_home() -> None:
    feeder = "aws:000000000000:user/alias"
    acts = [make.use("u0", 0, feeder), make.kill("end", 60, identity=feeder), make.use("u1", 600, feeder)]
    named = record("2026-11-05T00:00:00Z", feeder, ROLE, identity=USER)
    world = every_way([*alias_of_each_other(ROLE, USER), named, *acts])
    assert stolen(world) == {min(ROLE, USER): True}


@pytest.mark.parametrize(("loser", "left"), [(ROLE, USER), (USER, ROLE)])
def test_a_circle_that_is_taken_back_is_judged_where_its_aliases_lead_now(loser: str, left: str) -> None:
    acts = [make.use("u0", 0), make.kill("end", 60), make.use("u1", 600)]
    mended = record("2026-11-09T00:00:00Z", identity=loser)
    world = run([*alias_of_each_other(ROLE, USER), mended, *acts])
    assert stolen(world) == {left: True}


def test_no_identity_is_taken_for_another_ones_credential() -> None:
    taken = make.change(
        "c", 10, Known(ROLE, USER), Issued(USER, ROLE, names=(ROLE,)), identity=USER, credential=ROLE
    )
    acts = [make.use("u0", 0), make.kill("end", 60), make.use("u1", 600)]
    world = every_way([taken, *acts])
    assert stolen(world) == {USER: True} and targets(world, USER) == targets(world, ROLE) == []


def test_an_alias_of_two_identities_is_marked_and_the_least_of_them_speaks_of_it() -> None:
    first, second = "agent:desk/triage", "agent:sales/leads"
    records = [
        record("2026-11-01T00:00:00Z", USER, identity=second),
        record("2026-11-02T00:00:00Z", USER, identity=first),
    ]
    own = [
        make.use("o0", 0, second, "aws:key/AKIAOWN"),
        make.kill("own", 60, "aws:key/AKIAOWN", second),
        make.use("o1", 600, second, "aws:key/AKIAOWN"),
    ]
    acts = [make.use("u0", 0), make.kill("end", 60), make.use("u1", 600)]
    world = every_way([*records, *acts, *own])
    stands_open = {
        r.reported.subject: r.verdict.identity
        for r in world.last.values()
        if r.verdict and r.reported.control == "revoked_credential_used" and r.reported.open
    }
    assert stands_open == {make.KEY: first, "aws:key/AKIAOWN": second}
    assert targets(world, first) == targets(world, second) == []
    assert any(USER in store and SHARED_MARK in decode(store[USER]).marks for store in world.stores)
    one = run([record("2026-11-03T00:00:00Z", identity=first), *records, *acts])
    assert stolen(one) == {second: True}
