"""What a control needs to have anything to say, and what is settled without asking any."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel import correlator, needs
from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.needs import OF_CREDENTIALS, PARTS, Asked, Parts
from correlators.kernel.views.view import View
from schemas import frozen
from schemas.activity import Activity
from schemas.dossier import Address, Credential, Dossier
from schemas.fact import Fact
from schemas.verdict import Clock, Doubts
from tests.support.arbitrary import MANY, activities, dossiers
from tests.support.make import T0
from tests.support.scenario import clock_after

KEYS = st.sampled_from(["aws:1:user/a", "aws:1:root", "aws:key/K1", "agent:desk/a", "telemetry:aws:1"])

held = Parts(PARTS).held

COMPUTED: dict[str, Callable[[Credential], Credential]] = {
    needs.EXPIRY: lambda c: frozen.changed(c, expiry=(0, 0)),
    needs.REFUSED: lambda c: frozen.changed(
        c, uses={k: s for k, s in c.uses.items() if not k.startswith("unauthenticated")}, pins={}
    ),
    needs.SECRET_READS: lambda c: frozen.changed(
        c, uses={k: s for k, s in c.uses.items() if not k.endswith("secret_read")}, pins={}, stays={}
    ),
    needs.PLACES: lambda c: frozen.changed(c, stays={}),
    needs.ROOT: lambda c: frozen.changed(c, kind=""),
}
"""A credential without what a computed part tells of."""


def without(dossier: Dossier, parts: frozenset[str]) -> Dossier:
    """The dossier with these parts taken out."""
    for part in parts:
        name = part.removeprefix(OF_CREDENTIALS)
        if part in COMPUTED:
            change = COMPUTED[part]
        elif part != name:
            change = _emptied(name)
        else:
            dossier = frozen.changed(dossier, **{name: getattr(Dossier(), name)})
            continue
        dossier = frozen.changed(dossier, credentials={n: change(c) for n, c in dossier.credentials.items()})
    return dossier


def _emptied(name: str) -> Callable[[Credential], Credential]:
    return lambda c: frozen.changed(c, **{name: getattr(Credential(), name)})


def test_every_control_says_what_it_needs_or_judges_habits() -> None:
    every = {name: module.CONTROL.needs for name, module in controls().items()}
    assert {name for name, parts in every.items() if not parts} == {"dormant_identity_wakes"}
    assert frozenset().union(*every.values()) <= PARTS
    assert set(COMPUTED) == needs.COMPUTED


@settings(deadline=None)
@given(st.lists(activities(), max_size=12), KEYS, st.integers(0, 400))
def test_a_dossier_without_what_a_control_needs_gives_no_verdict_and_nothing_to_ask_again(
    many: list[Activity], key: str, days: int
) -> None:
    whole = dossiers(many)
    for name, control in controls().items():
        parts = control.CONTROL.needs
        dossier = without(whole, parts)
        if not parts or not parts.isdisjoint(held(key, dossier)):
            continue
        clock = clock_after(many, 24 * days).listening()
        assert list(control.judge(View(key, dossier), clock)) == [], name
        assert clock.doubts == Doubts(), name


@given(MANY, KEYS)
def test_whatever_is_left_out_of_a_dossier_is_not_held(many: list[Activity], key: str) -> None:
    whole = dossiers(many)
    for part in sorted(PARTS - ({needs.ROOT} if key.endswith(":root") else set())):
        assert part not in held(key, without(whole, frozenset({part}))), part


def test_a_dossier_of_plain_uses_is_asked_of_habits_alone() -> None:
    use = Activity(
        "u", T0, "cloudtrail", identity="aws:1:user/a", credential="aws:key/K1", outcome="succeeded"
    )
    asked = [c.CONTROL.name for c in Asked(controls()).about("aws:1:user/a", dossiers([use]))]
    assert asked == ["dormant_identity_wakes"]


LEADS: list[Fact] = [("aws:key/K1", Dossier(addresses={"aws:1:user/a": Address(T0)}))]


@pytest.mark.parametrize("also", [False, True])
def test_what_only_leads_to_its_identity_is_stored_and_nothing_else(
    also: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short way gives what the long way gives; with a use beside it, the use is forwarded."""
    facts = LEADS
    if also:
        use = Activity("u", T0, "cloudtrail", credential="aws:key/K1", outcome="succeeded")
        facts = [*LEADS, ("aws:key/K1", dossiers([use]))]
    given_by = []
    for short in (True, False):
        if not short:
            monkeypatch.setattr(correlator, "only_leads", lambda key, dossier: False)
        one = Correlator(controls())
        one.take(facts)
        given_by.append(one.settle(Clock(T0 + 1)))
    assert given_by[0] == given_by[1]
    assert list(given_by[0].dossiers) == ["aws:key/K1"]
    assert [target for target, _ in given_by[0].forwards] == (["aws:1:user/a"] if also else [])
