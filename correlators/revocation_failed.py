"""A revocation was tried, did not take, and the credential goes on working.

Fires: an authenticated use after a revocation that the provider refused, or that found nothing to revoke.
Medium: somebody believes that the credential is dead. What it has left is residual until its expiry. Also, at
low confidence, where the revocation named a credential that is known by no other record (a token in clear in
a path: logs know tokens by their HMAC): it lives, and cannot be told apart. More than five of one identity,
by one actor within an hour, are one finding that counts and names them; each is informational.
Proves: a later revocation took (what enables it again after that is meant), or the credential was refused
since.
Evaded by: a revocation whose target the log does not name.
Benign: a revocation repeated at once in a form that takes.
Do: revoke it in a form that the provider serves; a batch token cannot be revoked: wait out or cut its source.
"""

from __future__ import annotations

import re
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
    Severity,
    Turn,
    Value,
    Verdict,
    View,
    called,
    frozen,
    iso,
    micros,
    named,
    off_intervals,
    over_since,
    proofs,
    short,
    spoken,
    thinned,
    times,
)
from correlators.kernel.views.ends import skew_of
from correlators.kernel.views.thresholds import Thresholds

CONTROL = Control(
    name="revocation_failed",
    version="1",
    title="Revocation did not take",
    owasp=("NHI1:2025",),
    attack=(("T1078.004", "Valid Accounts: Cloud Accounts"),),
    nist=("AC-2(3)", "IR-4"),
    csf=("PR.AA-01", "RS.MI-01"),
    freshness=Freshness(
        None,
        "the later revocation took; what undoes it has a row of its own",
    ),
    needs=frozenset({"credentials.failed_ends"}),
    remediation=(
        "Revoke it in a form that the provider serves. What cannot be revoked (a batch token) ends with "
        "its expiry or its source: cut that, and watch the residual."
    ),
)


MASKED = re.compile(r"/hmac-(?!sha256:)")
"""In the key of a credential that the log showed in clear: it was masked at ingest, and no other record knows
it by this name. A server's own HMAC would be known by its other records, if the credential lived."""


class Failed(NamedTuple):
    """A revocation that did not take, and when a kill that did reached the credential: the next one, or one
    before that still held (µs, 0: none)."""

    turn: Turn
    took: int

    def unheeded(self, use: Evidence, granted: Thresholds) -> bool:
        """Says whether it is a use after the failure and before the kill."""
        since = self.turn.time + skew_of(self.turn, use, granted)
        return since < use.time and (not self.took or use.time < self.took)


CROWD = 5
"""Findings of one identity, from revocations that one actor tried within an hour, that stand for themselves.
More are one story, and sixty alarms would bury what else there is."""

HOUR = micros(timedelta(hours=1))
SHOWN = 10
"""Credentials of a crowd that its reason names, and of which its evidence shows a use."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each credential whose ending was refused; beyond a crowd of one actor and hour,
    one that stands for all of them."""
    crowds: dict[tuple[str, int], list[Verdict]] = {}
    for name, credential in view.credentials.items():
        if name and credential.failed_ends:
            verdict = _judged(view, clock, name, credential)
            tried = verdict.claim[0]
            crowds.setdefault((tried.actor, tried.time // HOUR if verdict.severity else -1), []).append(
                verdict
            )
    for (actor, hour), many in sorted(crowds.items()):
        if hour < 0 or len(many) <= CROWD:
            yield from many
        else:
            yield from (frozen.changed(v, severity=Severity.INFORMATIONAL) for v in many)
            yield _crowd(view, actor, hour, many)


def _crowd(view: View, actor: str, hour: int, many: list[Verdict]) -> Verdict:
    """One finding that counts and names what would be a crowd of them."""
    still = [v for v in many if v.value == "violated"]
    shown = sorted(still or many, key=lambda v: (v.claim[0], v.subject))
    who = spoken(actor) if actor else "nobody named"
    names = ", ".join(short(v.subject) for v in shown[:SHOWN])
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    first = min(v.claim[0] for v in many)
    return view.verdict(
        CONTROL,
        subject=f"{view.key} {actor} {iso(hour * HOUR)}",
        value="violated" if still else "proven",
        title=f"{named(view)}: {len(many)} revocations by {who} did not take",
        reason=f"within the hour from {iso(hour * HOUR)}; {len(still)} of them still work: {names}{more}",
        severity=Severity.MEDIUM,
        claim=tuple(v.claim[0] for v in shown[:SHOWN]),
        evidence=tuple(sorted(e for v in shown[:SHOWN] for e in v.evidence[:1])),
        episodes=(Episode(first.time, 0, "revocations that did not take"),),
        truncated=len(shown) > SHOWN,
    )


def _failed(view: View, name: str, credential: Credential) -> list[Failed]:
    """The first failure before each kill, and the first after the last of them."""
    periods = off_intervals(view.turns_of(name))
    first: dict[int, Failed] = {}
    for turn in credential.failed_ends:
        took = next((off.start for off in periods if off.start >= turn.time or off.holds(turn.time)), 0)
        first.setdefault(took, Failed(turn, took))
    return list(first.values())


def _judged(view: View, clock: Clock, name: str, credential: Credential) -> Verdict:
    failed = _failed(view, name, credential)
    standing = next((f for f in failed if not f.took), None)
    tried = (standing or failed[0]).turn
    own = {t.evidence.event for t in credential.failed_ends}
    uses = view.used(credential)
    used = tuple(
        e for e in uses if e.event not in own and any(f.unheeded(e, view.thresholds) for f in failed)
    )
    refused = tuple(e for e in proofs(credential) if e.time > tried.time)
    if used and standing:
        refused = over_since(view, clock, name, credential, used[-1].time)
    expires = credential.expiry[1]
    over = bool(not standing or refused or (expires and clock.past(expires)))
    unknown = bool(MASKED.search(name)) and not credential.uses and credential.issued is None
    value: Value = "proven" if over else "violated" if used or unknown else "assumed"
    if unknown:
        return _unknown(view, name, credential, value)
    seen = times(used, "use", thinned([credential]))
    reason = f"{tried.how} at {iso(tried.time)} did not take; {seen} since"
    reason += f"; residual until {iso(expires)}" if expires else ""
    end = expires if over and not refused else 0
    return view.verdict(
        CONTROL,
        subject=name,
        value=value,
        credential=name,
        title=(
            f"{named(view)}: the revocation of {called(view, name)} did not "
            f"take{', and it was used since' if used else ''}"
        ),
        reason=reason,
        severity=Severity.MEDIUM if used else None,
        claim=tuple(t.evidence for t in credential.failed_ends),
        evidence=used or refused,
        episodes=tuple(
            Episode(f.turn.time, f.took or end, f.turn.how)
            for f in failed
            if any(f.unheeded(e, view.thresholds) for e in used)
        ),
    )


def _unknown(view: View, name: str, credential: Credential, value: Value) -> Verdict:
    """The revocation named a credential that no other record knows by this name."""
    tried = credential.failed_ends[0]
    return view.verdict(
        CONTROL,
        subject=name,
        value=value,
        credential=name,
        title=(
            f"a revocation by {spoken(tried.evidence.actor) if tried.evidence.actor else 'nobody named'} did "
            f"not take: no other record knows {spoken(name)}"
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
