"""The view of a dossier that the controls read."""

from __future__ import annotations

from correlators.kernel.views.view import View
from schemas.dossier import EMPTY, Credential, Sightings
from schemas.evidence import Evidence


def test_uses_are_those_of_the_credential_asked_for_even_of_one_that_nobody_keeps() -> None:
    """A credential that was let go of may have the same address in memory as the next."""
    view = View("aws:111122223333:user/a", EMPTY)
    for number in range(200):
        seen = Sightings((Evidence(number, f"e{number}"),))
        found = view.uses(Credential(uses={"succeeded": seen}), "succeeded")
        assert [e.uid for e in found] == [f"e{number}"]
