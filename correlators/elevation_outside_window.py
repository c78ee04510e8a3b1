"""An identity uses, or is given, an elevated access at a time that no approval covers.

Fires: an identity has approvals with an end for a grant (a role, a binding), as just-in-time access is
approved. Since the first of these approvals was recorded, it was given that grant, took on that role, or was
let in by that grant at a time that no approval covers. The leeway past an approval's end is not counted.
Medium before the privilege weighs. An approval of an emergency grant covers whatever is done within it.
Proves: every such act lies within an approval.
Evaded by: a grant that nobody ever approved (``scope_escalation``); providers whose records do not say which
grant allowed a use; a session of a role that was taken on in time, as long as the provider lets it live.
Benign: an approval, or its extension, that is recorded late withdraws the finding; what began within the
window and is told once; acts of before approvals were kept; the minutes that a broker takes to remove the
grant.
Do: ask who acted; remove the grant where it still stands; if it was meant, record the approval or its
extension.
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
    Severity,
    Verdict,
    View,
    iso,
    named,
    short,
    sighted,
    spoken,
    thinned,
    times,
    uncollected,
)
from correlators.kernel.views.inventoried import BREAK_GLASS, approvals
from correlators.kernel.views.unseen import LOST, Unseen, between, lost_uses, ruled_out
from schemas.claims import Approval
from schemas.dossier import Grant
from schemas.fact import AUTHENTICATED, group_of
from schemas.providers import name_of

CONTROL = Control(
    name="elevation_outside_window",
    version="1",
    title="Elevation outside its approved window",
    owasp=("NHI5:2025",),
    attack=(("T1548.005", "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access"),),
    nist=("AC-2(6)", "AC-2(2)"),
    csf=("PR.AA-05", "DE.CM-03"),
    tenets=(4,),
    bound=True,
    freshness=Freshness(
        timedelta(days=30),
        "it speaks of the acts that were seen; access is reviewed monthly",
    ),
    needs=frozenset({"approvals"}),
    remediation=(
        "Ask who acted, and remove the grant where it still stands. If it was meant, record the approval or "
        "its extension."
    ),
)


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each grant that is approved for this identity for a time."""
    if not view.dossier.approvals:
        return
    standing = _in_force(approvals(view))
    emergency = [a for a in standing if a.grant in BREAK_GLASS]
    for grant in sorted({a.grant for a in standing if a.end and a.grant not in BREAK_GLASS}):
        mine = [a for a in standing if a.grant == grant]
        yield _judged(view, clock, grant, mine, [*mine, *emergency])


def _in_force(many: list[Approval]) -> list[Approval]:
    """Of several records of one approval (the same grant, ticket and beginning) the latest, be it longer or
    shorter."""
    latest: dict[tuple[str, str, int], Approval] = {}
    for approval in sorted(many, key=lambda a: (a.record.time, a.record.uid, a.end)):
        latest[approval.grant, approval.ticket, approval.start] = approval
    return list(latest.values())


def _judged(view: View, clock: Clock, grant: str, mine: list[Approval], covering: list[Approval]) -> Verdict:
    kept_since = min(min(a.start, a.record.time or a.start) for a in mine)
    acts = tuple(e for e in _acts(view, grant) if e.time >= kept_since)
    bare = tuple(e for e in acts if not any(_covers(view, a, e.time) for a in covering))
    claims = tuple(sorted(a.record for a in mine))
    windows = ", ".join(f"{iso(a.start) or 'ever'} to {iso(a.end) or 'now on'}" for a in sorted(mine)[-3:])
    if bare:
        who = f" by {short(bare[0].actor)}" if bare[0].actor not in ("", view.key) else ""
        return view.verdict(
            CONTROL,
            subject=f"{view.key} {grant}",
            value="violated",
            title=f"{named(view)} used {spoken(grant)} outside its approved window",
            reason=f"{times(bare, 'act', thinned(view.credentials.values()))} on record that no approval "
            f"covers, from {iso(bare[0].time)}{who} to {iso(bare[-1].time)}; approved: {windows}",
            severity=Severity.MEDIUM,
            credential=bare[0].credential if bare[0].actor == view.key else "",
            claim=claims,
            evidence=bare,
            episodes=(Episode(bare[0].time, 0, "no approval"),),
            truncated=thinned(view.credentials.values()),
            next_step=f"ask about {bare[0].operation}, or record its approval",
        )
    lost = _lost(view, grant, covering, claims[-1])
    if sure := [each for each in lost if each.sure]:
        first = min(sure)
        return view.verdict(
            CONTROL,
            subject=f"{view.key} {grant}",
            value="violated",
            title=f"{named(view)} used {spoken(grant)} outside its approved window",
            reason=f"at least 1 act {first.words} that no approval covers; {LOST}; approved: {windows}",
            severity=Severity.MEDIUM,
            claim=claims,
            episodes=(Episode(first.span[0], 0, "no approval"),),
            truncated=True,
        )
    if acts:
        value, reason = "proven", f"{iso(acts[-1].time)} was its last act, all within approvals"
    elif missing := uncollected(view.key, clock):
        value, reason = "unverifiable", f"{missing} it"
    else:
        value, reason = "assumed", "it was not seen in use since approvals are kept"
    return view.verdict(
        CONTROL,
        subject=f"{view.key} {grant}",
        value=value,  # type: ignore[arg-type]
        title=f"{named(view)} used {spoken(grant)} within its approved window",
        reason=f"{reason}; approved: {windows}{ruled_out(lost)}",
        claim=claims,
        evidence=acts,
    )


def _lost(view: View, grant: str, covering: list[Approval], record: Evidence) -> tuple[Unseen, ...]:
    """Uses between two approvals that thinning let go of before the approvals were known."""
    leeway = view.thresholds.elevation_leeway
    gaps = between(((a.start, a.end + leeway if a.end else 0) for a in covering), record)
    return tuple(
        each
        for name, known in view.dossier.grants.items()
        if gaps and group_of(view.key) != name and _is(grant, name, known)
        for each in lost_uses(known.uses, gaps, view.thresholds, AUTHENTICATED)
    )


def _covers(view: View, approval: Approval, time: int) -> bool:
    """Whether it holds then, by more than two clocks may differ, or its removal may still be under way."""
    started = approval.start <= time + view.thresholds.skew
    return started and (not approval.end or time < approval.end + view.thresholds.elevation_leeway)


def _acts(view: View, grant: str) -> tuple[Evidence, ...]:
    """What was done by this grant, and when it was given or taken on."""
    many: list[tuple[Evidence, ...]] = []
    for name, known in view.dossier.grants.items():
        if group_of(view.key) != name and _is(grant, name, known):
            many += [s.kept for key, s in known.uses.items() if key.partition(":")[0] in AUTHENTICATED]
            many.append(tuple(t.evidence for t in known.turns if t.alive))
    for credential in view.credentials.values():
        taken = {child.issued for child in credential.children.values() if grant in _names(child.identity)}
        if taken:
            many.append(tuple(e for e in view.uses(credential, "succeeded") if e.time in taken))
    return sighted(many)


def _is(grant: str, name: str, known: Grant) -> bool:
    return grant in (*_names(name), *_names(known.role))


def _names(key: str) -> tuple[str, ...]:
    """How an approval may call what has this key: whole, or without its installation."""
    return (key, name_of(key)) if key else ()
