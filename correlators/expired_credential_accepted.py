"""A credential is accepted after it expired.

Fires: an authenticated use after the latest stated expiry and the provider's leeway. High; low for
Kubernetes' extended (stale) tokens, of which the API server itself says that they are stale: one finding per
account and day. Renewals move the expiry, whenever they are learned.
Proves: a try refused after the expiry, of a credential known by its id; where no record says how it
ended, one refused as unknown, of a credential that had worked.
Evaded by: sources that do not say when a credential expires.
Benign: clocks that differ by less than the leeway.
Do: end the credential, and find out why the provider went on accepting it.
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
    Severity,
    Verdict,
    View,
    called,
    deaths_of,
    iso,
    named,
    proofs,
    sighted,
    thinned,
    times,
    traits_of,
    worst_of,
)
from correlators.kernel.views.ends import leeway_of
from correlators.kernel.views.refusals import lapsed

CONTROL = Control(
    name="expired_credential_accepted",
    version="1",
    title="Expired credential accepted",
    owasp=("NHI4:2025", "NHI7:2025"),
    attack=(("T1550.001", "Use Alternate Authentication Material: Application Access Token"),),
    nist=("IA-5", "IA-11"),
    csf=("PR.AA-01", "PR.AA-03"),
    freshness=Freshness(
        timedelta(days=90),
        "an expired credential comes back only by a renewal, of which the log tells; quarterly "
        "jobs have run once",
    ),
    needs=frozenset({"expiry", "refused"}),
    remediation=(
        "End the credential where it still works, and find out why the provider accepts it beyond its "
        "expiry (clock, cache, extended tokens)."
    ),
)


class Past(NamedTuple):
    """A credential with what was done with it after its expiry: uses, refused tries."""

    name: str
    credential: Credential
    used: tuple[Evidence, ...]
    refused: tuple[Evidence, ...]

    @property
    def claim(self) -> Evidence | None:
        """The record that this verdict rests on: the issue of the credential, else its first mention; None
        where there is neither."""
        return self.credential.issued or self.credential.known

    @property
    def over(self) -> bool:
        """Whether it is refused now."""
        return not self.used or bool(self.refused and self.refused[-1].time > self.used[-1].time)


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each credential whose stated expiry is past; the stale tokens of one account and
    day share one."""
    stale: dict[str, list[Past]] = {}
    for name, credential in view.credentials.items():
        past = _past(view, name, credential)
        if past is None:
            yield from _unsaid(view, clock, name, credential)
            continue
        if past.used and traits_of(credential.kind).extended:
            for use in past.used:
                stale.setdefault(iso(use.time)[:10], []).append(past._replace(used=(use,)))
        else:
            yield _judged(view, past)
    for day, many in sorted(stale.items()):
        yield _stale(view, day, many)


def _elsewhere(name: str, kind: str) -> bool:
    """Leases end in systems with logs of their own; a wrapping token is judged as a one-time credential."""
    return traits_of(kind).once or bool(traits_of(kind).unseen)


def _unsaid(view: View, clock: Clock, name: str, credential: Credential) -> Iterator[Verdict]:
    """It had worked, and is unknown since: what the record of its issue would say, refusals prove."""
    off = lapsed(view, clock, name, credential) if name and not _elsewhere(name, credential.kind) else None
    if off is None:
        return
    refused = tuple(e for e in proofs(credential) if off.holds(e.time))
    if any(death.holds(refused[0].time) for death in deaths_of(view, name, credential)):
        return
    yield view.verdict(
        CONTROL,
        subject=name,
        value="proven",
        credential=name,
        title=f"{named(view)}: {called(view, name)} has ended, although no record says how",
        reason=f"it worked at {iso(off.start)}, and was refused at {iso(refused[0].time)} "
        f"({times(refused, 'refused try', thinned([credential]))}): its end lies between",
        confidence=Confidence.HIGH,
        claim=(off.turn.evidence,),
        evidence=refused,
    )


def _past(view: View, name: str, credential: Credential) -> Past | None:
    expires = credential.expiry[1]
    if not expires or _elsewhere(name, credential.kind):
        return None
    dead = expires + leeway_of(name, view.thresholds)
    used = tuple(e for e in view.used(credential) if e.time > dead)
    refused = tuple(e for e in view.refused(credential) if e.time > expires)
    return Past(name, credential, used, refused) if used or refused else None


def _stale(view: View, day: str, many: list[Past]) -> Verdict:
    """One row per account and day, however many stale tokens its pods hold."""
    used = sighted(past.used for past in many)
    tokens = {past.name: past for past in many}
    first = min(past.credential.expiry[1] for past in many)
    which = called(view, many[0].name) if len(tokens) == 1 else f"{len(tokens)} tokens"
    gone = thinned(past.credential for past in many)
    return view.verdict(
        CONTROL,
        subject=f"{view.key} on {day}",
        value="proven" if all(past.over for past in many) else "violated",
        credential=used[-1].credential,
        title=f"{named(view)}: {which} accepted after expiry on {day}",
        reason=f"expired at {iso(first)}; {times(used, 'authenticated use', gone)} on that day, last at "
        f"{iso(used[-1].time)}",
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        claim=sighted((past.claim,) for past in tokens.values() if past.claim),
        evidence=used,
        episodes=(Episode(first, 0, "expiry"),),
        truncated=any(worst_of(past.credential) for past in many),
    )


def _judged(view: View, past: Past) -> Verdict:
    name, credential, used, refused = past
    expires = credential.expiry[1]
    what = "authenticated use" if used else "refused try"
    seen = times(used or refused, what, thinned([credential]))
    return view.verdict(
        CONTROL,
        subject=name,
        value="proven" if past.over else "violated",
        credential=name,
        title=(
            f"{named(view)}: {called(view, name)} was {'accepted' if used else 'refused'} after its expiry"
        ),
        reason=f"expired at {iso(expires)}; {seen} after that, last at {iso((used or refused)[-1].time)}",
        severity=Severity.HIGH if used else None,
        confidence=Confidence.HIGH,
        claim=(past.claim,) if past.claim else (),
        evidence=used or refused,
        episodes=(Episode(expires, 0, "expiry"),) if used else (),
    )
