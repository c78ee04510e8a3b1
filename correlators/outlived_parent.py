"""A credential goes on working after the credential that it came from has ended.

Fires: a descendant (a session, a child token, the token of a secret id, the access token of a key) is
authenticated after the end of its ancestor. All descendants of one ended credential are one finding, about
the credential that ended.
- Low: the descendants expire within an hour of the end.
- Medium: they live longer, or nobody knows how long.
- High: the provider documents that the end cuts the descendant (``dies_with``); or somebody cut the
  sessions explicitly, by a policy that revokes them (medium, if all that goes on is a shell that was opened
  before); or a descendant is renewed after the end.
- A run that was under way at a planned rotation is low, and medium if it renews: the successor of the ended
  credential was in use by then, the run comes from where it came from before, and it writes nothing new.
Proves: every descendant that was used is refused or has expired.
Evaded by: credentials that a dead one made but that do not depend on it (``made_by``). They are no
descendants, and need an end of their own.
Benign: descendants that expire soon and that nobody uses; an end with a declared overlap.
Do: cut the sessions explicitly (revoke the role's sessions, revoke by prefix). Or wait until the last
descendant expires, and watch it until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from correlators.control import (
    Clock,
    Control,
    Credential,
    Episode,
    Evidence,
    Freshness,
    Off,
    Own,
    Severity,
    Turn,
    Value,
    Verdict,
    View,
    called,
    ended,
    iso,
    named,
    off_intervals,
    own_of,
    past_grace,
    sighted,
    taken_back,
    traits_of,
)
from correlators.kernel.knowledge.memory import CHILDREN_MARK
from correlators.kernel.knowledge.tied import Tie, ties
from correlators.kernel.knowledge.weight import CUT
from correlators.kernel.views.ends import grace_of, skew_of, standing, undone_by
from correlators.kernel.views.gone import acts_of_the_deleted
from correlators.kernel.views.inflight import planned
from correlators.kernel.views.progress import rotated_away
from correlators.kernel.views.refusals import proofs_among, settled
from correlators.kernel.views.removals import closed, standing_open
from correlators.kernel.views.unseen import LOST, Unseen, lost_uses
from correlators.kernel.views.view import ACCEPTED, merged_descendants, uses_of
from schemas.dossier import Descendant
from schemas.naming import is_opaque, sort_of
from schemas.providers import is_session, unseen

CONTROL = Control(
    name="outlived_parent",
    version="1",
    title="Credential outlived what it came from",
    owasp=("NHI1:2025", "NHI7:2025"),
    attack=(("T1550.001", "Use Alternate Authentication Material: Application Access Token"),),
    nist=("AC-12", "SC-23"),
    csf=("PR.AA-05", "RS.MI-01"),
    freshness=Freshness(
        timedelta(days=90),
        "a refused descendant comes back only by an act that its log shows; quarterly jobs have "
        "tried once by then",
    ),
    needs=frozenset({"credentials.descendants", "turns"}),
    remediation=(
        "Cut the descendants explicitly (revoke the role's sessions, revoke the tree or prefix), or wait "
        "out the residual and watch it; then find who still held them."
    ),
)


REVOKED = "revoked_credential_used"
ENDS_OF_SESSIONS = frozenset({"cut", "exhausted"})
"""Ends of a session that ``revoked_credential_used`` leaves to this control, or to none."""


LET_GO = CUT | {CHILDREN_MARK}
"""Marks after which there may be more descendants than those on record."""


class Heir(NamedTuple):
    """One descendant after its ancestor's end: successes since, and refusals that prove it over.
    ``ended``: it was used after an end of its own too, which another control tells; ``lost``: uses of which
    no record is left here, where none is (``correlators.kernel.views.unseen``). ``held``: it did nothing new,
    a session stood open. ``tie``: whether, and how, it is known to descend from it."""

    name: str
    report: Descendant
    used: tuple[Evidence, ...]
    refused: tuple[Evidence, ...]
    ended: bool = False
    lost: tuple[Unseen, ...] = ()
    held: bool = False
    tie: Tie = Tie()


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each ended credential with descendants, and one for sessions that were cut as a
    whole."""
    for name, credential in view.credentials.items():
        if name and credential.descendants:
            periods = off_intervals(_carried(view.turns_of(name)))
            if periods:
                heirs = _heirs(view, clock, name, periods, credential.descendants)
                if heirs:
                    yield _verdict(view, clock, name, standing(periods), heirs)
    yield from _cut_sessions(view, clock)


def _carried(turns: tuple[Turn, ...]) -> list[Turn]:
    return [t for t in turns if t.alive or t.carries]


def _heirs(
    view: View, clock: Clock, subject: str, periods: list[Off], descendants: dict[str, Descendant]
) -> list[Heir]:
    every = merged_descendants(descendants)
    tied = ties(subject, every)
    return [_heir(view, clock, child, every[child], periods, tied[child]) for child in sorted(tied)]


def _own_ends(view: View, child: str) -> list[Off]:
    """What ended a descendant itself (a deleted user ends its keys and their sessions alike): uses after that
    are ``revoked_credential_used``'s to tell."""
    if child not in view.credentials:
        return []
    return off_intervals(t for t in view.turns_of(child) if t.kind not in ENDS_OF_SESSIONS)


def _heir(view: View, clock: Clock, name: str, report: Descendant, periods: list[Off], tie: Tie) -> Heir:
    uses = uses_of(report, {time for off in periods for time in (off.start, off.end)})
    used = _sighted(uses, "succeeded", "failed", "forbidden")
    own = _own_ends(view, name)
    every = [e for e in used if any(_outlived(view, off, report, e) for off in periods)]
    late = tuple(e for e in every if not any(past_grace(off, e, view.thresholds) for off in own))
    tries = proofs_among(uses.items())
    since = tuple(e for e in tries if any(off.holds(e.time) for off in periods))
    refused = settled(since, late[-1].time, clock, view.thresholds.refused_quiet) if late else since
    lost = () if every or own else lost_uses(report.uses, periods, view.thresholds, ACCEPTED)
    sure = tuple(each for each in lost if each.sure)
    if sure and since:
        refused = settled(since, sure[-1].span[1], clock, view.thresholds.refused_quiet)
    return Heir(name, report, late, refused, len(late) < len(every), sure, tie=tie)


def _sighted(uses: dict[str, tuple[Evidence, ...]], *outcomes: str) -> tuple[Evidence, ...]:
    return sighted(
        kept
        for key, kept in uses.items()
        if key.partition(":")[0] in outcomes and not key.endswith(":service")
    )


def _outlived(view: View, off: Off, report: Descendant, use: Evidence) -> bool:
    grace = grace_of(off.turn, view.thresholds) if report.edge == "dies_with" else 0
    return off.holds(use.time) and use.time > off.start + grace + skew_of(off.turn, use, view.thresholds)


def _over(heir: Heir, clock: Clock) -> bool:
    expires = heir.report.expiry[1]
    return bool(heir.refused) or bool(expires and clock.past(expires))


def _verdict(view: View, clock: Clock, subject: str, off: Off, heirs: list[Heir]) -> Verdict:
    living = [h for h in heirs if h.used or h.lost]
    used = tuple(sorted(e for h in living for e in h.used))
    refused = tuple(sorted(e for h in heirs for e in h.refused))
    cut = not LET_GO.isdisjoint(view.dossier.marks)
    value, reason = _value(clock, off, heirs, living, own_of(view.dossier, view.key, subject), cut)
    severity = max((_severity(view, subject, off, h) for h in living), default=None)
    elsewhere = severity and used and _found_elsewhere(view, severity, used)
    if elsewhere:
        severity, reason = None, f"{reason}; told by {elsewhere}"
    shown = living[0].name if living else subject
    what = (
        f"{_shown(view, shown)} worked on after {_ended(view, subject, off)}"
        if living
        else f"what came from {called(view, subject)} after {ended(off.turn, subject)}"
    )
    return view.verdict(
        CONTROL,
        subject=subject,
        value=value,
        credential=shown,
        title=f"{named(view)}: {what}",
        reason=reason,
        severity=severity,
        claim=(off.turn.evidence,),
        evidence=used or refused,
        episodes=(Episode(off.start, off.end, off.turn.how),) if living else (),
        others=tuple(sorted({e.actor for e in used} - {view.key, ""})),
        truncated=any(s.truncated for h in heirs for s in h.report.uses.values()),
    )


def _found_elsewhere(view: View, severity: Severity, used: tuple[Evidence, ...]) -> str:
    """The control that tells of the same cause more to the point, "" for none."""
    gone = acts_of_the_deleted(view)
    deleted = {e.actor for e in used if e.event in gone}
    if deleted.issuperset(e.actor for e in used):
        return "inactive_identity_active"
    rotated = severity <= Severity.MEDIUM and rotated_away(view).issuperset(e.event for e in used)
    return "old_version_used_after_rotation" if rotated else ""


def _shown(view: View, key: str) -> str:
    """How a title calls what came from another credential, perhaps another identity's."""
    name = view.name_of(key)
    return f"a {sort_of(key)}" if is_opaque(key) and not name else called(view, key)


def _ended(view: View, subject: str, off: Off) -> str:
    how = ended(off.turn, subject)
    parent = f"{called(view, subject)}, which it came from,"
    return f"{parent}{how.removeprefix('it')}" if how.startswith("it ") else how


def _value(
    clock: Clock, off: Off, heirs: list[Heir], living: list[Heir], own: Own, cut: bool
) -> tuple[Value, str]:
    """What it is worth, and why. ``cut``: of some descendants it is no longer known."""
    open_heirs = [h for h in living if not _over(h, clock)]
    until = max((h.report.expiry[1] for h in heirs), default=0)
    if living:
        reason = f"{'at least ' * cut}{len(living)} of {len(heirs)} descendant(s) used after {iso(off.start)}"
        seen = [h.used[-1].time for h in living if h.used]
        reason += f", last at {iso(max(seen))}" if seen else f", {living[0].lost[0].words}; {LOST}"
        reason += "".join(sorted({f"; one is tied to it {h.tie.how}" for h in living if h.tie.how}))
        if taken_back(off, own):
            return "assumed", f"{reason}; the parent was restored at {iso(off.end)}"
        if off.end:
            reason += f"; its end was undone by another than who stated it: {undone_by(off)}"
        if open_heirs:
            ends = [h.report.expiry[1] for h in open_heirs]
            last = iso(max(ends)) if all(ends) else ""
            return "violated", f"{reason}; still live until {last or 'an unknown time'}"
        return "proven", f"{reason}; all of those are refused or expired since"
    if heirs and all(unseen(h.name, h.report.kind) for h in heirs):
        return "unverifiable", "the end is recorded; the use of its leases is not in this source"
    if all(_over(h, clock) for h in heirs):
        return "proven", "every known descendant is refused or expired"
    ended = any(h.ended for h in heirs)
    what = f"used since their own end, as {REVOKED} tells" if ended else "no descendant was used since"
    return "assumed", f"{what}; live until {iso(until) or 'an unknown time'}"


def _severity(view: View, subject: str, off: Off, heir: Heir) -> Severity:
    if heir.tie.others:
        return Severity.LOW
    if heir.held:
        return Severity.MEDIUM
    renewed = any(key.endswith(":renew") for key in heir.report.uses)
    if off.turn.kind == "cut" or (heir.report.edge == "dies_with" and off.turn.claims_cut):
        return Severity.HIGH
    if (
        heir.used
        and subject in view.credentials
        and planned(view, subject, off, heir.used, heir.name, heir.report)
    ):
        return Severity.MEDIUM if renewed else Severity.LOW
    if renewed:
        return Severity.HIGH
    residual = heir.report.expiry[1] - off.start if heir.report.expiry[1] else None
    return (
        Severity.LOW
        if residual is not None and residual < view.thresholds.residual_short
        else Severity.MEDIUM
    )


def _cut_sessions(view: View, clock: Clock) -> Iterator[Verdict]:
    """A session-revoking policy on the identity: its sessions issued before must not succeed any more; a
    denial shows that it holds.
    """
    turns = [t for turns in view.dossier.turns.values() for t in turns if t.kind == "cut"]
    periods = off_intervals(turns)
    if not periods:
        return
    off = standing(periods)
    heirs = [
        _session(view, clock, off, name, credential)
        for name, credential in view.credentials.items()
        if _is_session(name, credential) and _born(credential) <= off.start
    ]
    yield _verdict(view, clock, f"{off.turn.about} sessions", off, heirs)


def _is_session(name: str, credential: Credential) -> bool:
    """By its issue, or, where that was not collected, by the prefix that AWS gives temporary keys."""
    return traits_of(credential.kind).cut or is_session(name)


def _born(credential: Credential) -> int:
    """When it was issued; where that is not known, when its session says that it began, or when it was first
    seen (it is at least as old)."""
    first = credential.issued or credential.known
    time = first.time if first else 0
    return min(credential.opened or time, time)


def _session(view: View, clock: Clock, off: Off, name: str, credential: Credential) -> Heir:
    report = Descendant(
        "dies_with", credential.kind, credential.names, credential.issued, credential.expiry, credential.uses
    )
    used = tuple(e for e in view.uses(credential, "succeeded", "failed") if _outlived(view, off, report, e))
    held = tuple(e for s in standing_open(view, off, name) if _outlived(view, off, report, e := closed(s)))
    after = used[-1].time if used else off.start
    denied = tuple(e for e in view.uses(credential, "forbidden", "unauthenticated") if e.time > after)
    if used:
        denied = settled(denied, after, clock, view.thresholds.refused_quiet)
    return Heir(name, report, sighted([used, held]), denied, held=bool(held) and not used)
