"""A fault of our own over one identity is told with its place, and stops nothing of the others."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from correlators.kernel.views.view import View
from schemas.dossier import Dossier
from schemas.fact import Fact
from schemas.verdict import Clock, Verdict

NOW = 1_790_000_000_000_000


def fails_over(key: str) -> SimpleNamespace:
    """A control that fails over one identity."""

    def judge(view: View, clock: Clock) -> Iterable[Verdict]:
        if view.key == key:
            raise ValueError("a secret of the record")
        return ()

    return SimpleNamespace(judge=judge, CONTROL=SimpleNamespace(everywhere=False, needs=frozenset()))


def facts(*keys: str) -> list[Fact]:
    return [(key, Dossier(marks=("seen",))) for key in keys]


def test_one_identity_that_cannot_be_judged_is_told_once_and_the_others_are_judged() -> None:
    faulty = {"faulty": fails_over("aws:1:user/b"), **controls()}
    correlator = Correlator(faulty)  # type: ignore[arg-type]
    correlator.take(facts("aws:1:user/a", "aws:1:user/b", "aws:1:user/c"))
    settled = correlator.settle(Clock(NOW, {}, {}))
    assert set(settled.dossiers) == {"aws:1:user/a", "aws:1:user/b", "aws:1:user/c"}, "what is known is kept"
    assert [key for key, _ in settled.failed] == ["aws:1:user/b"]
    assert settled.failed[0][1].startswith("ValueError at test_failures.py") and not settled.reports
    correlator.take([("aws:1:user/b", Dossier(marks=("again",)))])
    again = correlator.settle(Clock(NOW + 1, {}, {}))
    assert not again.failed and "aws:1:user/b" in again.dossiers


def test_a_fact_that_cannot_be_joined_is_told_and_the_next_one_is_joined() -> None:
    broken = SimpleNamespace(CONTROL=SimpleNamespace(everywhere=False, needs=frozenset()))
    correlator = Correlator(controls())
    correlator.take([("aws:1:user/a", broken), *facts("aws:1:user/b")])  # type: ignore[list-item]
    settled = correlator.settle(Clock(NOW, {}, {}))
    assert [key for key, _ in settled.failed] == ["aws:1:user/a"]
    assert "aws:1:user/b" in settled.dossiers
