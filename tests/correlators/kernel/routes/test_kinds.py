"""The table of the kinds of dossiers in which facts meet."""

from __future__ import annotations

import pytest

from correlators.kernel.routes.kinds import KINDS, TRACE_AGE, kind_of
from schemas.authority import MEETING
from schemas.dossier import Dossier, Glimpsed
from schemas.evidence import Evidence
from schemas.span import Span
from schemas.verdict import Clock

OLD = TRACE_AGE + 10


def test_whoever_asks_by_the_beginning_of_a_key_means_the_same_kinds() -> None:
    assert {kind.prefix for kind in KINDS} == set(MEETING)


@pytest.mark.parametrize("key", ["aws:111122223333:user/ci", "k8s:c1:watch/x", "vault:trace:entity/1", ""])
def test_an_identity_and_a_credential_are_of_none(key: str) -> None:
    assert kind_of(key) is None


@pytest.mark.parametrize(
    ("key", "dossier"),
    [
        ("trace:00", Dossier(spans={"1": Span("tool", start=1, end=5)})),
        ("glimpses:k8s:c1:7", Dossier(glimpses={"g": Glimpsed(5, "", Evidence(1, "e", "kubernetes"))})),
    ],
)
def test_what_meets_for_a_moment_goes_when_its_age_is_over(key: str, dossier: Dossier) -> None:
    kind = kind_of(key)
    assert kind is not None and kind.expired(dossier, Clock(OLD))
    assert not kind.expired(dossier, Clock(TRACE_AGE)) and not kind.expired(Dossier(), Clock(OLD))


@pytest.mark.parametrize("key", ["roster:aws:111122223333#3", "watch:1"])
def test_rosters_and_what_sources_have_shown_stay_for_ever(key: str) -> None:
    kind = kind_of(key)
    assert kind is not None and not kind.expired(Dossier(), Clock(1 << 60))
