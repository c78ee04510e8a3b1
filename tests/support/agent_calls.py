"""What the dossiers of agents know of their calls, from activities that come in any order."""

from __future__ import annotations

from collections.abc import Sequence

from correlators.kernel.correlator import Correlator
from correlators.kernel.views.calls import Call, endings, parted
from schemas.activity import Activity
from schemas.dossier import Dossier
from schemas.fact import facts_of
from tests.support.scenario import SETTLINGS_MAX, clock_after


def dossiers(many: Sequence[Activity]) -> dict[str, Dossier]:
    """Every dossier, once all that they tell one another is told."""
    correlator, clock = Correlator({}), clock_after(many)
    for activity in many:
        correlator.take(facts_of(activity))
    for _ in range(SETTLINGS_MAX):
        forwards = correlator.settle(clock).forwards
        if not forwards:
            return {key: correlator.dossier(key) for key in list(correlator.keys())}
        correlator.take(forwards)
    raise AssertionError("forwarding did not end")


def calls(many: Sequence[Activity]) -> dict[tuple[str, str], list[Call]]:
    """By agent and tool: its calls. A dossier that is forwarded to another holds them as well: it is left
    out."""
    return {
        parted(key): list(endings(key, calls))
        for dossier in dossiers(many).values()
        if not dossier.addresses
        for key, calls in dossier.calls.items()
    }


def ended(many: Sequence[Activity]) -> dict[tuple[str, str], list[str]]:
    """By agent and tool: how its calls ended."""
    return {key: [call.ending for call in found] for key, found in calls(many).items()}
