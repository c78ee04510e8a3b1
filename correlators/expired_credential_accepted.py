"""A credential is accepted after it expired.

Fires: an authenticated use after the latest stated expiry and the provider's leeway. High; low for
Kubernetes' extended (stale) tokens, of which the API server itself says that they are stale. Renewals move
the expiry, whenever they are learned.
Proves: a try refused after the expiry, of a credential known by its id.
Evaded by: sources that do not say when a credential expires.
Benign: clocks that differ by less than the leeway.
Do: end the credential, and find out why the provider went on accepting it.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.kernel.deaths import expiry_leeway
from correlators.kernel.silence import source_of
from correlators.kernel.view import View
from correlators.kernel.wording import named, short, times, worst_of
from schemas.dossier import Credential
from schemas.evidence import iso
from schemas.verdict import Clock, Confidence, Control, Episode, Severity, Value, Verdict

CONTROL = Control(
    name="expired_credential_accepted",
    version="1",
    title="Expired credential accepted",
    owasp=("NHI4:2025", "NHI7:2025"),
    attack=(("T1550.001", "Use Alternate Authentication Material: Application Access Token"),),
    nist=("IA-5", "IA-11"),
    csf=("PR.AA-01", "PR.AA-03"),
    remediation=(
        "End the credential where it still works, and find out why the provider accepts it beyond its "
        "expiry (clock, cache, extended tokens)."
    ),
)

UNSEEN_KINDS = frozenset({"lease", "wrapping"})
"""Leases end in systems with logs of their own; a wrapping token is judged as a one-time credential."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    for name, credential in view.credentials.items():
        expires = credential.expiry[1]
        if name and expires and credential.kind not in UNSEEN_KINDS:
            verdict = _judged(view, clock, name, credential, expires)
            if verdict:
                yield verdict


def _judged(view: View, clock: Clock, name: str, credential: Credential, expires: int) -> Verdict | None:
    dead = expires + expiry_leeway(name)
    used = tuple(e for e in view.uses(credential, "succeeded", "failed", "forbidden") if e.time > dead)
    refused = tuple(e for e in view.uses(credential, "unauthenticated") if e.time > expires)
    if not used and not refused:
        return None
    value: Value = "violated"
    if not used or (refused and refused[-1].time > used[-1].time):
        value = "proven"
    claim = credential.issued or credential.known
    seen = times(used, "authenticated use") if used else times(refused, "refused try")
    return Verdict(
        control=CONTROL.name,
        subject=name,
        value=value,
        identity=view.key,
        owner=view.owner,
        credential=name,
        title=(
            f"{named(view)}: credential {short(name)} was {'accepted' if used else 'refused'} after its "
            "expiry"
        ),
        reason=f"expired at {iso(expires)}; {seen} after that, last at {iso((used or refused)[-1].time)}",
        severity=(Severity.HIGH if source_of(name) != "kubernetes" else Severity.LOW) if used else None,
        confidence=Confidence.HIGH,
        claim=(claim,) if claim else (),
        evidence=used or refused,
        episodes=(Episode(expires, 0, "expiry"),) if used else (),
        truncated=worst_of(credential),
    )
