"""An identity takes, or is given, more than it is approved for.

Fires: one of these.
- It grants itself something that it did not hold: medium. Low, if it had granted others the same for a week;
  high, if the grant then allowed what had been refused to it before.
- It acts in the name of an identity that may do everything, right after the same act had been refused to it
  under its own name: high.
- It tries in vain to grant itself something: medium. It tries in vain to act in the name of another: medium,
  or low where acting for others is its job.
- Its declared scopes name roles or grants, no approval (an approved emergency is one) covers another one at
  that time, and it is given another one (low) or uses it (medium).
Proves: all that it used is among its declared scopes; or what it took away from itself again, or another took
away from it, is refused.
Over: what it granted itself is taken away; or it has not tried again for a day.
Evaded by: rights that were too wide from the start; providers whose records do not say what allowed a use.
Benign: a deployment that writes a binding which it holds already, that may do everything anyway, or that made
the cluster to which it gives itself access; controllers and proxies whose job is to act for others; a person
who looks at the system as an account sees it; an approval or a scope that is recorded later (it withdraws the
finding); a deployment that is refused because it may not bind others.
Do: take away what it granted itself, ask who used it, and take away its right to bind, escalate or
impersonate.
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
    Severity,
    Turn,
    Verdict,
    View,
    iso,
    micros,
    named,
    short,
    sighted,
    spoken,
    thinned,
)
from correlators.kernel.views.inventoried import BREAK_GLASS, approvals, keys_of, ours, uncovered
from correlators.kernel.views.removals import removals
from schemas.declaration import Declaration
from schemas.dossier import Grant
from schemas.fact import AUTHENTICATED, MADE, group_of
from schemas.providers import (
    is_almighty,
    is_passing,
    is_personal,
    is_refused_self,
    name_of,
    scope_of,
    scopes_over,
    thing_of,
)

CONTROL = Control(
    name="scope_escalation",
    version="1",
    title="More than the approved scope",
    owasp=("NHI5:2025",),
    attack=(
        ("T1098.003", "Account Manipulation: Additional Cloud Roles"),
        ("T1098.006", "Account Manipulation: Additional Container Cluster Roles"),
        ("T1548.005", "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access"),
    ),
    nist=("AC-6(5)", "AC-6(10)"),
    csf=("PR.AA-05", "DE.CM-03"),
    tenets=(4,),
    bound=True,
    freshness=Freshness(
        timedelta(days=30),
        "it speaks of the rights that were seen in use; access is reviewed monthly",
    ),
    needs=frozenset({"grants"}),
    remediation=(
        "Take away what it gave itself, ask who used it, and take away the right to bind, escalate or "
        "impersonate."
    ),
)

QUIET = micros(timedelta(days=1))
"""Whoever still tries comes again within a day: jobs run daily."""

SHOWN = 24
"""The last uses within its scopes that are shown."""

NEAR = micros(timedelta(minutes=5))
"""What was refused to it this near a try is shown with it."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each grant that it gave itself, for what it tried or did as another, and for its
    declared scopes."""
    grants = {n: g for n, g in view.dossier.grants.items() if group_of(view.key) != n}
    if not grants:
        return
    for name, grant in sorted(grants.items()):
        turn = _by_itself(view, name, grant)
        if turn is not None and not _of_a_person(view):
            yield _granted(view, name, grant, turn)
    if ours(view):
        yield from _passed(view, clock, grants)
        yield from _refused_self(view, clock, grants)
    yield from _scoped(view, grants)


def _of_a_person(view: View) -> bool:
    """Whether a person acts under it, or the provider itself, by the provider's own mark."""
    return any(
        (c.person or c.theirs or is_personal(name)) and view.uses(c, "succeeded")
        for name, c in view.credentials.items()
    )


def _used(grant: Grant, *outcomes: str) -> tuple[Evidence, ...]:
    return sighted(s.kept for key, s in grant.uses.items() if key.partition(":")[0] in outcomes)


def _by_itself(view: View, name: str, grant: Grant) -> Turn | None:
    """The first time it was given by the very identity, where that did not hold it or its role already, and
    had not made what it is about."""
    own = keys_of(view)
    for turn in grant.turns:
        if turn.alive and turn.evidence.actor in own:
            made = view.dossier.made.get(thing_of(name), turn.time + 1)
            held = made <= turn.time or _held_before(view, name, grant.role, turn)
            return None if held else turn
    return None


def _held_before(view: View, name: str, role: str, turn: Turn) -> bool:
    """Whether another had given it before (this grant, or another one of the role), it was seen in use, or
    what allowed the writing was of the role, or of one that allows everything."""
    for other, known in view.dossier.grants.items():
        if other != name and (not role or known.role != role) and not is_almighty(known.role):
            continue
        earlier = (t for t in known.turns if t.alive and t.time < turn.time)
        if any(t.evidence.event != turn.evidence.event for t in earlier):
            return True
        if any(e.time <= turn.time for e in _used(known, *AUTHENTICATED)):
            return True
    return False


def _granted(view: View, name: str, grant: Grant, turn: Turn) -> Verdict:
    denied = sighted(view.uses(c, "forbidden") for c in view.credentials.values())
    before = tuple(e for e in denied if e.time < turn.time)
    used = tuple(e for e in _used(grant, "succeeded") if e.time >= turn.time)
    if not grant.uses:
        # Records do not say what allowed a use: what had been refused and is not any more, it allowed.
        did = sighted(view.uses(c, "succeeded") for c in view.credentials.values())
        closed = {e.operation for e in before} - {e.operation for e in did if e.time < turn.time}
        used = tuple(e for e in did if e.time >= turn.time and e.operation in closed)
    opened = {e.operation for e in before} & {e.operation for e in used}
    gone = removals(grant.turns, 0)
    over = gone[-1].start if gone and not gone[-1].end else 0
    lost = tuple(e for e in denied if over and e.time > over and e.operation in {u.operation for u in used})
    role = spoken(grant.role or name)
    said = f"{turn.how} by itself at {iso(turn.time)}"
    if opened:
        said += f"; {min(opened)} had been refused to it before"
    said += f"; used until {iso(used[-1].time)}" if used else "; not used since"
    if over:
        said += f"; taken away at {iso(over)}" + (f", and refused at {iso(lost[-1].time)}" if lost else "")
    shown = tuple(sorted({turn.evidence, *used, *(e for e in before if e.operation in opened)}))
    return view.verdict(
        CONTROL,
        subject=f"{view.key} {name}",
        value="proven" if lost else "assumed" if over else "violated",
        title=f"{named(view)} gave itself {role}",
        reason=said,
        severity=Severity.HIGH if opened else Severity.LOW if _gives(view, turn) else Severity.MEDIUM,
        credential=turn.evidence.credential,
        evidence=shown,
        episodes=(Episode(turn.time, over, turn.how),),
        truncated=thinned(view.credentials.values()),
        next_step=f"delete {short(name)}, and ask who used it",
    )


def _gives(view: View, turn: Turn) -> bool:
    """Whether giving is its job: it had given the same way for a week, so it could give anything to
    anybody."""
    way = turn.evidence.operation
    first = (
        time
        for c in view.credentials.values()
        for did, time in c.did.items()
        if did.partition("\t")[0] == way and not did.startswith(MADE)
    )
    return min(first, default=turn.time) <= turn.time - view.thresholds.habit


def _passed(view: View, clock: Clock, grants: dict[str, Grant]) -> Iterator[Verdict]:
    """Passing for another."""
    sorts = {n: g for n, g in grants.items() if is_passing(n)}
    if not sorts:
        return
    refused = sighted(_used(g, "forbidden") for g in sorts.values())
    took = sighted(_used(g, "succeeded") for g in sorts.values())
    mighty = sighted(_used(g, "succeeded") for n, g in sorts.items() if is_almighty(n))
    denied = sighted(view.uses(c, "forbidden") for c in view.credentials.values())
    climbed = tuple(e for e in mighty if any(_climbs(d, e) for d in denied))
    if climbed:
        first = climbed[0]
        why = tuple(d for d in denied if _climbs(d, first))
        yield _tried(
            view, "passes for another", "passed for one who may do everything", (*why, *climbed),
            Severity.HIGH, 0, f"{first.operation} at {iso(first.time)}, {why[-1].operation} had been refused",
        )  # fmt: skip
    elif refused:
        job = bool(took) and took[0].time < refused[0].time
        yield _tried(
            view, "passes for another", "was refused to pass for another", refused,
            Severity.LOW if job else Severity.MEDIUM, _quiet(clock, refused),
            f"{refused[0].operation} at {iso(refused[0].time)}"
            + ("; it does pass for others, as its job is" if job else ""),
        )  # fmt: skip


AS = " as "
"""Between what was asked, and as whom, in an operation."""


def _climbs(denied: Evidence, took: Evidence) -> bool:
    """Whether the same was taken as another right after it had been refused."""
    same = took.operation.partition(AS)[0] == denied.operation.partition(AS)[0]
    return same and 0 <= took.time - denied.time <= NEAR


def _refused_self(view: View, clock: Clock, grants: dict[str, Grant]) -> Iterator[Verdict]:
    tries = sighted(_used(g, "forbidden") for n, g in grants.items() if is_refused_self(n))
    if not tries:
        return
    denied = sighted(view.uses(c, "forbidden") for c in view.credentials.values())
    near = (e for e in denied if any(abs(e.time - t.time) <= NEAR for t in tries))
    yield _tried(
        view, "grants itself", "was refused to grant itself more", tuple({*tries, *near}),
        Severity.MEDIUM, _quiet(clock, tries), f"{tries[0].operation} at {iso(tries[0].time)}",
    )  # fmt: skip


def _quiet(clock: Clock, tries: tuple[Evidence, ...]) -> int:
    """Since when no try came for a day (µs); 0: that is not so."""
    last = tries[-1].time
    return last if clock.past(last + QUIET) else 0


def _tried(
    view: View, about: str, did: str, shown: tuple[Evidence, ...], severity: Severity, over: int,
    reason: str,
) -> Verdict:  # fmt: skip
    evidence = tuple(sorted(set(shown)))
    return view.verdict(
        CONTROL,
        subject=f"{view.key} {about}",
        value="assumed" if over else "violated",
        title=f"{named(view)} {did}",
        reason=reason,
        severity=severity,
        credential=evidence[0].credential,
        evidence=evidence,
        episodes=(Episode(evidence[0].time, over, did),),
        truncated=thinned(view.credentials.values()),
        next_step="ask its owner whether that is its job; if not, rotate its credentials",
    )


def _scoped(view: View, grants: dict[str, Grant]) -> Iterator[Verdict]:
    """Declared scopes that name roles or grants."""
    ordered = view.stating("scopes")
    declared = ordered[-1].scopes or () if ordered else ()
    if not ordered or (
        not any("/" in s for s in declared) and not any(scope_of(g.role) for g in grants.values())
    ):
        return
    only_oauth = not any("/" in scope for scope in declared)
    granted = approvals(view)
    used: list[tuple[Evidence, ...]] = []
    within: list[tuple[Evidence, ...]] = []
    beyond: list[tuple[Evidence, ...]] = []
    more: list[str] = []
    for name, grant in sorted(grants.items()):
        oauth = scope_of(grant.role)
        if is_passing(name) or is_refused_self(name) or (only_oauth and not oauth):
            continue
        names = set(scopes_over(grant.role)) | {
            key for whole in (name, grant.role) if whole for key in (whole, name_of(whole))
        }
        covering = [a for a in granted if a.grant in names or a.grant in BREAK_GLASS]
        within.append(_used(grant, "succeeded"))
        acts = uncovered(view, _used(grant, *AUTHENTICATED), covering)
        given = uncovered(view, (t.evidence for t in grant.turns if t.alive), covering)
        bad, gave = (tuple(e for e in many if _beyond(ordered, names, e)) for many in (acts, given))
        used.append(bad)
        beyond += [bad, gave]
        if bad or gave:
            more.append(spoken(grant.role or name))
    shown = sighted(beyond)
    latest = ordered[-1]
    claim = (Evidence(latest.recorded, latest.uid, latest.source, operation="declared scopes"),)
    approved = ", ".join(ordered[-1].scopes or ()) or "none"
    if not shown:
        yield view.verdict(
            CONTROL,
            subject=f"{view.key} scopes",
            value="proven",
            title=f"{named(view)} keeps to its scopes",
            reason=f"approved: {approved}",
            claim=claim,
            evidence=sighted(within)[-SHOWN:],
        )
        return
    yield view.verdict(
        CONTROL,
        subject=f"{view.key} scopes",
        value="violated",
        title=f"{named(view)} has more than its scopes: {', '.join(more)}",
        reason=f"{'used' if any(used) else 'given'} since {iso(shown[0].time)}; approved: {approved}",
        severity=Severity.MEDIUM if any(used) else Severity.LOW,
        confidence=Confidence.HIGH,
        claim=claim,
        evidence=shown,
        episodes=(Episode(shown[0].time, 0, "beyond its scopes"),),
        truncated=thinned(view.credentials.values()),
        next_step="take it away, or record its approval",
    )


def _beyond(ordered: list[Declaration], names: set[str], act: Evidence) -> bool:
    """Whether neither the latest record nor the one in force then approves it, and a record was there."""
    if act.time < ordered[0].recorded:
        return False
    in_force = next((d for d in reversed(ordered) if d.recorded <= act.time), ordered[0])
    return not any(names & set(d.scopes or ()) for d in (ordered[-1], in_force))
