"""For authors of controls: what nearly every control needs, in one import.

A control is a module with ``CONTROL`` and ``judge(view, clock)``: a pure function from what is known of one
identity to verdicts; ``CASES`` may stand beside the rule. CONTRIBUTING.md goes through it step by step.

- what is known: ``view.credentials``, ``view.dossier``, ``view.declaration``; ``view.used(c)``,
  ``view.refused(c)``, ``view.wrote(c)``, ``view.turns_of(name)``;
- ends: ``off_intervals`` and ``deaths_of`` (periods in which a thing was off: dead now where one has no end
  and ``clock.past(off.start)``, as an expiry may lie ahead), ``past_grace``, ``surely_after``,
  ``taken_back``, ``proofs``, ``over_since``;
- where nothing was seen: ``unheard``;
- what is said: ``view.verdict(CONTROL, …)``; in a title ``named``, ``called``, ``spoken``, ``ended``,
  ``acted``; in a reason ``short``, ``times``, ``iso``; ``episodes_of``; which ids of the standards stand in
  ``CONTROL``: ``schemas.verdict.Control``.

What only some need stands in ``correlators.kernel.views``: places, rotations, approvals, calls, in-flight
writes, the inventory.
"""

from __future__ import annotations

from correlators.kernel.case import Case
from correlators.kernel.knowledge.inferred import confidence_of
from correlators.kernel.views.calls import executed
from correlators.kernel.views.deaths import deaths_of
from correlators.kernel.views.ends import (
    Off,
    Own,
    off_intervals,
    own_of,
    past_grace,
    surely_after,
    taken_back,
)
from correlators.kernel.views.refusals import over_since, proofs
from correlators.kernel.views.severity import of_uses
from correlators.kernel.views.silence import uncollected, unheard
from correlators.kernel.views.view import View, sighted
from correlators.kernel.views.wording import (
    acted,
    called,
    ended,
    episodes_of,
    named,
    short,
    spoken,
    thinned,
    times,
    worst_of,
)
from schemas import frozen
from schemas.credential_kind import traits_of
from schemas.dossier import Credential, Turn
from schemas.evidence import Event, Evidence, iso, micros, network_of
from schemas.freshness import Freshness
from schemas.providers import source_of
from schemas.verdict import Clock, Confidence, Control, Episode, Severity, Value, Verdict

__all__ = [
    "Case", "Clock", "Confidence", "Control", "Credential", "Episode", "Event", "Evidence", "Freshness",
    "Off", "Own", "Severity", "Turn", "Value", "Verdict", "View", "acted", "called", "confidence_of",
    "deaths_of", "ended", "episodes_of", "executed", "frozen", "iso", "micros", "named", "network_of",
    "of_uses", "off_intervals", "over_since", "own_of", "past_grace", "proofs", "short", "sighted",
    "source_of", "spoken", "surely_after", "taken_back", "thinned", "times", "traits_of", "uncollected",
    "unheard", "worst_of",
]  # fmt: skip
