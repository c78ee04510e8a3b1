"""What is declared is decided field by field, by when each was recorded, in whatever order records come."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from correlators.kernel.knowledge.join import DECLARATIONS_MAX, declarations
from schemas.activity import Stated
from schemas.declaration import UNSAID, Declaration, Period, in_effect
from schemas.sources import Context, inventory

VALUES: dict[str, list[Any]] = {
    "owner": ["ops", "dev"],
    "aliases": [("a:b",), ("a:c",)],
    "statuses": [(Period("decommissioned", 5),), (Period("active"),)],
    "tools": [(), None],
    "places": [("10.0.0.0/8",), ()],
}


@st.composite
def records(draw: st.DrawFn) -> list[Declaration]:
    many = []
    for n in range(draw(st.integers(1, 6))):
        said = draw(st.sets(st.sampled_from(sorted(VALUES))))
        back = draw(
            st.sets(st.sampled_from(sorted(set(VALUES) - said))) if said != set(VALUES) else st.just(set())
        )
        fields = {name: draw(st.sampled_from(VALUES[name])) for name in sorted(said)}
        many.append(Declaration(n, f"r{n}", **fields, cleared=tuple(sorted(back))))
    return many


@given(records(), st.randoms())
def test_each_field_is_what_the_last_record_says_that_mentions_it_in_any_order(
    many: list[Declaration], chance: Any
) -> None:
    known: tuple[Declaration, ...] = ()
    for one in chance.sample([*many, *many], 2 * len(many)):
        known = declarations(known, (one,))
    last = in_effect(known)[-1]
    for field, nothing in UNSAID.items():
        saying = [d for d in many if d.says(field)]
        assert getattr(last, field) == (getattr(saying[-1], field) if saying else nothing)


def test_what_was_said_long_ago_and_never_mentioned_again_outlives_the_cap_in_any_order() -> None:
    first = Declaration(0, "first", owner="ops", statuses=(Period("decommissioned"),))
    partial = [Declaration(n, f"p{n}", name=f"n{n}") for n in range(1, 2 * DECLARATIONS_MAX)]
    for many in ([first, *partial], [*partial, first], [*partial[:40], first, *partial[40:]]):
        known: tuple[Declaration, ...] = ()
        for one in many:
            known = declarations(known, (one,))
        assert known[0] == first and len(known) == DECLARATIONS_MAX + 1
        assert in_effect(known)[-1].owner == "ops"


def test_a_record_that_changes_nothing_is_no_step() -> None:
    once, again = Declaration(1, "a", owner="ops"), Declaration(2, "b", owner="ops")
    assert in_effect([again, once]) == (once,)


def stated(entry: dict[str, Any], recorded: str) -> Declaration:
    document = {
        "gapwatch": "inventory/v1",
        "recorded": recorded,
        "identities": [{"id": "k8s:c1:a/b"} | entry],
    }
    reading = inventory.read(yaml.safe_dump(document).encode(), Context())
    assert not reading.rejects
    (effect,) = [e for e in reading.activities[0].effects if isinstance(e, Stated)]
    return effect.declaration


def test_a_file_takes_back_by_null_and_by_an_empty_list_of_keys_or_periods_and_not_by_silence() -> None:
    first = stated(
        {"owner": "ops", "aliases": ["a:b"], "status": [{"value": "disabled"}], "tools": [{"name": "t"}]},
        "2026-11-20T09:00:00Z",
    )
    silent = stated({"name": "b"}, "2026-11-21T09:00:00Z")
    assert in_effect([silent, first])[-1].owner == "ops"
    empty: dict[str, Any] = {"owner": None, "aliases": [], "status": [], "tools": []}
    (*_, after) = in_effect([first, stated(empty, "2026-11-21T09:00:00Z")])
    assert (after.owner, after.aliases, after.statuses, after.tools) == ("", (), (), ())
    (*_, after) = in_effect([first, stated({"tools": None, "status": None}, "2026-11-21T09:00:00Z")])
    assert (after.tools, after.statuses, after.aliases) == (None, (), ("a:b",))
