"""A release brought more than was approved, or what held before it was not proven again.

Fires: a declared release opens a window (``window``, else ``rollout``). Low, if within the window the
workload runs, or is told to run, an image that it did not run before and that no release names. Low, if it is
used from a network that its declared places do not cover, or reads a secret for the first time that is not
among its declared ones. Informational, if another control tells of the window on its own (a tool, a scope, a
role outside its approval, an old image, a read of a secret from elsewhere). Informational with low
confidence, if a control was proven before the release and not again by the window's end, although the
workload was at work and the log has reached that end. The same holds if the released image was not seen
running where images are seen. One finding for a workload and release.
Proves: all controls that are bound to a workload (``Control.bound``) and were proven before are proven again
in the window, and nothing beyond the approved model was seen. A bound control that is not proven again by the
deadline falls to assumed, whatever proved it before, until it is.
Over: the next release ran through its window without such a change; the control is proven late.
Evaded by: waiting until the window is over (the other controls go on); workloads of which no release is
declared; models that are not declared (nothing is said of what they would hold).
Benign: a canary, blue and green, a rollback (images of any declared release are released ones, the next one's
ahead of its time too, and whatever the releaser sets); old parts that end during the roll-out; a release that
is followed by another at once (the window ends with it); side-cars; a new network, secret or tool that is
declared with the release, or late (it withdraws); an idle workload.
Do: declare what was meant, roll back what was not, and ask who released it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Evidence,
    Freshness,
    Severity,
    Value,
    Verdict,
    View,
    frozen,
    iso,
    named,
    short,
    sighted,
    thinned,
    uncollected,
)
from correlators.kernel.views.calls import times_of
from correlators.kernel.views.released import (
    Element,
    Window,
    acted_in,
    beyond,
    is_image_of,
    windows,
)
from schemas.fact import IMAGES_JOINED, RAN
from schemas.span import unnamed_of

CONTROL = Control(
    name="drift_after_release",
    version="1",
    title="Drift after a release",
    owasp=("NHI6:2025",),
    attack=(("T1525", "Implant Internal Image"),),
    nist=("CM-3", "CM-6", "CA-7"),
    csf=("PR.PS-01", "ID.AM-08"),
    freshness=Freshness(
        None,
        "the window of a release is over for good, and the next release has a row of its own",
    ),
    needs=frozenset({"releases"}),
    remediation="Declare what was meant with the release, roll back what was not, and ask who released it.",
)

NAMES = 4
"""Elements that a title names."""


class Proofs(NamedTuple):
    """What the bound controls say of a release. ``violated``: the verdicts with evidence in its window.
    ``again``: the proofs since its start. ``fallen``: the proofs from before it. ``missed``: those of the
    fallen that no refused use had given."""

    violated: tuple[Verdict, ...] = ()
    again: tuple[Verdict, ...] = ()
    fallen: tuple[Verdict, ...] = ()
    missed: tuple[Verdict, ...] = ()


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields nothing: all that this control says rests on what the others say (``follow``)."""
    yield from ()


def follow(view: View, clock: Clock, said: list[Verdict], bound: frozenset[str]) -> list[Verdict]:
    """Returns what all controls said, as it stands after the releases: what the ``bound`` ones had proven and
    did not prove again is assumed, and this control counts their violations in the window."""
    opened = _opened(view, clock)
    if not opened:
        return said
    over = [w for w in opened if clock.past(w.deadline)]
    newest = {w.workload: w for w in opened}
    others = [v for v in said if v.control in bound]
    completed = []
    for verdict in said:
        if verdict.control in bound:
            completed.append(_standing(verdict, over))
        elif verdict.control != CONTROL.name:
            completed.append(verdict)
    for window in opened:
        found = beyond(view, window)
        proofs = _proofs(view, window, others)
        verdict = _judged(view, clock, window, found, proofs)
        if verdict.severity is not None or newest[window.workload] == window:
            completed.append(verdict)
    return completed


def _opened(view: View, clock: Clock) -> list[Window]:
    return [w for w in windows(view) if clock.past(w.start - 1)]


def _standing(verdict: Verdict, over: list[Window]) -> Verdict:
    """A proof of before a release whose window is over is none any more."""
    lapsed = [w for w in over if _before(verdict, w)]
    if verdict.value != "proven" or not lapsed:
        return verdict
    since = f"not proven again since {lapsed[-1].name} of {iso(lapsed[-1].start)}"
    return frozen.changed(verdict, value="assumed", reason=f"{verdict.reason}; {since}")


def _before(verdict: Verdict, window: Window) -> bool:
    return bool(verdict.evidence) and all(e.time < window.start for e in verdict.evidence)


def _shown_in(window: Window, verdict: Verdict) -> bool:
    """Whether something of what it shows was in the window: of an agent's calls, which its own service tells,
    those too that came in it though they say that they were long before."""
    by_itself = unnamed_of(verdict.identity)
    times = (times_of(e) if by_itself else (e.time,) for e in verdict.evidence)
    return any(window.holds(time) for each in times for time in each)


def _proofs(view: View, window: Window, others: list[Verdict]) -> Proofs:
    violated = tuple(
        v for v in others if v.severity is not None and v.value == "violated" and _shown_in(window, v)
    )
    proven = [v for v in others if v.value == "proven"]
    fallen = tuple(v for v in proven if _before(v, window))
    refused = {
        e.event for c in view.credentials.values() for e in view.uses(c, "unauthenticated", "forbidden")
    }
    missed = tuple(v for v in fallen if not any(e.event in refused for e in v.evidence))
    again = tuple(v for v in proven if any(e.time >= window.start for e in v.evidence))
    return Proofs(violated, again, fallen, missed)


def _judged(view: View, clock: Clock, window: Window, found: list[Element], proofs: Proofs) -> Verdict:
    if found or proofs.violated:
        return _drifted(view, clock, window, found, proofs)
    closes = min(window.deadline, window.until - 1) if window.until else window.deadline
    if not clock.past(closes):
        return _row(view, window, "assumed", f"its window is open until {iso(window.deadline)}")
    if window.until and window.until <= window.deadline:
        return _row(view, window, "assumed", "another release took its place before its window was over")
    worked = acted_in(view, window)
    if not worked:
        heard = not uncollected(view.key, clock)
        return _row(
            view, window, "assumed" if heard else "unverifiable", "it was not seen at work in its window"
        )
    missing = [short(v.subject) + " " + v.control for v in proofs.missed]
    unseen = _image_unseen(view, window)
    if (missing or unseen) and clock.reached(worked[-1].source, window.deadline):
        return _missed(view, window, missing + ([f"image {window.release.image}"] if unseen else []), worked)
    if proofs.fallen or unseen:
        names = ", ".join(sorted({v.control for v in proofs.fallen})) or f"image {window.release.image}"
        return _row(view, window, "assumed", f"not proven again by {iso(window.deadline)}: {names}")
    if not proofs.again:
        return _row(view, window, "assumed", "no control that is bound to it has proven anything")
    proven = ", ".join(sorted({v.control for v in proofs.again}))
    evidence = sighted(tuple(e for e in v.evidence if e.time >= window.start) for v in proofs.again)
    return _row(view, window, "proven", f"proven again: {proven}", evidence)


def _image_unseen(view: View, window: Window) -> bool:
    """Whether it is known what the workload runs, and the released image is not among it since."""
    ran = view.dossier.images[RAN].kept if RAN in view.dossier.images else ()
    runs = (
        e
        for e in ran
        if e.time >= window.start
        and any(is_image_of(i, window.release) for i in e.operation.split(IMAGES_JOINED))
    )
    return bool(window.release.image and ran) and next(runs, None) is None


def _drifted(view: View, clock: Clock, window: Window, found: list[Element], proofs: Proofs) -> Verdict:
    clean = _clean_since(view, clock, window)
    names = [f"{e.kind} {short(e.name)}" for e in found]
    names += [f"{v.control} {short(v.subject)}" for v in proofs.violated]
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    shown = sighted(
        [
            tuple(e.first for e in found if e.first is not None and e.first.uid),
            *(tuple(e for e in v.evidence if window.holds(e.time)) for v in proofs.violated),
        ]
    )
    start = min((e.first.time for e in found if e.first), default=shown[0].time if shown else window.start)
    reason = f"within {iso(window.start)} to {iso(window.deadline)}: {', '.join(names)}"
    if proofs.violated:
        reason += f"; with findings of their own: {', '.join(sorted({v.control for v in proofs.violated}))}"
    if clean:
        reason += f"; not in the window of {clean.name}"
    return view.verdict(
        CONTROL,
        subject=window.subject,
        value="proven" if clean else "violated",
        title=f"{named(view)}: {window.name} brought what is not approved: {', '.join(names[:NAMES])}{more}",
        reason=reason,
        severity=Severity.LOW if found else Severity.INFORMATIONAL,
        confidence=Confidence.HIGH,
        claim=(window.release.record,),
        evidence=shown,
        episodes=(Episode(start, clean.start if clean else 0, "drift"),),
        truncated=thinned(view.credentials.values()),
        next_step=f"declare {names[0]} if it is meant, else roll back {window.name}",
    )


def _clean_since(view: View, clock: Clock, window: Window) -> Window | None:
    """The first later release that ran through its window, at work, without anything beyond the model."""
    for later in windows(view):
        if later.workload != window.workload or later.start <= window.start or not clock.past(later.deadline):
            continue
        whole = not later.until or later.until > later.deadline
        if whole and acted_in(view, later) and not beyond(view, later):
            return later
    return None


def _missed(view: View, window: Window, missing: list[str], worked: tuple[Evidence, ...]) -> Verdict:
    return view.verdict(
        CONTROL,
        subject=window.subject,
        value="violated",
        title=f"{named(view)}: not proven again after {window.name}: {', '.join(missing[:NAMES])}",
        reason=f"at work from {iso(worked[0].time)} to {iso(worked[-1].time)}, and by {iso(window.deadline)} "
        f"nothing on record proves again: {', '.join(missing)}",
        severity=Severity.INFORMATIONAL,
        confidence=Confidence.LOW,
        claim=(window.release.record,),
        evidence=(worked[0], *worked[-1:]) if len(worked) > 1 else worked,
        episodes=(Episode(window.deadline, 0, "not proven again"),),
        truncated=thinned(view.credentials.values()),
        next_step="look at what the release changed",
    )


def _row(
    view: View, window: Window, value: Value, reason: str, evidence: tuple[Evidence, ...] = ()
) -> Verdict:
    return view.verdict(
        CONTROL,
        subject=window.subject,
        value=value,
        title=f"{named(view)}: {window.name} keeps to what is approved",
        reason=reason,
        claim=(window.release.record,),
        evidence=evidence,
    )
