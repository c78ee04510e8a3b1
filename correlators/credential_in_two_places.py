"""One credential is used from two places at once.

Fires: authenticated uses from two networks within ten minutes that are not both approved; or, inside one
network or between any two addresses, A-B-A within five minutes: a copy alternates with the original, a move
does not come back. Medium; high where the credential may write identities.
Proves: nothing; seen only in approved places is assumed.
Evaded by: a copy used behind the same address, or long after the original stopped.
Benign: several egress addresses of one workload (declare its places); a provider's own services (they have no
place); IPv4 and IPv6 of one host (families are not compared).
Do: ask the owner which place is right, rotate the credential, and bind it to a place where the provider can.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.kernel.pins import sightings_of
from correlators.kernel.places import covers
from correlators.kernel.view import View
from correlators.kernel.wording import named, short, worst_of
from schemas.dossier import Credential
from schemas.evidence import Evidence, iso, micros, network_of
from schemas.verdict import Clock, Confidence, Control, Episode, Severity, Verdict

CONTROL = Control(
    name="credential_in_two_places",
    version="1",
    title="One credential in two places",
    owasp=("NHI9:2025", "NHI2:2025"),
    attack=(
        ("T1552.005", "Unsecured Credentials: Cloud Instance Metadata API"),
        ("T1550.001", "Use Alternate Authentication Material: Application Access Token"),
    ),
    nist=("AC-17", "SI-4"),
    csf=("PR.AA-03", "DE.CM-01", "DE.AE-02"),
    tenets=(4,),
    remediation=(
        "Ask the owner which place is right, rotate the credential, and bind it to its place where the "
        "provider can (source conditions, bound CIDRs)."
    ),
)

TWO_NETWORKS = micros(timedelta(minutes=10))
"""A workload that moves to another network takes longer than this to be used in the first one again."""

ALTERNATING = micros(timedelta(minutes=5))
"""A-B-A within this is two holders: failover does not go back and forth in minutes."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    for name, credential in view.credentials.items():
        if name and len(credential.places) > 0:
            verdict = _judged(view, name, credential)
            if verdict:
                yield verdict


def _judged(view: View, name: str, credential: Credential) -> Verdict | None:
    if len({e.place for _, s in sightings_of(credential) for e in s.kept}) < 2:
        return None
    uses = [e for e in view.uses(credential, "succeeded", "failed", "forbidden") if e.place]
    if len({e.place for e in uses}) < 2:
        return None
    shown = _two_networks(view, uses) or _alternating(view, uses)
    if not shown:
        return None
    writes = view.acted(credential, "identity_write", "succeeded")
    places = " and ".join(dict.fromkeys(e.place for e in shown))
    return Verdict(
        control=CONTROL.name,
        subject=name,
        value="violated",
        identity=view.key,
        owner=view.owner,
        credential=name,
        title=f"{named(view)}: credential {short(name)} is used from {places}",
        reason=f"between {iso(shown[0].time)} and {iso(shown[-1].time)}; {_approved(view)}",
        severity=Severity.HIGH if writes else Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        evidence=tuple(shown),
        episodes=(Episode(shown[0].time, 0, "first seen in two places"),),
        truncated=worst_of(credential),
    )


def _approved(view: View) -> str:
    declared = view.declaration.places if view.declaration else None
    return (
        "no places are declared for it" if declared is None else f"approved: {', '.join(declared) or 'none'}"
    )


def _two_networks(view: View, uses: list[Evidence]) -> list[Evidence]:
    """The first two uses from different networks of one family within the time, not both approved."""
    latest: dict[str, Evidence] = {}
    for use in uses:
        network = network_of(use.place)
        for other, seen in latest.items():
            near = use.time - seen.time <= TWO_NETWORKS and ((":" in other) == (":" in network))
            if other != network and near and not (allowed(view, seen) and allowed(view, use)):
                return [seen, use]
        latest[network] = use
    return []


def _alternating(view: View, uses: list[Evidence]) -> list[Evidence]:
    """The first A-B-A of addresses within the time, not all approved."""
    for i, last in enumerate(uses):
        back = [e for e in uses[:i] if last.time - e.time <= ALTERNATING]
        for j, middle in enumerate(back):
            if middle.place == last.place or ((":" in middle.place) != (":" in last.place)):
                continue
            first = next(
                (e for e in back[:j] if e.place == last.place and e.time < middle.time < last.time), None
            )
            if first and not all(allowed(view, e) for e in (first, middle, last)):
                return [first, middle, last]
    return []


def allowed(view: View, use: Evidence) -> bool:
    """Whether the place is declared for the identity: in a network, by name, or the same text."""
    declared = view.declaration.places if view.declaration else None
    return declared is not None and any(covers(place, use.place) for place in declared)
