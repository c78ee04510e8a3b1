"""A federated trust admits a subject that was deleted, or another one that has its name now.

Fires: an identity was deleted, and later the other side of a federation admits its federated key (a web
identity, an account in a workload pool, a federated credential). Revoking keys does not stop this. High;
medium at low confidence if an identity of the same name was made in between: neither the trust nor the record
can distinguish the two.
Proves: the role that had admitted the subject refused an exchange after the deletion (if it admitted one
before, no other was admitted for an hour). A denial by another role, or of one malformed token, proves
nothing.
Evaded by: federation whose two sides no record joins (declare the federated key as an alias of the subject).
Benign: tokens of the deleted subject that were issued before the deletion and have not expired; an account
that its deployment deletes and makes anew within minutes, by the same actor.
Do: remove the subject from the trust (role trust policy, OIDC or JWT binding, federated credential), or bind
the trust to the subject's uid, which is never used again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Evidence,
    Freshness,
    Off,
    Severity,
    Turn,
    Value,
    Verdict,
    View,
    ended,
    iso,
    named,
    past_grace,
    short,
    sighted,
    source_of,
    spoken,
    thinned,
    times,
)
from correlators.kernel.knowledge.inferred import sure
from correlators.kernel.knowledge.pins import sightings_of
from correlators.kernel.views.refusals import BESIDE, settled

CONTROL = Control(
    name="trust_outlived_subject",
    version="1",
    title="Federated trust outlived its subject",
    owasp=("NHI1:2025", "NHI4:2025"),
    attack=(("T1098", "Account Manipulation"),),
    nist=("IA-9", "AC-2"),
    csf=("PR.AA-01", "PR.AA-04"),
    freshness=Freshness(
        timedelta(days=90),
        "the trust is still there and could admit a subject of the same name; quarterly jobs have "
        "tried once by then",
    ),
    needs=frozenset({"turns"}),
    remediation="Take the subject out of the trust, or bind the trust to the subject's uid, which no "
    "other gets.",
)

FEDERATED = (":web/", ":saml/", ":ksa/", ":pool/", ":fic/")
"""Parts of keys by which another side knows a subject that it does not hold itself."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each deleted subject whose federated key was presented to the other side."""
    deleted = [(subject, gone) for subject in sorted(view.dossier.turns) if (gone := _gone(view, subject))]
    if not deleted:
        return
    exchanges = Exchanges(
        sighted(_federated(view, "succeeded", "failed")),
        sighted(_federated(view, "forbidden")),
        sighted(_federated(view, "unauthenticated")),
    )
    if any(exchanges):
        for subject, gone in deleted:
            yield _judged(view, clock, subject, gone, exchanges)


class Exchanges(NamedTuple):
    """What became of the subject's exchanges elsewhere. ``denied``: by what they were asked of. ``refused``:
    as far as the source tells for want of a trust, not for what was wrong with one token."""

    admitted: tuple[Evidence, ...]
    denied: tuple[Evidence, ...]
    refused: tuple[Evidence, ...]


def _gone(view: View, subject: str) -> list[Turn]:
    """The deletions of a subject that this side holds itself."""
    if any(mark in subject for mark in FEDERATED):
        return []
    return [t for t in view.dossier.turns[subject] if t.kind == "deleted" and not t.alive]


def _federated(view: View, *outcomes: str) -> Iterator[tuple[Evidence, ...]]:
    for credential in view.credentials.values():
        for key, sightings in sightings_of(credential):
            outcome, _, action = key.partition(":")
            if outcome in outcomes and action not in BESIDE:
                yield tuple(
                    e
                    for e in sure(credential.uses, key, sightings.kept)
                    if any(mark in e.actor or mark in e.credential for mark in FEDERATED)
                )


def _remade(view: View, subject: str, end: Turn) -> Turn | None:
    """The first time that the name was taken again after a deletion, or the subject was brought back."""
    return next((t for t in sorted(view.dossier.turns[subject]) if t.alive and _again(t, end)), None)


def _again(turn: Turn, end: Turn) -> bool:
    return turn.kind in ("deleted", "remade") and turn.time >= end.time


def _one_deployment(view: View, end: Turn, again: Turn | None) -> bool:
    """Whether who deleted it made it again, at once: the trust is meant for the name, which was there all
    the time but that moment."""
    if again is None:
        return False
    actor = end.evidence.actor
    return (
        bool(actor) and actor == again.evidence.actor and again.time - end.time <= view.thresholds.redeployed
    )


def _judged(view: View, clock: Clock, subject: str, gone: list[Turn], exchanges: Exchanges) -> Verdict:
    ends = [(end, _remade(view, subject, end)) for end in gone]
    lasting = [(end, again) for end, again in ends if not _one_deployment(view, end, again)]
    if not lasting:
        return _redeployed(view, subject, *ends[-1])
    end, again = lasting[0]
    off = Off(end.time, 0, end)
    admitted = tuple(e for e in exchanges.admitted if past_grace(off, e, view.thresholds))
    value, reason, proof = _value(view, clock, subject, off, admitted, exchanges)
    severity, confidence = None, Confidence.HIGH
    if admitted:
        severity = Severity.HIGH
        if again and all(e.time > again.time for e in admitted):
            severity, confidence = Severity.MEDIUM, Confidence.LOW
            reason += f"; an identity of its name was made again at {iso(again.time)}"
    what = "was admitted after" if admitted else "is trusted elsewhere after"
    return view.verdict(
        CONTROL,
        subject=f"{subject} trusted elsewhere",
        value=value,
        title=f"{named(view)}: {spoken(subject)} {what} {ended(end, subject)}",
        reason=reason,
        severity=severity,
        confidence=confidence,
        claim=(end.evidence,),
        evidence=admitted or proof,
        episodes=(Episode(end.time, 0, end.how),) if admitted else (),
        others=tuple(sorted({e.actor for e in admitted} - {view.key, ""})),
        next_step=f"take {short(subject)} out of the trust" if admitted else "",
    )


def _redeployed(view: View, subject: str, end: Turn, again: Turn | None) -> Verdict:
    at = iso(again.time) if again else ""
    return view.verdict(
        CONTROL,
        subject=f"{subject} trusted elsewhere",
        value="assumed",
        title=f"{named(view)}: {spoken(subject)} is trusted elsewhere after {ended(end, subject)}",
        reason=f"deleted at {iso(end.time)} and made again at {at} by the same actor: one deployment",
        claim=(end.evidence,),
    )


def _value(
    view: View, clock: Clock, subject: str, off: Off, admitted: tuple[Evidence, ...], exchanges: Exchanges
) -> tuple[Value, str, tuple[Evidence, ...]]:
    """The value, why, and the refusals that prove it. Who was let in by one role is refuted by that role
    alone."""
    gone = f"{off.turn.how} at {iso(off.start)}"
    roles = {e.asked for e in admitted or exchanges.admitted}
    denied = tuple(e for e in exchanges.denied if off.holds(e.time))
    others = tuple(e for e in exchanges.refused if off.holds(e.time))
    proof = tuple(sorted({*(e for e in denied if e.asked in roles), *others}))
    if admitted:
        last = {role: max(e.time for e in admitted if e.asked == role) for role in roles}
        seen = times(admitted, "exchange", thinned(view.credentials.values()))
        reason = f"{seen} after {gone}, last at {iso(admitted[-1].time)}"
        quiet = view.thresholds.refused_quiet
        each = [
            settled(tuple(e for e in proof if e.asked == role), at, clock, quiet) for role, at in last.items()
        ]
        value: Value = "proven" if all(each) else "violated"
        return value, f"{reason}; refused since" if value == "proven" else reason, proof
    if proof:
        return "proven", f"{gone}; the exchange was refused at {iso(proof[-1].time)}", proof
    source = source_of(subject)
    if source and not clock.hears(source):
        return "unverifiable", f"{gone}; no {source} records are collected", ()
    if denied:
        reason = (
            f"{gone}; denied since, last at {iso(denied[-1].time)}, by what is not known to have let it in"
        )
        return "assumed", reason, ()
    return "assumed", f"{gone}; no exchange was seen since", ()
