"""Parts of a dossier join to the dossier, and each is small."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from correlators.kernel.knowledge.join import join
from correlators.kernel.knowledge.parts import parts
from schemas import frozen
from schemas.activity import Activity, Ended
from schemas.dossier import EMPTY, Credential, Dossier, Sightings
from schemas.evidence import Evidence
from schemas.fact import facts_of
from schemas.span import Span
from tests.support.arbitrary import activities, dossiers


@given(st.lists(activities(), max_size=30), st.integers(1, 3_000))
def test_the_parts_of_any_dossier_join_to_it(many: list[Activity], size: int) -> None:
    whole = dossiers(many)
    cut = list(parts(whole, size))
    assert reduce(join, cut, EMPTY) == whole
    assert reduce(join, reversed(cut), EMPTY) == whole


def uses(count: int) -> Sightings:
    return Sightings(
        tuple(Evidence(n + 1, f"u{n}", "cloudtrail", client="c" * 50) for n in range(count)), True
    )


def test_one_busy_credential_is_cut_down_to_its_uses() -> None:
    whole = Dossier(credentials={"key": Credential(kind="k", expiry=(1, 2), uses={"succeeded": uses(5_000)})})
    cut = list(parts(whole, 10_000))
    assert len(cut) > 20 and max(map(frozen.size_of, cut)) <= 10_000
    assert reduce(join, cut, EMPTY) == whole


def test_very_many_sessions_of_one_user_are_cut() -> None:
    ends = [
        Activity(f"e{n}", n + 1, "cloudtrail", effects=(Ended("Del", "deleted", f"key/{n}", "user"),))
        for n in range(3_000)
    ]
    whole = reduce(join, (fact for e in ends for key, fact in facts_of(e) if key == "user"), EMPTY)
    cut = list(parts(whole, 50_000))
    assert max(map(frozen.size_of, cut)) <= 50_000 and reduce(join, cut, EMPTY) == whole


def test_what_cannot_be_cut_stays_whole() -> None:
    whole = Dossier(spans={"s" * 500: Span("agent", agent="n" * 500)})
    assert list(parts(whole, 100)) == [whole]
    lasting = Dossier(credentials={"c" * 500: Credential(expiry=(1, 2))})
    assert list(parts(lasting, 100)) == [lasting]


def test_a_small_dossier_is_its_only_part() -> None:
    small = Dossier(marks=("m",))
    assert list(parts(small, 1_000)) == [small]
