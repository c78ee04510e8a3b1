"""What an access rested on was removed, and the access goes on.

Fires: a grant (a role binding) was taken from an identity, and after the time that the provider needs, one of
these happens. A session that the grant had allowed stays open: medium for exec, attach and port-forward; low
for a session that only listens, medium if it is shown secrets. Where records do not say what allowed a
session, it is low, or medium if another session is refused meanwhile. Or an action that the grant had allowed
succeeds through another grant, which is older than the removal and reaches as far. The finding names this
other grant: medium; low if it was given in the week before or holds the same role (a move in two steps);
informational if the removed grant was never seen in use, because what it allowed is then unknown. Or a token
works after its role was deleted, where the provider does not end tokens with their role: low while the token
has under an hour to live, medium beyond or unknown. One finding for each removal.
Proves: an action that the grant had allowed is refused after the removal; where records do not say what
allowed a use, an action that the identity could do before.
Evaded by: leaving the access unused until nobody looks; providers whose records do not say what allowed a
use.
Benign: a grant that is made again; a grant that the actor of the removal put in the place of the removed one
within minutes (an upgrade that renames a binding), reaching no further; an older grant, after one that was
approved for a time; a watch of a pod that is about to end.
Do: end the session (delete the pod, revoke the token). Take away the other grant too, or declare that it was
meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Credential,
    Episode,
    Evidence,
    Freshness,
    Off,
    Severity,
    Value,
    Verdict,
    View,
    ended,
    iso,
    micros,
    named,
    short,
    sighted,
    thinned,
    times,
    unheard,
)
from correlators.kernel.views.ends import standing
from correlators.kernel.views.inventoried import approvals
from correlators.kernel.views.removals import (
    closed,
    given,
    late,
    removals,
    since,
    standing_past,
    stands_in,
)
from schemas.dossier import Grant, Opened
from schemas.fact import AUTHENTICATED, group_of
from schemas.providers import name_of, reaches_all_of

CONTROL = Control(
    name="access_outlived_removal",
    version="1",
    title="Access outlived its removal",
    owasp=("NHI5:2025", "NHI1:2025"),
    attack=(("T1078.004", "Valid Accounts: Cloud Accounts"),),
    nist=("AC-12", "AC-6", "AC-3(8)"),
    csf=("PR.AA-05", "RS.MI-01"),
    bound=True,
    freshness=Freshness(
        timedelta(days=30),
        "another grant may allow again what was refused, by records that are not collected here; "
        "access is reviewed monthly",
    ),
    needs=frozenset({"credentials.turns", "grants"}),
    remediation=(
        "End the session or the token, and take away the other grant through which the access goes on, or "
        "record that it is meant."
    ),
)

LOST = micros(timedelta(days=1))
"""A session that only listens and whose end is not on record has ended by then: clients renew theirs within
the hour, so its record was lost."""


class Gap(NamedTuple):
    """What goes on past one removal. ``ended``: since when it is over (µs, 0: it is not, as far as is
    known)."""

    used: tuple[Evidence, ...]
    says: tuple[str, ...]
    severity: Severity
    confidence: Confidence = Confidence.HIGH
    others: tuple[str, ...] = ()
    ended: int = 0


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields what went on past each removal of a grant, and of the role that a token was issued by."""
    for name, grant in sorted(view.dossier.grants.items()):
        if group_of(view.key) == name:
            continue  # The grant's own dossier: it waits there for those who hold it.
        periods = removals(grant.turns, view.thresholds.redeployed)
        if periods:
            yield _of_grant(view, clock, name, grant, standing(periods))
    for name, credential in view.credentials.items():
        roles = (t for t in credential.turns if not t.claims_cut)
        for off in removals(roles, view.thresholds.redeployed):
            yield _of_origin(view, clock, name, credential, off)


def _of_grant(view: View, clock: Clock, name: str, grant: Grant, off: Off) -> Verdict:
    found = _sessions(view, clock, name, off), _elsewhere(view, name, grant, off), _unsaid(view, off)
    gaps = [g for g in found if g]
    allowed = {e.operation for s in grant.uses.values() for e in s.kept}
    if not grant.uses:
        # Where records do not say what allowed a use: all that it could do before.
        did = sighted(view.uses(c, "succeeded") for c in view.credentials.values())
        allowed = {e.operation for e in did if e.time <= off.start}
    denied = sighted(view.uses(c, "forbidden") for c in view.credentials.values())
    refused = tuple(e for e in since(off, denied, view.thresholds) if e.operation in allowed)
    claims = [off.turn.evidence]
    if gaps:
        used = sighted(g.used for g in gaps)
        over = tuple(e for e in refused if e.time > used[-1].time)
        ended_all = all(g.ended for g in gaps)
        value: Value = "proven" if over else "assumed" if ended_all or off.end else "violated"
        said = "; ".join(text for g in gaps for text in g.says)
        if over:
            said += f"; refused at {iso(over[-1].time)}"
        claims += _gone_too(view, off, used)
        end = off.end or (over[0].time if over else max(g.ended for g in gaps) if ended_all else 0)
        return _verdict(
            view, name, off, value, said, used, tuple(sorted(claims)),
            severity=max(g.severity for g in gaps),
            confidence=min(g.confidence for g in gaps),
            others=tuple(sorted({o for g in gaps for o in g.others})),
            episode=Episode(off.start, end, off.turn.how),
        )  # fmt: skip
    if refused:
        said = f"refused at {iso(refused[-1].time)} what it had allowed"
        return _verdict(view, name, off, "proven", said, refused, tuple(claims))
    if off.end:
        said = f"given again at {iso(off.end)}; nothing of it was seen in between"
        return _verdict(view, name, off, "assumed", said, (), tuple(claims))
    value, said = unheard(off, view.key, "", clock, view.thresholds)
    left = [s.began for s in standing_past(view, "", off) if not s.ended] if _is_unsaid(view) else []
    if left and value == "assumed":
        first = min(left)
        said += f"; {first.operation} of {iso(first.time)} is not known to have ended"
    return _verdict(view, name, off, value, said, (), tuple(claims))


def _is_unsaid(view: View) -> bool:
    """Whether no record says of any use which grant allowed it."""
    return not any(grant.uses for grant in view.dossier.grants.values())


def _unsaid(view: View, off: Off) -> Gap | None:
    """Sessions that stood past the removal, where records do not say what allowed them: who may begin another
    one since did not lose what they rest on; who is refused that did."""
    stood = [s for s in standing_past(view, "", off) if s.ended] if _is_unsaid(view) else []
    did = sighted(view.uses(c, "succeeded") for c in view.credentials.values())
    can = {e.operation for e in since(off, did, view.thresholds)}
    stood = [s for s in stood if s.began.operation not in can]
    if not stood:
        return None
    denied = sighted(view.uses(c, "forbidden") for c in view.credentials.values())
    lost = {e.operation for e in since(off, denied, view.thresholds)}
    sure = any(s.began.operation in lost for s in stood)
    return Gap(
        tuple(sorted(closed(s) for s in stood)),
        tuple(f"{s.began.operation} of {iso(s.began.time)} stood open until {iso(s.ended)}" for s in stood),
        Severity.MEDIUM if sure else Severity.LOW,
        Confidence.HIGH if sure else Confidence.LOW,
        ended=max(s.ended for s in stood),
    )


def _sessions(view: View, clock: Clock, name: str, off: Off) -> Gap | None:
    standing_now = [s for s in standing_past(view, name, off) if s.ended or _open(view, clock, off, s)]
    if not standing_now:
        return None
    used = tuple(sorted(closed(s) for s in standing_now))
    quiet = all(s.passive and not s.secret for s in standing_now)
    says = tuple(
        f"{s.began.operation} of {iso(s.began.time)} stood open until {iso(s.ended)}"
        if s.ended
        else f"{s.began.operation} of {iso(s.began.time)} stands open: no end of it is on record"
        for s in standing_now
    )
    ended = max(s.ended for s in standing_now) if all(s.ended for s in standing_now) else 0
    return Gap(used, says, Severity.LOW if quiet else Severity.MEDIUM, ended=ended)


def _open(view: View, clock: Clock, off: Off, session: Opened) -> bool:
    """Whether a session without an end on record stands past the removal: its end would be here by now."""
    value, _ = unheard(off, view.key, "", clock, view.thresholds)
    if value != "assumed" or not clock.reached(session.began.source, off.start):
        return False
    return not (session.passive and clock.past(session.began.time + LOST))


def _elsewhere(view: View, name: str, grant: Grant, off: Off) -> Gap | None:
    """What the grant had allowed, as far as that is known, through others that were there before."""
    mine = {e.operation: e.time for s in grant.uses.values() for e in s.kept if e.time <= off.start}
    gaps = []
    lent = _lent(view, name, grant, off)
    for other, known in view.dossier.grants.items():
        if other == name or not reaches_all_of(other, name) or stands_in(view, name, off, other):
            continue
        turn = given(known)
        if turn is not None and turn.time > off.start:
            continue
        if lent and (turn is None or turn.time < lent):
            continue
        many = sighted(s.kept for key, s in known.uses.items() if key.partition(":")[0] in AUTHENTICATED)
        # Another grant is said to have allowed it: no time that the removal takes to spread excuses it.
        used = since(off, many, view.thresholds)
        if mine:
            earlier = {e.operation for e in many if e.time <= mine.get(e.operation, 0)}
            used = tuple(e for e in used if e.operation in mine and e.operation not in earlier)
        if not used or removals(known.turns, view.thresholds.redeployed):
            continue
        same = bool(known.role) and known.role == grant.role
        moved = turn is not None and off.start - turn.time <= view.thresholds.habit
        severity = Severity.LOW if same or moved else Severity.MEDIUM
        if not mine and not same:
            severity = Severity.INFORMATIONAL
        confidence = Confidence.HIGH if mine else Confidence.LOW
        role = f" of {short(known.role)}" if known.role else ""
        what = "it goes on" if mine or same else "the identity acts on"
        gaps.append(Gap(used, (f"{what} through {short(other)}{role}",), severity, confidence, (other,)))
    if not gaps:
        return None
    return Gap(
        sighted(g.used for g in gaps),
        tuple(text for g in gaps for text in g.says),
        max(g.severity for g in gaps),
        max(g.confidence for g in gaps),
        tuple(o for g in gaps for o in g.others),
    )


def _lent(view: View, name: str, grant: Grant, off: Off) -> int:
    """When the grant was given (µs), where an approval lent it for a time: what could be done before goes on
    after it, as is meant. 0: it was not lent, or its giving is not on record."""
    names = {key for whole in (name, grant.role) if whole for key in (whole, name_of(whole))}
    begun = max((t.time for t in grant.turns if t.alive and t.time <= off.start), default=0)
    lent = any(a.grant in names and a.end and a.start <= off.start for a in approvals(view))
    return begun if lent else 0


def _gone_too(view: View, off: Off, used: tuple[Evidence, ...]) -> Iterator[Evidence]:
    """Ends of the identity itself that what goes on outlived as well."""
    for turns in view.dossier.turns.values():
        for turn in turns:
            if not turn.alive and turn.kind == "deleted" and off.start <= turn.time < used[-1].time:
                yield turn.evidence


def _of_origin(view: View, clock: Clock, name: str, credential: Credential, off: Off) -> Verdict:
    """A token whose role was deleted."""
    succeeded = view.uses(credential, "succeeded", "failed")
    used = late(off, (e for e in succeeded), view.thresholds)
    claims = (off.turn.evidence,)
    subject = f"{off.turn.about} {view.key}"
    refused = since(off, view.uses(credential, "unauthenticated", "forbidden"), view.thresholds)
    if used:
        over = tuple(e for e in refused if e.time > used[-1].time)
        expires = credential.expiry[1]
        run_out = bool(expires) and clock.past(expires)
        brief = expires and expires - off.start <= view.thresholds.residual_short
        seen = times(used, "use", thinned([credential]))
        return _verdict(
            view, subject, off, "proven" if over else "assumed" if run_out or off.end else "violated",
            f"{seen} of {short(name)} on record since, last at {iso(used[-1].time)}; "
            + (f"it lives until {iso(expires)}" if expires else "when it expires is not on record"),
            used, claims, credential=name,
            severity=Severity.LOW if brief else Severity.MEDIUM,
            episode=Episode(off.start, off.end or (expires if run_out else 0), off.turn.how),
        )  # fmt: skip
    if refused:
        said = f"refused at {iso(refused[-1].time)}"
        return _verdict(view, subject, off, "proven", said, refused, claims, credential=name)
    value, said = unheard(off, name, credential.kind, clock, view.thresholds)
    return _verdict(view, subject, off, value, said, (), claims, credential=name)


def _verdict(
    view: View, subject: str, off: Off, value: Value, said: str, evidence: tuple[Evidence, ...],
    claims: tuple[Evidence, ...], *, severity: Severity | None = None,
    confidence: Confidence = Confidence.HIGH, others: tuple[str, ...] = (), credential: str = "",
    episode: Episode | None = None,
) -> Verdict:  # fmt: skip
    goes_on = "goes on after" if severity else "ended when"
    return view.verdict(
        CONTROL,
        subject=subject if credential else f"{subject} {view.key}",
        value=value,
        title=f"{named(view)}: access {goes_on} {ended(off.turn)}",
        reason=f"{off.turn.how} at {iso(off.start)}: {said}",
        severity=severity,
        confidence=confidence,
        credential=credential,
        claim=claims,
        evidence=evidence,
        episodes=(episode,) if episode else (),
        others=others,
        truncated=thinned(view.credentials.values()),
        next_step="end what stands open, or say that it is meant" if severity else "",
    )
