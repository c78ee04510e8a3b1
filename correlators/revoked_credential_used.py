"""A credential is used after it was revoked.

Fires: the provider authenticated a use inside a period in which the credential was off, beyond the provider's
propagation time. Off means revoked, deleted or disabled, its account deleted, its mount or lease prefix
ended, or declared revoked. High; critical for a write to identities, which counts even inside the
propagation time unless it is known to be no way back (``correlators.kernel.views.inflight``); medium where
every such use was forbidden, or all there is is a session opened before that stood open past it (low where it
only listens).
Proves: a try refused inside such a period in words that are about the credential itself. After a success that
is proof once an end was stated after it, or no other came for an hour.
Over: whoever ended it (or a declaration) took that back and it stays on. What another undoes, or the identity
itself, closes nothing (``revocation_undone`` tells it).
Evaded by: switching to a sibling or child credential before the kill (``outlived_parent``), or a source that
is not collected.
Benign: the credential was enabled again before its next use (whenever that is learned); calls that a
provider's own service makes with the id; an administrator naming the credential in a look-up.
Do: end the credential where it still works, find the consumer by place and client, and check what it did
since.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Control,
    Credential,
    Episode,
    Event,
    Evidence,
    Freshness,
    Off,
    Severity,
    Verdict,
    View,
    called,
    confidence_of,
    ended,
    episodes_of,
    frozen,
    iso,
    named,
    of_uses,
    off_intervals,
    over_since,
    own_of,
    past_grace,
    proofs,
    surely_after,
    taken_back,
    thinned,
    times,
    unheard,
)
from correlators.kernel.views.ends import ANOTHER, standing, undone_by
from correlators.kernel.views.inflight import excuse
from correlators.kernel.views.progress import rotated_away
from correlators.kernel.views.unseen import LOST, Unseen, lost_uses, ruled_out, severity_of
from correlators.kernel.views.view import ACCEPTED
from schemas.dossier import Opened

CONTROL = Control(
    name="revoked_credential_used",
    version="1",
    title="Revoked credential still used",
    owasp=("NHI1:2025", "NHI7:2025"),
    attack=(
        ("T1078.004", "Valid Accounts: Cloud Accounts"),
        ("T1550.001", "Use Alternate Authentication Material: Application Access Token"),
    ),
    nist=("AC-2(3)", "IA-5", "AC-3(8)"),
    csf=("PR.AA-01", "PR.AA-03", "RS.MI-01"),
    freshness=Freshness(
        timedelta(days=90),
        "a dead credential comes back only by an act that its log shows; quarterly jobs have "
        "tried once by then",
    ),
    needs=frozenset({"credentials.turns", "turns"}),
    remediation=(
        "End the credential where it still works, find its consumer by place and client, review what it "
        "did since the revocation, and revoke what it issued."
    ),
)

ROTATED = "old_version_used_after_rotation"
"""The more specific control: where a record says that a successor took this credential's place, it tells."""

ELSEWHERE = frozenset({"cut", "exhausted"})
"""Ends that other controls report: a session cut by policy (outlived_parent), a credential used up."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each credential that was off at some time, by an end of its own or of its
    identity."""
    for name, credential in view.credentials.items():
        if not name or not (credential.turns or view.dossier.turns):
            continue
        turns = [t for t in view.turns_of(name) if t.kind not in ELSEWHERE]
        periods = off_intervals(turns)
        if periods:
            yield _judged(view, clock, name, credential, periods)


def _judged(view: View, clock: Clock, name: str, credential: Credential, periods: list[Off]) -> Verdict:
    uses = view.used(credential)
    writes = {e.event for e in view.wrote(credential)}
    held = _held_open(view, name, credential, periods)
    writes -= _excused(view, name, uses, writes, periods)
    used = tuple(e for e in uses if any(_violates(view, off, e, writes) for off in periods))
    used = tuple(sorted({*used, *held}))
    refused = tuple(e for e in proofs(credential) if any(off.holds(e.time) for off in periods))
    if used:
        return _violated(view, clock, name, credential, periods, used, writes, held)
    last = standing(periods)
    lost = lost_uses(credential.uses, periods, view.thresholds, ACCEPTED)
    if any(each.sure for each in lost):
        return _lost(view, name, credential, periods, [each for each in lost if each.sure])
    if refused:
        return _verdict(
            view,
            name,
            credential,
            last,
            "proven",
            refused,
            reason=f"refused at {iso(refused[-1].time)}, after {last.turn.how} at {iso(last.start)}",
        )
    if last.end:
        reason = f"{_undone(last)}; no use was seen while it was off{ruled_out(lost)}"
        return _verdict(view, name, credential, last, "assumed", (), reason=reason)
    value, reason = unheard(last, name, credential.kind, clock, view.thresholds)
    if value == "assumed" and (left := _left_open(view, name, credential, last)):
        reason = f"the record says so; a session opened at {iso(left.time)} is not known to have been closed"
    tried = [e for e in view.refused(credential) if last.holds(e.time)]
    if tried and value == "assumed":
        reason = f"the record says so; refused at {iso(tried[-1].time)} for something beside the credential"
    return _verdict(view, name, credential, last, value, (), reason=reason)


def _excused(
    view: View, name: str, uses: tuple[Evidence, ...], writes: set[Event], periods: list[Off]
) -> set[Event]:
    """The writes that are known to be no way back: they have the grace of other uses."""
    within = [(e, [o for o in periods if o.holds(e.time)]) for e in uses if e.event in writes]
    return {e.event for e, held in within if held and all(excuse(view, name, off, e) for off in held)}


def _violates(view: View, off: Off, use: Evidence, writes: set[Event]) -> bool:
    granted = view.thresholds
    return past_grace(off, use, granted) or (use.event in writes and surely_after(off, use, granted))


def _sessions(view: View, name: str, credential: Credential) -> list[Opened]:
    names = (name, *credential.names)
    return [s for s in view.dossier.sessions.values() if s.began.credential in names]


def _held_open(view: View, name: str, credential: Credential, periods: list[Off]) -> tuple[Evidence, ...]:
    """Sessions opened before an end that went on past it and the provider's time: each as a use at its own
    end."""
    return tuple(
        closed
        for session in _sessions(view, name, credential)
        if (closed := frozen.changed(session.began, time=session.ended)).time
        and any(
            session.began.time <= off.start and past_grace(off, closed, view.thresholds) for off in periods
        )
    )


def _left_open(view: View, name: str, credential: Credential, off: Off) -> Evidence | None:
    """A session of before the end whose own end is not on record."""
    opened = [s.began for s in _sessions(view, name, credential) if not s.ended]
    return min((e for e in opened if e.time <= off.start), default=None)


def _undone(off: Off) -> str:
    """How a period ended, in words."""
    what = "another one has its name since" if off.undone and off.undone[0].kind in ANOTHER else "restored"
    return f"{what}: {undone_by(off)}"


def _violated(
    view: View,
    clock: Clock,
    name: str,
    credential: Credential,
    periods: list[Off],
    used: tuple[Evidence, ...],
    writes: set[Event],
    held: tuple[Evidence, ...],
) -> Verdict:
    broken = [off for off in periods if any(off.holds(e.time) for e in used)]
    last = standing(broken)
    refused = over_since(view, clock, name, credential, used[-1].time)
    own = own_of(view.dossier, view.key, name, *credential.names)
    back = not any(not off.end for off in periods) and all(taken_back(off, own) for off in broken)
    forbidden = {e.event for e in view.uses(credential, "forbidden")}
    severity: Severity | None = of_uses(used, writes, forbidden)
    if held and len(held) == len(used):
        passive = {s.began.event for s in _sessions(view, name, credential) if s.passive}
        severity = Severity.LOW if passive.issuperset(e.event for e in held) else Severity.MEDIUM
    how = f"{last.turn.how} at {iso(last.start)}"
    seen = times(used, "authenticated use", thinned([credential]))
    reason = f"{seen} on record since {how}, last at {iso(used[-1].time)}"
    if refused:
        reason += f"; refused at {iso(refused[-1].time)}"
    elif back:
        reason += f"; it was restored since: {undone_by(last)}"
    elif last.end:
        reason += f"; undone by another than who ended it: {_undone(last)}"
    if rotated_away(view).issuperset(e.event for e in used):
        severity, reason = None, f"{reason}; told by {ROTATED}"
    return _verdict(
        view,
        name,
        credential,
        broken[0],
        "proven" if refused else "assumed" if back else "violated",
        used,
        reason=reason,
        severity=severity,
        broken=broken,
    )


def _lost(view: View, name: str, credential: Credential, periods: list[Off], lost: list[Unseen]) -> Verdict:
    """Used while it was off, by records that thinning let go of before the end was known."""
    broken = [off for off in periods if any(off == each.off for each in lost)]
    own = own_of(view.dossier, view.key, name, *credential.names)
    back = not any(not off.end for off in periods) and all(taken_back(off, own) for off in broken)
    verdict = _verdict(
        view,
        name,
        credential,
        broken[0],
        "assumed" if back else "violated",
        (),
        reason=f"at least 1 use {lost[0].words}, while it was off; {_undone(broken[-1])}; {LOST}",
        severity=severity_of(lost),
        broken=broken,
    )
    episodes = tuple(Episode(off.start, off.end, off.turn.how) for off in broken)
    return frozen.changed(verdict, episodes=episodes, truncated=True)


def _verdict(
    view: View,
    name: str,
    credential: Credential,
    off: Off,
    value: str,
    evidence: tuple[Evidence, ...],
    *,
    reason: str,
    severity: Severity | None = None,
    broken: list[Off] | None = None,
) -> Verdict:
    claims = tuple(o.turn.evidence for o in broken or [off])
    return view.verdict(
        CONTROL,
        subject=name,
        value=value,  # type: ignore[arg-type]
        credential=name,
        title=f"{named(view)}: {_what(view, name, off, bool(severity))}",
        # The title has words; analysts look for what the provider wrote.
        reason=reason if off.turn.how in reason else f"{reason}; ended by {off.turn.how}",
        severity=severity,
        confidence=confidence_of(credential, evidence),
        claim=claims,
        evidence=evidence,
        episodes=episodes_of(broken or [], evidence) if severity else (),
    )


def _what(view: View, name: str, off: Off, used: bool) -> str:
    how = ended(off.turn, name)
    return f"{called(view, name)} was used after {how}" if used else f"{called(view, name)}: {how}"
