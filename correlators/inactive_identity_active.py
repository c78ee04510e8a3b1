"""An identity recorded inactive, disabled or decommissioned is active.

Fires: a use that was authenticated (or a tool call that was executed) while a record said that the identity
is not active: the inventory, or the provider's own switch; or the provider had deleted it, and it acts by a
token that lives on, or by a credential that the log does not name. High; medium where every such use was
forbidden.
Proves: tries refused while it was off; after a violation, of each credential that was used, unless it is
dead: a refused login does not end the token that was issued before.
Evaded by: acting under another identity that the inventory does not join (declare aliases).
Benign: the record is the wrong side (it was corrected, or taken back before the next use: that ends or
withdraws the finding); break-glass identities used under an approval.
Do: ask the owner which side is stale. If the record is right, disable the identity at the provider and end
its credentials.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Control,
    Episode,
    Evidence,
    Freshness,
    Off,
    Own,
    Severity,
    Value,
    Verdict,
    View,
    called,
    deaths_of,
    frozen,
    iso,
    named,
    of_uses,
    off_intervals,
    over_since,
    own_of,
    past_grace,
    proofs,
    sighted,
    taken_back,
    uncollected,
    unheard,
)
from correlators.kernel.views.calls import lateness, times_of
from correlators.kernel.views.ends import standing, undone_by
from correlators.kernel.views.gone import GONE, active, acts_as, deletions_of, outlives
from correlators.kernel.views.inventoried import BREAK_GLASS, approvals, uncovered
from correlators.kernel.views.removals import left_open
from correlators.kernel.views.unseen import LOST, Unseen, lost_uses, ruled_out, severity_of
from correlators.kernel.views.view import ACCEPTED
from schemas.authority import INVENTORY
from schemas.declaration import Declaration, Period
from schemas.span import unnamed_of

CONTROL = Control(
    name="inactive_identity_active",
    version="1",
    title="Inactive identity is active",
    owasp=("NHI1:2025",),
    attack=(("T1078.004", "Valid Accounts: Cloud Accounts"),),
    nist=("AC-2(3)", "CM-8"),
    csf=("PR.AA-01", "ID.AM-08"),
    freshness=Freshness(
        timedelta(days=90),
        "a quarterly job has tried once by then, and an account that is switched off can be switched on",
    ),
    needs=frozenset({"stated", "turns"}),
    remediation=(
        "Ask the owner which side is stale. If the record is right, disable the identity at the provider, "
        "end its credentials, and review what it did since."
    ),
)

PROVIDER_SWITCH = "provider switch"
"""Names the provider's own switch as a subject beside the inventory's claim about the same identity: one may
hold where the other fails.
"""

INACTIVE = frozenset({"inactive", "disabled", "decommissioned"})


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each identity that the inventory declares, and for each that its provider switched
    off or deleted."""
    for identity, declarations in sorted(view.dossier.stated.items()):
        verdict = _declared(view, clock, identity, declarations)
        if verdict:
            yield verdict
    for identity, turns in sorted(view.dossier.turns.items()):
        if view.dossier.members:
            continue
        periods = off_intervals(t for t in turns if t.kind == "disabled")
        if periods:
            used = tuple(e for e in active(view) if acts_as(view, identity, e) and _late(view, periods, e))
            yield _switched(view, clock, identity, "disabled", periods, used)
        gone = deletions_of(turns)
        used = outlives(view, identity, gone) if gone else ()
        if used:
            yield _switched(view, clock, identity, GONE, gone, used)


def _declared(
    view: View, clock: Clock, identity: str, declarations: tuple[Declaration, ...]
) -> Verdict | None:
    """The inventory's claim: what it says now of then, and what it said then."""
    ordered = sorted(declarations, key=lambda d: (d.recorded, d.uid, repr(d)))
    latest = ordered[-1]
    claims = [(s, d) for d in ordered for s in d.statuses if s.value in INACTIVE and clock.past(s.start - 1)]
    if not claims:
        return None
    acted = tuple(e for e in active(view) if _contradicts(view, ordered, e))
    used = uncovered(view, acted, [a for a in approvals(view) if a.grant in BREAK_GLASS])
    standing = tuple(e for e in used if any(_says_inactive(view, latest, time) for time in _times(e)))
    refused = tuple(e for e in _refused(view) if _says_inactive(view, latest, e.time))
    period, made_by = _claim(ordered, used[0].time if used else clock.now) or claims[0]
    evidence = _record(period, made_by)
    now = latest.status_at(clock.now)
    for stated in latest.statuses:
        # Whoever judged is told when another status holds.
        clock.past(stated.start - 1)
        clock.past(stated.end - 1)
    inactive_now = now is not None and now.value in INACTIVE
    if used:
        open_ = bool(standing) and inactive_now
        sure = [e for e in used if any(_says_inactive(view, d, e.time) for d in ordered)]
        after = _refused_since(view, clock, used, refused)
        value: Value = "violated" if open_ and not after else "proven" if after else "assumed"
        reason = (
            f"recorded {period.value} since {iso(period.start) or 'ever'}, yet active from "
            f"{iso(used[0].time)} to {iso(used[-1].time)}"
        ) + lateness(tuple(e for e in used if unnamed_of(e.actor)), False)
        if not open_:
            reason += "; the record was taken back since"
        return _verdict(
            view,
            identity,
            period.value,
            value,
            reason,
            evidence,
            used,
            Episode(period.start, 0 if open_ else max(period.end, 1), period.value),
            sure=bool(sure),
        )
    if refused:
        return _verdict(
            view,
            identity,
            period.value,
            "proven",
            f"refused at {iso(refused[-1].time)} while recorded {period.value}",
            evidence,
            refused,
            None,
        )
    if not inactive_now:
        return None
    missing = uncollected(identity, clock)
    left = left_open(view, period.start)
    open_yet = f"; {left}" if left else ""
    value, reason = (
        (
            "assumed",
            f"no activity seen since{', break-glass under an approval aside' if acted else ''}{open_yet}",
        )
        if not missing
        else ("unverifiable", f"{missing} activity")
    )
    return _verdict(view, identity, period.value, value, reason, evidence, (), None)


def _record(period: Period, declaration: Declaration) -> Evidence:
    """The record as evidence: of when it was made, or, where that is unknown, of when it says that it took
    effect.
    """
    return Evidence(
        declaration.recorded or period.start,
        declaration.uid,
        declaration.source,
        operation=f"declared {period.value}",
        arrived=declaration.arrived,
        processed=declaration.processed,
    )


def _contradicts(view: View, ordered: list[Declaration], use: Evidence) -> bool:
    """What the record says now of that time, or what the record in force at that time said; of an agent's
    call that came late, also of its arrival."""
    return any(
        _says_inactive(view, record, time)
        for time in _times(use)
        for record in (ordered[-1], next((d for d in reversed(ordered) if d.recorded <= time), ordered[0]))
    )


def _times(use: Evidence) -> tuple[int, ...]:
    return times_of(use) if unnamed_of(use.actor) else (use.time,)


def _says_inactive(view: View, declaration: Declaration, time: int) -> bool:
    """Declared and logged times come from two clocks: inside the skew nothing is said."""
    period = declaration.status_at(time)
    return period is not None and period.value in INACTIVE and time > period.start + view.thresholds.skew


def _claim(ordered: list[Declaration], time: int) -> tuple[Period, Declaration] | None:
    """The period that speaks of this time, and the first declaration that made it."""
    for declaration in (ordered[-1], *ordered):
        period = declaration.status_at(time)
        if period and period.value in INACTIVE:
            first = next(d for d in ordered if period in d.statuses)
            return period, first
    return None


def _refused(view: View) -> tuple[Evidence, ...]:
    return sighted(view.refused(c) for c in view.dossier.credentials.values())


def _refused_since(
    view: View, clock: Clock, used: tuple[Evidence, ...], refused: tuple[Evidence, ...]
) -> bool:
    """Whether something was refused after the last of these uses, and each credential that was used is dead
    or refused since its own last one."""
    if not any(e.time > used[-1].time for e in refused):
        return False
    contradicting = {e.event for e in used}
    for name, credential in view.credentials.items():
        uses = view.used(credential) if name else ()
        last = max((e.time for e in uses if e.event in contradicting), default=None)
        if last is None:
            continue
        if over_since(view, clock, name, credential, last):
            continue
        if any(e.time > last for e in proofs(credential)):
            return False  # Refused, but not for long enough.
        ends = [o.start for o in deaths_of(view, name, credential) if not o.end and o.start > last]
        if not ends or not clock.past(ends[0] - 1):
            return False
    return True


def _late(view: View, periods: list[Off], use: Evidence) -> bool:
    return any(past_grace(o, use, view.thresholds) for o in periods)


def _switched(
    view: View, clock: Clock, identity: str, status: str, periods: list[Off], used: tuple[Evidence, ...]
) -> Verdict:
    """The provider's own switch, or its deletion."""
    refused = tuple(e for e in _refused(view) if any(o.holds(e.time) for o in periods))
    last = standing(periods)
    claim = last.turn.evidence
    how = last.turn.how
    if used:
        broken = next((o for o in reversed(periods) if any(o.holds(e.time) for e in used)), periods[-1])
        after = _refused_since(view, clock, used, refused)
        reason = f"{how} at {iso(broken.start)}, yet active from {iso(used[0].time)} to {iso(used[-1].time)}"
        back = not any(not o.end for o in periods) and all(
            taken_back(o, _own(view, identity)) for o in periods if any(o.holds(e.time) for e in used)
        )
        if broken.end:
            reason += "; taken back: " if back else "; undone by another than who said it: "
            reason += undone_by(broken)
        value: Value = "proven" if after else "assumed" if back else "violated"
        return _verdict(
            view,
            identity,
            status,
            value,
            reason,
            broken.turn.evidence,
            used,
            Episode(broken.start, broken.end, how),
        )
    lost = _lost(view, identity, periods) if status != GONE else ()
    if sure := [each for each in lost if each.sure]:
        broken = sure[-1].off
        back = all(o.end for o in periods) and taken_back(broken, _own(view, identity))
        reason = f"{how} at {iso(broken.start)}, yet active {sure[0].words}; {undone_by(broken)}; {LOST}"
        value = "assumed" if back else "violated"
        episode = Episode(broken.start, broken.end, how)
        verdict = _verdict(view, identity, status, value, reason, broken.turn.evidence, (), episode)
        return frozen.changed(verdict, severity=severity_of(sure))
    if refused:
        reason = f"refused at {iso(refused[-1].time)}, after {how} at {iso(last.start)}"
        return _verdict(view, identity, status, "proven", reason, claim, refused, None)
    if last.end:
        reason = f"{how} at {iso(last.start)}, {undone_by(last)}; no use was seen while it was off"
        reason += ruled_out(lost)
        return _verdict(view, identity, status, "assumed", reason, claim, (), None, now=False)
    value, reason = unheard(last, identity, "", clock, view.thresholds)
    return _verdict(view, identity, status, value, reason, claim, (), None)


def _lost(view: View, identity: str, periods: list[Off]) -> tuple[Unseen, ...]:
    """Uses while it was off that thinning had let go of, where all that is left is of its own."""
    credentials = view.dossier.credentials.values()
    if not all(acts_as(view, identity, e) for c in credentials for e in view.used(c)):
        return ()
    many = [lost_uses(c.uses, periods, view.thresholds, ACCEPTED) for c in credentials]
    return tuple(sorted(each for some in many for each in some))


def _own(view: View, identity: str) -> Own:
    """Returns whose word about this identity is its own."""
    return own_of(view.dossier, view.key, identity, *(name for name in view.credentials if name))


def _verdict(
    view: View,
    identity: str,
    status: str,
    value: Value,
    reason: str,
    claim: Evidence,
    evidence: tuple[Evidence, ...],
    episode: Episode | None,
    now: bool = True,
    sure: bool = True,
) -> Verdict:
    """``sure``: not only by when its records came."""
    severity = (_severity(view, evidence) if sure else Severity.LOW) if episode else None
    credential = evidence[0].credential if evidence else ""
    held = f" with {called(view, credential)}" if credential else ""
    return view.verdict(
        CONTROL,
        subject=identity
        if claim.source == INVENTORY
        else f"{identity} {GONE if status == GONE else PROVIDER_SWITCH}",
        value=value,
        credential=credential,
        title=f"{named(view)}, recorded {status}, is active{held}"
        if episode
        else f"{named(view)} {'is' if now else 'was'} recorded {status}",
        reason=reason,
        severity=severity,
        claim=(claim,),
        evidence=evidence,
        episodes=(episode,) if episode else (),
        truncated=any(s.truncated for c in view.dossier.credentials.values() for s in c.uses.values()),
        next_step="say which side is stale: the record or the use",
    )


def _severity(view: View, used: tuple[Evidence, ...]) -> Severity:
    forbidden = {e.event for c in view.dossier.credentials.values() for e in view.uses(c, "forbidden")}
    return of_uses(used, (), forbidden)
