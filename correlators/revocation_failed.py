"""A revocation was tried, did not take, and the credential goes on working.

Fires: an authenticated use after a revocation that the provider refused, or that found nothing to revoke.
Medium: somebody believes that the credential is dead. What it has left is residual until its expiry. Also, at
low confidence, where the revocation named a credential that is known by no other record (a token in clear in
a path: logs know tokens by their HMAC): it lives, and cannot be told apart.
Proves: a later revocation took, or the credential was refused since.
Evaded by: a revocation whose target the log does not name.
Benign: a revocation repeated at once in a form that takes.
Do: revoke it in a form that the provider serves; a batch token cannot be revoked: wait out or cut its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.kernel.ends import off_intervals
from correlators.kernel.view import View
from correlators.kernel.wording import named, short, times, worst_of
from schemas.dossier import Credential
from schemas.evidence import iso
from schemas.verdict import Clock, Confidence, Control, Episode, Severity, Value, Verdict

CONTROL = Control(
    name="revocation_failed",
    version="1",
    title="Revocation did not take",
    owasp=("NHI1:2025",),
    attack=(("T1078.004", "Valid Accounts: Cloud Accounts"),),
    nist=("AC-2(3)", "IR-4"),
    csf=("PR.AA-01", "RS.MI-01"),
    remediation=(
        "Revoke it in a form that the provider serves. What cannot be revoked (a batch token) ends with "
        "its expiry or its source: cut that, and watch the residual."
    ),
)


MASKED = "/hmac-"
"""In the key of a credential that the log showed in clear: it was masked at ingest, and no other record knows
it by this name."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    for name, credential in view.credentials.items():
        if name and credential.failed_ends:
            yield _judged(view, clock, name, credential)


def _judged(view: View, clock: Clock, name: str, credential: Credential) -> Verdict:
    tried = credential.failed_ends[0]
    spells = [off for off in off_intervals(view.turns_of(name)) if off.start >= tried.time]
    took = spells[0].start if spells else 0
    used = tuple(
        e
        for e in view.uses(credential, "succeeded", "failed", "forbidden")
        if e.time > tried.time
        and (not took or e.time < took)
        and e.uid not in {t.evidence.uid for t in credential.failed_ends}
    )
    refused = [
        e
        for e in view.uses(credential, "unauthenticated")
        if e.time > (used[-1].time if used else tried.time)
    ]
    expires = credential.expiry[1]
    over = bool(took or refused or (expires and expires < clock.now))
    unknown = MASKED in name and not credential.uses and credential.issued is None
    value: Value = "proven" if over else "violated" if used or unknown else "assumed"
    if unknown:
        return _unknown(view, name, credential, value)
    reason = f"{tried.how} at {iso(tried.time)} did not take; {times(used, 'use')} since"
    reason += f"; residual until {iso(expires)}" if expires else ""
    return Verdict(
        control=CONTROL.name,
        subject=name,
        value=value,
        identity=view.key,
        owner=view.owner,
        credential=name,
        title=(
            f"{named(view)}: {tried.how} of {short(name)} did not "
            f"take{', and it was used since' if used else ''}"
        ),
        reason=reason,
        severity=Severity.MEDIUM if used else None,
        claim=tuple(t.evidence for t in credential.failed_ends),
        evidence=used or tuple(refused),
        episodes=(Episode(tried.time, took or (expires if over and not refused else 0), tried.how),)
        if used
        else (),
        truncated=worst_of(credential),
    )


def _unknown(view: View, name: str, credential: Credential, value: Value) -> Verdict:
    """The revocation named a credential that no other record knows by this name."""
    tried = credential.failed_ends[0]
    return Verdict(
        control=CONTROL.name,
        subject=name,
        value=value,
        identity=view.key,
        owner=view.owner,
        credential=name,
        title=(
            f"{tried.how} by {short(tried.evidence.actor)} did not take; which credential {short(name)} is "
            "cannot be told"
        ),
        reason="it was refused, so the credential lives; no issue or use is known under this name",
        severity=Severity.MEDIUM,
        confidence=Confidence.LOW,
        claim=tuple(t.evidence for t in credential.failed_ends),
        evidence=tuple(t.evidence for t in credential.failed_ends),
        episodes=(Episode(tried.time, 0, tried.how),),
        next_step=(
            "if the record names it in clear (a token in a path), treat the log itself as a leak, and "
            "revoke it in a form that the provider serves"
        ),
    )
