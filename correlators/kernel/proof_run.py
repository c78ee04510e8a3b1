"""The proof run of a release: what each bound control had proven before it, and what it has proven since."""

from __future__ import annotations

from typing import Literal, NamedTuple

from correlators.kernel.catalogue import controls, followed
from correlators.kernel.views.released import Element, Window, elements, windows
from correlators.kernel.views.view import View
from schemas.verdict import Clock, Value, Verdict

State = Literal["proven again", "open", "not proven again", "violated", "never proven"]

DRIFT = "drift_after_release"


class Proof(NamedTuple):
    """One bound control and what it is about. ``before``: its last proof before the release, ``after``: its
    first since (µs, 0: none); ``value``: as it stands now."""

    control: str
    subject: str
    state: State
    value: Value
    before: int = 0
    after: int = 0
    reason: str = ""


class Run(NamedTuple):
    """One release of a workload: its window, the elements that the workload showed, the proofs of the bound
    controls, and what is said of it as a whole."""

    window: Window
    elements: list[Element]
    proofs: list[Proof]
    verdict: Verdict | None


def proof_runs(view: View, clock: Clock, release: str) -> list[Run]:
    """Returns the runs of the release that is called so (by id, else by image; "": of every one), in order of
    time."""
    catalogue = controls()
    said = [verdict for control in catalogue.values() for verdict in control.judge(view, clock)]
    stands = {v.uid: v for v in followed(catalogue, said, view, clock)}
    bound = [v for v in said if catalogue[v.control].CONTROL.bound]
    runs = []
    for window in windows(view):
        if release in ("", window.name, window.release.image):
            proofs = [_proof(stands[v.uid], v, window, clock) for v in bound]
            whole = (v for v in stands.values() if v.control == DRIFT and v.subject == window.subject)
            runs.append(Run(window, elements(view, window), sorted(proofs), next(whole, None)))
    return runs


def _proof(now: Verdict, said: Verdict, window: Window, clock: Clock) -> Proof:
    shown = [e.time for e in said.evidence] if said.value == "proven" else []
    before = max((t for t in shown if t < window.start), default=0)
    after = min((t for t in shown if t >= window.start), default=0)
    state: State = (
        "violated"
        if now.value == "violated"
        else "proven again"
        if after
        else "never proven"
        if not before
        else "not proven again"
        if clock.now > window.deadline
        else "open"
    )
    return Proof(now.control, now.subject, state, now.value, before, after, now.reason)
