"""More was learned than is kept, and something may go untold for it.

Fires: the dossier of an identity, a group or a roster reached a cap, and the dropped part could have shown a
gap: ends and restorals, credentials, members, children, spans, secrets that were read, statements of one
voice. One finding for each dossier, which names the parts. Low where ends, credentials or members were
dropped; informational for the rest.
Proves: nothing. The finding stays, because dropped evidence does not come back.
Evaded by: nothing. Below every cap nothing is dropped, and filling a cap is what this control reports.
Benign: an account that a machine switches on and off; an agent whose runs have thousands of spans; a busy
identity with a session for each call.
Do: find out what fills the part (``activities`` holds every event). Split an identity that many workloads
share; where a dossier as a whole is too small, raise the setting ``dossier_limit``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from correlators.control import Clock, Control, Severity, Verdict, View, named
from correlators.kernel.knowledge import fullness, memory, weight
from correlators.kernel.routes import crowds, lookups, rosters, traces

CONTROL = Control(
    name="cap_reached",
    version="1",
    title="More was learned than is kept",
    owasp=("NHI9:2025",),
    attack=(("T1562.006", "Impair Defenses: Indicator Blocking"),),
    nist=("AU-4", "AU-5"),
    csf=("DE.CM-01",),
    needs=frozenset({"marks"}),
    remediation="Look at what fills it; split an identity that many workloads share.",
    everywhere=True,
)


class Loss(NamedTuple):
    """What a mark means: the part that was cut, and how grave it is that something may go untold."""

    words: str
    severity: Severity


LOSSES = {
    fullness.TURNS_MARK: Loss("ends and restorals between the first and the last", Severity.LOW),
    weight.CREDENTIALS_MARK: Loss("credentials", Severity.LOW),
    weight.COMING_MARK: Loss("records ahead of their time", Severity.LOW),
    rosters.MEMBERS_MARK: Loss("identities of the installation", Severity.LOW),
    weight.SPARE_MARK: Loss("credentials that no record claims anything about", Severity.INFORMATIONAL),
    weight.HEARSAY_MARK: Loss("what others say", Severity.INFORMATIONAL),
    memory.CHILDREN_MARK: Loss("what was issued first from one credential, of millions", Severity.LOW),
    fullness.NAMES_MARK: Loss("other names of one credential or tool", Severity.INFORMATIONAL),
    fullness.SECRETS_MARK: Loss("secrets that were read", Severity.INFORMATIONAL),
    traces.TRACES_MARK: Loss("spans of a run", Severity.INFORMATIONAL),
    lookups.FLOODED_MARK: Loss("refusals that name nobody, in a flood", Severity.INFORMATIONAL),
}
"""Marks of what may go untold. Any other part that was cut for the size of its dossier is in the same place
(``… truncated``): low where it is among the parts below."""

GRAVE = frozenset({"turns", "members", "stated", "grants", "addresses"})
"""Parts that hold ends, or lead to whom an end is about."""

HARMLESS = {
    fullness.CLIENTS_MARK: "a client or place that was let go of is taken for a new one",
    fullness.LISTS_MARK: "the newest are kept, and `tools_beyond_approval` tells where one month holds more",
    fullness.STAYS_MARK: "a full set is judged as if one more place had come",
    fullness.WRITES_MARK: "a write that was let go of is told as new",
    fullness.DECLARATIONS_MARK: "the latest recorded are kept, and they decide",
    fullness.CLAIMS_MARK: "the latest recorded are kept, and they decide",
    "crowd truncated": "findings of the others stay alarms of their own",
    crowds.PARTS_MARK: "the story says about how many, and stays one",
    "spans truncated": "told to each agent of the trace",
    "glimpses truncated": "told to whoever was looked up",
    "sessions truncated": "those begun last are kept, and those that only listen go first",
    "begun operations truncated": "an operation that was let go of is taken for a use",
    "credentials apart": "they have moved, and nothing is lost",
    "aliases in a circle": "judged under the least key; `gapwatch doctor` names them",
    "alias of two identities": "the least of them speaks of it; `gapwatch doctor` names the alias",
    "lineage depth reached": "the rest follows in the next settling",
    "written by another version": "kept whole beside what is understood",
    "ahead of its time": "kept until its time comes",
}
"""Marks after which nothing goes untold, and why."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict where something that was let go of may go untold."""
    losses = {mark: loss for mark in view.dossier.marks if (loss := loss_of(mark))}
    if not losses:
        return
    parts = ", ".join(loss.words for loss in losses.values())
    yield view.verdict(
        CONTROL,
        subject=f"{view.key} caps",
        value="violated",
        title=f"{named(view)}: not all that was learned is kept",
        reason=f"cut at a cap: {parts}",
        severity=max(loss.severity for loss in losses.values()),
        truncated=True,
    )


def loss_of(mark: str) -> Loss | None:
    """Returns what a mark says may go untold; None where nothing may."""
    part = mark.removesuffix(" truncated")
    if mark in LOSSES or mark in HARMLESS or part == mark:
        return LOSSES.get(mark)
    return Loss(part, Severity.LOW if part in GRAVE else Severity.INFORMATIONAL)
