"""A root or break-glass credential is made or used without an approval.

Fires: a root token or root key is generated; or the root of an account acts at a time that no approval
covers; or an identity whose approvals are of the grant ``break-glass`` does so. Medium before the weight of
privilege, which is critical for a root. Informational where no inventory declares anything for the
installation, because nobody could have approved the act there.
Proves: every making and use lies within an approval (for ``<installation>:root`` or the identity itself).
Evaded by: a root token made before the log begins, which nothing distinguishes from another token.
Benign: a ceremony whose approval is recorded later (the approval withdraws the finding); the first set-up of
an installation.
Do: ask who made the credential, and why. Revoke it; if the ceremony was meant, record its approval.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.control import (
    Clock,
    Control,
    Credential,
    Episode,
    Evidence,
    Freshness,
    Severity,
    Value,
    Verdict,
    View,
    iso,
    named,
    off_intervals,
    short,
    sighted,
    spoken,
    thinned,
    times,
    traits_of,
    worst_of,
)
from correlators.kernel.views.inventoried import BREAK_GLASS, approvals, speaks, uncovered
from schemas.claims import Approval
from schemas.providers import is_root

CONTROL = Control(
    name="root_credential_made",
    version="1",
    title="Root credential made or used without approval",
    owasp=("NHI5:2025",),
    attack=(("T1098", "Account Manipulation"),),
    nist=("AC-6(5)", "AC-2(7)"),
    csf=("PR.AA-05", "DE.CM-03"),
    tenets=(4,),
    freshness=Freshness(
        None,
        "an approved making is over; another one has a row of its own",
    ),
    needs=frozenset({"approvals", "root"}),
    remediation="Ask who made or used it and why, and revoke it. If it was a ceremony, record its approval.",
)

ROOT = "root"


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for a root or break-glass identity, or else one for each root credential that an
    identity holds."""
    granted = approvals(view, root=is_root(view.key) or _holds_root(view))
    if is_root(view.key) or any(a.grant in BREAK_GLASS for a in granted):
        uses = sighted(_uses(view, c) for c in view.credentials.values())
        made = tuple(c.issued for c in view.credentials.values() if c.issued and not traits_of(c.kind).cut)
        if uses or made:
            what = "the root of the account" if is_root(view.key) else "a break-glass identity"
            yield _judged(view, view.key, "", what, tuple(sorted(made)), uses, granted)
        return
    for name, credential in view.credentials.items():
        if name and credential.kind == ROOT:
            made = (credential.issued,) if credential.issued else ()
            yield _judged(view, name, name, "a root credential", made, _uses(view, credential), granted)


def _holds_root(view: View) -> bool:
    return any(c.kind == ROOT for c in view.credentials.values())


def _uses(view: View, credential: Credential) -> tuple[Evidence, ...]:
    return view.used(credential)


def _judged(
    view: View, subject: str, name: str, what: str, made: tuple[Evidence, ...], uses: tuple[Evidence, ...],
    granted: list[Approval],
) -> Verdict:  # fmt: skip
    born = {e.event for e in made}
    acts = tuple(sorted({*made, *(e for e in uses if e.event not in born)}))
    bare = uncovered(view, acts, granted)
    over = _ended(view, name)
    value: Value = "proven" if not bare else "assumed" if over else "violated"
    severity = None
    if bare:
        known = speaks(view) or granted
        severity = Severity.MEDIUM if known else Severity.INFORMATIONAL
    first = (bare or acts)[0]
    verb = "was made" if first.event in born else "was used"
    how = f" ({spoken(name, view.name_of(name))})" if name and name != view.key else ""
    approval = "without an approval" if bare else "under an approval"
    return view.verdict(
        CONTROL,
        subject=subject,
        value=value,
        credential=name,
        title=f"{named(view)}: {what}{how} {verb} {approval}",
        reason=_reason(view, bare or acts, granted, over, bool(bare)),
        severity=severity,
        claim=tuple(a.record for a in granted),
        evidence=bare or acts,
        episodes=(Episode(first.time, over, "no approval"),) if bare else (),
        truncated=any(worst_of(c) for n, c in view.credentials.items() if not name or n == name),
        next_step=f"ask {short(first.actor) or 'whoever called'} about {first.operation}" if bare else "",
    )


def _ended(view: View, name: str) -> int:
    """Since when the credential is dead (µs); 0: it lives. An account's root never ends."""
    periods = off_intervals(view.turns_of(name)) if name else []
    return periods[-1].start if periods and not periods[-1].end else 0


def _reason(view: View, acts: tuple[Evidence, ...], granted: list[Approval], over: int, bare: bool) -> str:
    seen = times(acts, "act", thinned(view.credentials.values()))
    acted = f"{seen} on record from {iso(acts[0].time)} to {iso(acts[-1].time)}"
    if not bare:
        tickets = ", ".join(sorted({a.ticket for a in granted if a.ticket}))
        return f"{acted}, all within approvals{f' ({tickets})' if tickets else ''}"
    acted += f", outside the {len(granted)} approvals on record" if granted else "; no approval is on record"
    return f"{acted}; it was ended at {iso(over)}" if over else acted
