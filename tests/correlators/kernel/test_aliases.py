"""Aliases that the inventory declares: other keys of one identity, as long as the latest record says so."""

from __future__ import annotations

import json

from correlators.kernel.routes.routing import forwarded_to
from schemas.activity import Activity
from schemas.sources import Context, inventory
from schemas.stored import decode
from tests.support.scenario import World, every_way

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
