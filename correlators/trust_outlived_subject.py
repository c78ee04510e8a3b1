"""A federated trust admits a subject that was deleted, or another one that has its name now.

Fires: an identity was deleted, and later its federated key (a web identity, a workload pool's account, a
federated credential) is let in by the other side, which no key's revocation can stop. High; medium at low
confidence where an identity of the same name was made again in between: the trust cannot tell the two apart,
and neither can the record.
Proves: the exchange was refused after the deletion.
Evaded by: federation whose two sides no record joins (declare the federated key as an alias of the subject).
Benign: tokens of the deleted subject live on for as long as they were issued; deployments that delete and
make their account anew.
Do: take the subject out of the trust (role trust policy, OIDC or JWT binding, federated credential), or bind
the trust to what is not reused: the subject's uid.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.kernel.views.ends import Off, off_intervals, past_grace
from correlators.kernel.views.silence import source_of
from correlators.kernel.views.view import View, sighted
from correlators.kernel.views.wording import named, short, times
from schemas.dossier import Turn
from schemas.evidence import Evidence, iso
from schemas.verdict import Clock, Confidence, Control, Episode, Severity, Value, Verdict

CONTROL = Control(
    name="trust_outlived_subject",
    version="1",
    title="Federated trust outlived its subject",
    owasp=("NHI1:2025", "NHI4:2025"),
    attack=(("T1098", "Account Manipulation"),),
    nist=("IA-9", "AC-2"),
    csf=("PR.AA-01", "PR.AA-04"),
    remediation="Take the subject out of the trust, or bind the trust to the subject's uid, which no "
    "other gets.",
)

FEDERATED = (":web/", ":saml/", ":ksa/", ":pool/", ":fic/")
"""Parts of keys by which another side knows a subject that it does not hold itself."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    deleted = [(subject, gone) for subject in sorted(view.dossier.turns) if (gone := _gone(view, subject))]
    if not deleted:
        return
    uses = sighted(_federated(view, "succeeded", "failed", "forbidden"))
    refused = sighted(_federated(view, "unauthenticated"))
    if uses or refused:
        for subject, gone in deleted:
            yield _judged(view, clock, subject, gone, view.dossier.turns[subject], uses, refused)


def _gone(view: View, subject: str) -> list[Turn]:
    """The deletions of a subject that this side holds itself."""
    if any(mark in subject for mark in FEDERATED):
        return []
    return [t for t in view.dossier.turns[subject] if t.kind == "deleted" and not t.alive]


def _federated(view: View, *outcomes: str) -> Iterator[tuple[Evidence, ...]]:
    for credential in view.credentials.values():
        yield tuple(
            e
            for e in view.uses(credential, *outcomes)
            if any(mark in e.actor or mark in e.credential for mark in FEDERATED)
        )


def _judged(
    view: View, clock: Clock, subject: str, gone: list[Turn], turns: tuple[Turn, ...],
    uses: tuple[Evidence, ...], refused: tuple[Evidence, ...],
) -> Verdict:  # fmt: skip
    end = gone[0]
    off = Off(end.time, 0, end)
    admitted = tuple(e for e in uses if past_grace(off, e, view.thresholds))
    denied = tuple(e for e in refused if off.holds(e.time))
    again = next((s.end for s in off_intervals(t for t in turns if t.kind == "deleted")), 0)
    value, reason = _value(clock, subject, end, admitted, denied)
    severity, confidence = None, Confidence.HIGH
    if admitted:
        severity = Severity.HIGH
        if again and all(e.time > again for e in admitted):
            severity, confidence = Severity.MEDIUM, Confidence.LOW
            reason += f"; an identity of its name was made again at {iso(again)}"
    what = "was admitted after" if admitted else "is trusted elsewhere;"
    return Verdict(
        control=CONTROL.name,
        subject=f"{subject} trusted elsewhere",
        value=value,
        identity=view.key,
        owner=view.owner,
        title=f"{named(view)}: {short(subject)} {what} {end.how}",
        reason=reason,
        severity=severity,
        confidence=confidence,
        claim=(end.evidence,),
        evidence=admitted or denied,
        episodes=(Episode(end.time, 0, end.how),) if admitted else (),
        others=tuple(sorted({e.actor for e in admitted} - {view.key, ""})),
        next_step=f"take {short(subject)} out of the trust" if admitted else "",
    )


def _value(
    clock: Clock, subject: str, end: Turn, admitted: tuple[Evidence, ...], denied: tuple[Evidence, ...]
) -> tuple[Value, str]:
    gone = f"{end.how} at {iso(end.time)}"
    if admitted:
        over = any(e.time > admitted[-1].time for e in denied)
        told = f"{times(admitted, 'exchange')} after {gone}, last at {iso(admitted[-1].time)}"
        return ("proven", f"{told}; refused since") if over else ("violated", told)
    if denied:
        return "proven", f"{gone}; the exchange was refused at {iso(denied[-1].time)}"
    source = source_of(subject)
    if source and source not in clock.seen:
        return "unverifiable", f"{gone}; no {source} records are collected"
    return "assumed", f"{gone}; no exchange was seen since"
