"""The laws of the lattice, on dossiers that real-looking activities teach."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel.caps import canonical
from correlators.kernel.knowledge.join import join
from correlators.kernel.knowledge.sightings import KEPT_MAX, merge, thin
from correlators.kernel.views.view import View
from schemas.activity import Activity, Aliased, Effect, Stated
from schemas.dossier import Credential, Dossier, Sightings, Turn
from schemas.evidence import SECOND, Evidence
from schemas.stored import decode, encode
from tests.support.arbitrary import MANY, activities, dossiers
from tests.support.scenario import every_way


@pytest.mark.slow
@given(MANY, MANY, MANY)
def test_join_is_associative(a: list[Activity], b: list[Activity], c: list[Activity]) -> None:
    x, y, z = dossiers(a), dossiers(b), dossiers(c)
    assert join(join(x, y), z) == join(x, join(y, z))


@pytest.mark.slow
@given(MANY, MANY)
def test_join_is_commutative(a: list[Activity], b: list[Activity]) -> None:
    x, y = dossiers(a), dossiers(b)
    assert join(x, y) == join(y, x)


@pytest.mark.slow
@given(MANY, MANY)
def test_join_is_idempotent_and_says_by_identity_that_nothing_was_learned(
    a: list[Activity], b: list[Activity]
) -> None:
    x = join(dossiers(a), dossiers(b))
    assert join(x, x) is x
    assert join(x, dossiers(b)) is x
    assert join(x, decode(encode(x))) is x


@given(MANY)
def test_a_dossier_survives_its_encoding(a: list[Activity]) -> None:
    x = dossiers(a)
    assert decode(encode(x)) == x


def evidence(times: list[int], places: int = 3) -> Sightings:
    return thin(
        Sightings(
            tuple(sorted({Evidence(t * 13 * SECOND, f"e{t}", place=f"10.{t % places}.0.1") for t in times}))
        )
    )


@given(st.lists(st.integers(0, 9000), max_size=400), st.lists(st.integers(0, 9000), max_size=400))
def test_thinning_commutes_with_joining(a: list[int], b: list[int]) -> None:
    assert thin(merge(evidence(a), evidence(b))) == evidence(a + b)


@given(
    st.lists(st.integers(0, 900), max_size=200),
    st.lists(st.integers(0, 900), max_size=200),
    st.integers(0, 900),
)
def test_the_first_uses_after_an_end_that_was_known_are_pinned_for_good(
    a: list[int], b: list[int], end: int
) -> None:
    known = Credential(turns=(Turn(end * 13 * SECOND, False, "kill", Evidence(end, "kill")),))
    dossier = Dossier(credentials={"c": known})
    for times in (a, b):
        raw = Sightings(tuple(sorted({Evidence(t * 13 * SECOND, f"e{t}") for t in times})))
        dossier = canonical(
            join(dossier, Dossier(credentials={"c": Credential(uses={"succeeded": raw} if times else {})}))
        )[0]
    after = sorted({t for t in a + b if t > end})
    found = View("c", dossier).uses(dossier.credentials["c"], "succeeded")
    assert [e.uid for e in found if e.time > end * 13 * SECOND][:1] == [f"e{t}" for t in after[:1]]


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=300))
def test_thinning_keeps_the_first_and_the_last(times: list[int]) -> None:
    kept = evidence(times, 1).kept
    assert kept[0].time == min(times) * 13 * SECOND
    assert kept[-1].time == max(times) * 13 * SECOND
    assert len(kept) <= KEPT_MAX


def lasting(many: list[Activity]) -> list[Activity]:
    """Without the taking back of aliases. What an alias told its identity while it was one stays there
    (docs/architecture.md, "What is wrong with it"), so it matters whether it was told before."""
    return [a for a in many if not any(_takes_back(effect) for effect in a.effects)]


def _takes_back(effect: Effect) -> bool:
    if isinstance(effect, Stated):
        return "aliases" in effect.declaration.cleared
    return isinstance(effect, Aliased) and not effect.alive


@pytest.mark.slow
@settings(max_examples=50)
@given(st.lists(activities(), max_size=14).map(lasting), st.integers(0, 1000))
def test_any_order_duplication_batching_partition_count_and_restart_give_the_same_verdicts(
    many: list[Activity], seed: int
) -> None:
    every_way(many, seed=seed)
