"""Sets at their cap are marked, in whatever order they filled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel.caps import tidy
from correlators.kernel.knowledge.fullness import (
    CLAIMS_MARK,
    CLIENTS_MARK,
    DECLARATIONS_MARK,
    NAMES_MARK,
    SECRETS_MARK,
    TURNS_MARK,
)
from correlators.kernel.knowledge.join import (
    CLAIMS_MAX,
    DECLARATIONS_MAX,
    NAMES_MAX,
    SECRETS_MAX,
    TURNS_MAX,
    join,
)
from schemas.claims import Approval, PolicyException, Release, Rotation, RotationPolicy
from schemas.declaration import Declaration
from schemas.dossier import (
    EMPTY,
    Address,
    Ancestor,
    Calls,
    Credential,
    Descendant,
    Dossier,
    Grant,
    Turn,
)
from schemas.evidence import Evidence


def at(n: int) -> Evidence:
    return Evidence(n, f"e{n}")


def of_credential(**more: object) -> Dossier:
    return Dossier(credentials={"c": Credential(**more)})  # type: ignore[arg-type]


def turn(n: int) -> Turn:
    return Turn(n, n % 2 == 0, "t", at(n))


SETS: dict[str, tuple[str, int, Callable[[int], Dossier]]] = {
    "names": (NAMES_MARK, NAMES_MAX, lambda n: of_credential(names=(f"n{n:03}",))),
    "places": (CLIENTS_MARK, NAMES_MAX, lambda n: of_credential(places=(f"n{n:03}",))),
    "clients": (CLIENTS_MARK, NAMES_MAX, lambda n: of_credential(clients=(f"n{n:03}",))),
    "names of a call": (NAMES_MARK, NAMES_MAX, lambda n: Dossier(calls={"k": Calls((f"n{n:03}",))})),
    "servers": (NAMES_MARK, NAMES_MAX, lambda n: Dossier(calls={"k": Calls(servers=(f"n{n:03}",))})),
    "names of a descendant": (
        NAMES_MARK,
        NAMES_MAX,
        lambda n: of_credential(descendants={"d": Descendant(names=(f"n{n:03}",))}),
    ),
    "turns": (TURNS_MARK, TURNS_MAX, lambda n: of_credential(turns=(turn(n),))),
    "failed ends": (TURNS_MARK, TURNS_MAX, lambda n: of_credential(failed_ends=(turn(n),))),
    "exposures": (TURNS_MARK, TURNS_MAX, lambda n: of_credential(exposures=(turn(n),))),
    "turns of an ancestor": (
        TURNS_MARK,
        TURNS_MAX,
        lambda n: of_credential(ancestors={"a": Ancestor("dies_with", "h", (turn(n),))}),
    ),
    "turns of an identity": (TURNS_MARK, TURNS_MAX, lambda n: Dossier(turns={"i": (turn(n),)})),
    "turns of an address": (
        TURNS_MARK,
        TURNS_MAX,
        lambda n: Dossier(addresses={"i": Address(1, (turn(n),))}),
    ),
    "turns of a grant": (TURNS_MARK, TURNS_MAX, lambda n: Dossier(grants={"g": Grant(turns=(turn(n),))})),
    "declarations": (
        DECLARATIONS_MARK,
        DECLARATIONS_MAX,
        lambda n: Dossier(stated={"i": (Declaration(n, "d"),)}),
    ),
    "rotations": (CLAIMS_MARK, CLAIMS_MAX, lambda n: Dossier(rotations={"r": (Rotation(n, at(n)),)})),
    "policies": (CLAIMS_MARK, CLAIMS_MAX, lambda n: Dossier(policies={"r": (RotationPolicy(at(n)),)})),
    "approvals": (CLAIMS_MARK, CLAIMS_MAX, lambda n: Dossier(approvals={"i": (Approval("g", at(n)),)})),
    "releases": (CLAIMS_MARK, CLAIMS_MAX, lambda n: Dossier(releases={"w": (Release(n, at(n)),)})),
    "secrets": (SECRETS_MARK, SECRETS_MAX, lambda n: Dossier(secrets={f"s{n}": n})),
    "exceptions": (CLAIMS_MARK, CLAIMS_MAX, lambda n: Dossier(exceptions=(PolicyException("c", n, at(n)),))),
}


def joined(make: Callable[[int], Dossier], numbers: range | list[int]) -> Dossier:
    dossier = EMPTY
    for n in numbers:
        dossier = join(dossier, make(n))
    return dossier


@pytest.mark.parametrize("part", SETS)
def test_a_set_at_its_cap_is_marked_and_one_below_is_not(part: str) -> None:
    mark, cap, make = SETS[part]
    assert tidy(joined(make, range(1, cap))).marks == ()
    assert tidy(joined(make, range(1, cap + 1))).marks == (mark,)
    assert tidy(joined(make, range(1, 3 * cap))).marks == (mark,)


@settings(max_examples=60)
@given(st.sampled_from(sorted(SETS)), st.data())
def test_marks_do_not_depend_on_order_or_on_when_a_dossier_was_stored(part: str, data: st.DataObject) -> None:
    _, cap, make = SETS[part]
    numbers = data.draw(st.lists(st.integers(1, 3 * cap), unique=True, max_size=2 * cap))
    chance = data.draw(st.randoms(use_true_random=False))
    shuffled = list(numbers)
    chance.shuffle(shuffled)
    half = len(shuffled) // 2
    apart = join(tidy(joined(make, shuffled[:half])), tidy(joined(make, shuffled[half:])))
    assert tidy(apart) == tidy(joined(make, numbers))
