"""An agent acts outside the time for which it is approved, or when all its credentials have ended.

Fires: the agent carries out a tool call or a hand-off, runs, or is authenticated by another of its keys, at a
time that no window of the record in force covers: high; low where the time is nearer to a window than two
clocks may differ. In force is the latest record made before the act, or the first record if the act came
before it. Also: the agent carries out tool calls after all its known credentials have ended, and no recorded
use shows which credential it used (such a use is a finding about the credential): low, because a credential
that no record names may live.
Proves: a call outside the window that was refused. Ends: a later record covers the act, or mentions no
windows any more. A record that was made before the act and comes late withdraws the finding.
Evaded by: acting under another agent's name; runs whose spans are sampled away.
A call that came more than a day later than it says must be inside a window at its arrival as well
(informational where only that tells: a log of long ago is sent in, or was written now).
Benign: a run that began inside a window and goes on after its end; a window that nobody extended; an
emergency (approve it with the grant ``break-glass``). While a record says that the agent is not active,
``inactive_identity_active`` judges its acts. A delegate has a window of its own.
Do: ask the owner whether the agent is still meant to run. Extend its window, or stop it and end its
credentials.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Evidence,
    Freshness,
    Off,
    Severity,
    Value,
    Verdict,
    View,
    deaths_of,
    iso,
    named,
    short,
    sighted,
    spoken,
    times,
    uncollected,
)
from correlators.kernel.views.calls import endings, lateness, parted, times_of
from correlators.kernel.views.ends import grace_of
from correlators.kernel.views.inventoried import BREAK_GLASS, approvals, uncovered
from correlators.kernel.views.removals import left_open
from correlators.kernel.views.unseen import LOST, between, lost_uses
from schemas.declaration import Declaration, Period
from schemas.span import is_unnamed, unnamed_of

CONTROL = Control(
    name="agent_outside_window",
    version="1",
    title="Agent acts outside its approved window",
    owasp=("NHI1:2025", "ASI03:2026"),
    attack=(("T1078", "Valid Accounts"),),
    nist=("AC-2(6)", "AC-2(3)"),
    csf=("PR.AA-05",),
    tenets=(4,),
    bound=True,
    freshness=Freshness(
        timedelta(days=30),
        "what refuses calls outside a window is set up anew with each release of the gateway",
    ),
    needs=frozenset({"stated"}),
    remediation="Ask the owner whether the agent is still meant to run. Extend its window, or stop it, end "
    "its credentials and review what it did.",
)

OUTSIDE_SEVERITY = Severity.HIGH
"""Nobody answers for what it does then."""
NEAR_SEVERITY = Severity.LOW
"""So near to the end of a window, or to its begin, the clocks of two producers may differ; and a call that
came late may have been made when it says."""

ARRIVAL_SEVERITY = Severity.INFORMATIONAL
"""Only the arrival tells: by its own time each call was inside the window."""

WORDS = {
    False: "acted outside its approved window",
    True: "sent calls late, and their arrival is outside its approved window",
}
"""By whether only the arrival tells."""
DEAD_SEVERITY = Severity.LOW
"""The calls do not show by which credential they were made: one that no record knows may live."""
DEAD_CONFIDENCE = Confidence.MEDIUM

CARRIED_OUT = frozenset({"served", "executed"})
"""Channels of calls that were carried out, whatever else is said of them below."""

AGENT = "agent"
"""The kind of an identity that a record may state where its key does not say it."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each agent whose record states windows, and one where it acts by nothing that
    lives."""
    for identity, declarations in sorted(view.dossier.stated.items()):
        # Asked of every declared identity: what is no agent costs a look at its key.
        if is_unnamed(view.key) or not (unnamed_of(identity) or any(d.kind == AGENT for d in declarations)):
            continue
        ordered = sorted(declarations, key=lambda d: (d.recorded, d.uid, repr(d)))
        if any(d.windows is not None for d in ordered):
            yield _windows(view, clock, identity, ordered)
        dead = _dead(view, clock, identity, ordered)
        if dead:
            yield dead


def _windows(view: View, clock: Clock, identity: str, ordered: list[Declaration]) -> Verdict:
    acts = uncovered(
        view, _acts(view, ordered, "executed"), [a for a in approvals(view) if a.grant in BREAK_GLASS]
    )
    outside = tuple(e for e in acts if _is_outside(ordered, e))
    refused = tuple(e for e in _acts(view, ordered, "refused") if _is_outside(ordered, e))
    latest = ordered[-1]
    if not outside:
        return _lost(view, identity, latest) or _quiet(view, clock, identity, ordered, refused)
    sure = any(_misses(_in_force(ordered, e.time), e.time, view.thresholds.skew) for e in outside)
    late = tuple(e for e in outside if not _misses(_in_force(ordered, e.time), e.time))
    by_arrival = len(late) == len(outside)
    covered = all(
        latest.windows is None or not any(_misses(latest, time) for time in _times(e)) for e in outside
    )
    window = _nearest(_in_force(ordered, outside[0].time), outside[0].time)
    start = window.end if window and window.end and window.end <= outside[0].time else outside[0].time
    return view.verdict(
        CONTROL,
        subject=identity,
        value="assumed" if covered else "violated",
        title=f"{_who(view, identity)} {WORDS[by_arrival]}",
        reason=f"{_seen(view, outside)}; {_shown(window)}"
        + lateness(late, _thinned(view))
        + ("; approved since" if covered else ""),
        severity=OUTSIDE_SEVERITY if sure else ARRIVAL_SEVERITY if by_arrival else NEAR_SEVERITY,
        confidence=Confidence.HIGH if sure else Confidence.LOW,
        claim=(_record(_in_force(ordered, outside[0].time)),),
        evidence=outside,
        episodes=(Episode(start, latest.recorded if covered else 0, "outside its window"),),
        next_step=f"ask {view.owner or 'the owner'} whether it is still meant to run",
        truncated=_thinned(view),
    )


def _lost(view: View, identity: str, latest: Declaration) -> Verdict | None:
    """Calls between two windows that thinning let go of before the windows were known."""
    gaps = between(((w.start, w.end) for w in latest.windows or ()), _record(latest))
    gaps = [off for off in gaps if latest.recorded <= off.start or len(view.dossier.stated[identity]) == 1]
    emergencies = [a for a in approvals(view) if a.grant in BREAK_GLASS]
    keys = {view.key, *latest.aliases}
    many = [
        each
        for key, calls in view.dossier.calls.items()
        if gaps and parted(key)[0] in keys and not is_unnamed(parted(key)[0])
        for each in lost_uses(calls.channels, gaps, view.thresholds, CARRIED_OUT)
        if each.sure and not any(a.covers(time) for a in emergencies for time in each.span)
    ]
    if not many:
        return None
    first = min(many)
    window = _nearest(latest, first.off.start)
    return view.verdict(
        CONTROL,
        subject=identity,
        value="violated",
        title=f"{_who(view, identity)} acted outside its approved window",
        reason=f"at least 1 act {first.words}; {_shown(window)}; {LOST}",
        severity=OUTSIDE_SEVERITY,
        claim=(_record(latest),),
        episodes=(Episode(first.off.start, 0, "outside its window"),),
        next_step=f"ask {view.owner or 'the owner'} whether it is still meant to run",
        truncated=True,
    )


def _quiet(
    view: View, clock: Clock, identity: str, ordered: list[Declaration], refused: tuple[Evidence, ...]
) -> Verdict:
    """Nothing was done outside the window. Whoever judged is told when it closes, or opens."""
    latest = ordered[-1]
    for window in latest.windows or ():
        clock.past(window.start - 1)
        clock.past(window.end - 1)
    value: Value = "assumed"
    reason = "nothing was seen of it outside its window"
    if refused:
        value, reason = "proven", f"refused outside its window, last at {iso(refused[-1].time)}"
    elif missing := uncollected(identity, clock):
        value, reason = "unverifiable", f"{missing} what it does"
    windows = latest.windows or ()
    over = max((w.end for w in windows if w.end and clock.past(w.end)), default=0)
    if over and not any(w.covers(clock.now) for w in windows) and (left := left_open(view, over)):
        reason += f"; {left}"
    return view.verdict(
        CONTROL,
        subject=identity,
        value=value,
        title=f"{_who(view, identity)} is approved for a time",
        reason=f"{reason}; {_shown(_nearest(latest, clock.now))}",
        claim=(_record(latest),),
        evidence=refused,
    )


def _dead(view: View, clock: Clock, identity: str, ordered: list[Declaration]) -> Verdict | None:
    """Calls after the end of all credentials that are known of it."""
    ends = {name: deaths_of(view, name, c) for name, c in view.credentials.items() if name}
    if not ends or not all(ends.values()):
        return None
    acts = tuple(
        e
        for e in _acts(view, ordered, "executed")
        if not e.credential
        and all(any(_after(view, off, t) for off in offs for t in times_of(e)) for offs in ends.values())
        and not _is_outside(ordered, e)
        and not _is_inactive(ordered, e)
    )
    first = min((off for offs in ends.values() for off in offs), default=None)
    if not acts or first is None or any(_used_since(view, name, first.start) for name in ends):
        return None
    names = sorted(ends)
    return view.verdict(
        CONTROL,
        subject=f"{identity} credentials",
        value="violated",
        title=f"{_who(view, identity)} acts though all that is known of its credentials has ended",
        reason=f"{_seen(view, acts)}; "
        f"{', '.join(short(name) for name in names)} ended, the calls do not say what they were made by",
        severity=DEAD_SEVERITY,
        confidence=DEAD_CONFIDENCE,
        claim=tuple(sorted({off.turn.evidence for offs in ends.values() for off in offs})),
        evidence=acts,
        episodes=(Episode(first.start, 0, first.turn.how),),
        next_step="find out by which credential it acts, and end that",
        truncated=_thinned(view),
    )


def _after(view: View, off: Off, time: int) -> bool:
    """Whether a time is in this period, and past what its provider needs to make the end true."""
    return off.holds(time) and time > off.start + grace_of(off.turn, view.thresholds)


def _used_since(view: View, name: str, end: int) -> bool:
    """Whether a use of the credential after its end is on record: that is told of the credential."""
    return any(e.time > end for e in view.used(view.credentials[name]))


def _acts(view: View, ordered: list[Declaration], how: str) -> tuple[Evidence, ...]:
    """What the agent did, under any of its keys: calls and hand-offs that ended so; where they were carried
    out, also its runs and the uses of its credentials."""
    keys = {view.key, *(alias for d in ordered for alias in d.aliases)}
    ended = [
        call
        for key, calls in view.dossier.calls.items()
        if not is_unnamed(parted(key)[0]) and parted(key)[0] in keys
        for call in endings(key, calls)
        if call.ending in ("executed", "refused")
    ]
    calls = tuple(sorted(call.evidence for call in ended if call.ending == how))
    # The answer to a call, and its other sides, are no acts of their own: it was made when it was asked for.
    parts = {(call.evidence.origin, uid) for call in ended for uid in call.evidence.mirrors}
    uses = [view.used(c) for c in view.credentials.values()] if how == "executed" else []
    own = (tuple(e for e in many if e.event not in parts) for many in uses)
    return tuple(e for e in sighted([calls, *own]) if e.actor in keys)


def _is_outside(ordered: list[Declaration], use: Evidence) -> bool:
    """Whether it was done outside, or, where an agent's own log says so much later, came from outside."""
    outside = any(_misses(_in_force(ordered, time), time) for time in _times(use))
    return outside and not _is_inactive(ordered, use)


def _times(use: Evidence) -> tuple[int, ...]:
    """A provider's own log of a use may come as late as it likes: the agent does not write it."""
    return times_of(use) if unnamed_of(use.actor) else (use.time,)


def _misses(record: Declaration, time: int, skew: int = 0) -> bool:
    """Whether the record states windows, and none covers this time, nor a time so near (µs)."""
    return record.windows is not None and not any(
        window.covers(time - skew) or window.covers(time + skew) or window.covers(time)
        for window in record.windows
    )


def _is_inactive(ordered: list[Declaration], use: Evidence) -> bool:
    status = _in_force(ordered, use.time).status_at(use.time)
    return status is not None and status.value != "active"


def _in_force(ordered: list[Declaration], time: int) -> Declaration:
    return next((d for d in reversed(ordered) if d.recorded <= time), ordered[0])


def _nearest(record: Declaration, time: int) -> Period | None:
    """The last window that began by then, else the first."""
    windows = sorted(record.windows or ())
    begun = [window for window in windows if window.start <= time]
    return max(begun, key=lambda w: (w.end or 1 << 62, w.start)) if begun else next(iter(windows), None)


def _shown(window: Period | None) -> str:
    if window is None:
        return "the record gives it no window"
    begin = f"from {iso(window.start)} " if window.start else ""
    return f"its window is {begin}{f'until {iso(window.end)}' if window.end else 'on'}"


def _record(d: Declaration) -> Evidence:
    return Evidence(
        d.recorded, d.uid, d.source, operation="approved window", arrived=d.arrived, processed=d.processed
    )


def _who(view: View, identity: str) -> str:
    return named(view) if identity == view.key else f"{spoken(identity)} of {named(view)}"


def _seen(view: View, acts: tuple[Evidence, ...]) -> str:
    return f"{times(acts, 'act', _thinned(view))} on record, {iso(acts[0].time)} to {iso(acts[-1].time)}"


def _thinned(view: View) -> bool:
    calls = (s for c in view.dossier.calls.values() for s in c.channels.values())
    uses = (s for c in view.dossier.credentials.values() for s in c.uses.values())
    return any(s.truncated for s in (*calls, *uses))
