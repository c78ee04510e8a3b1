"""One credential is used from two places at once.

Fires: authenticated uses of one credential, or of several that one machine's role session was given, from two
networks within ten minutes that are not both approved; or, inside one network or between any two addresses,
A-B-A within five minutes: a copy alternates with the original, a move does not come back. Medium; high where
the credential may write identities.
Proves: nothing; seen only in approved places is assumed.
Evaded by: a copy used behind the same address, or long after the original stopped.
Benign: several egress addresses of one workload (declare its places); a provider's own services (they have no
place); IPv4 and IPv6 of one host (families are not compared); an address inside a site in one source's
records and outside it in another's (not compared either).
Do: ask the owner which place is right, rotate the credential, and bind it to a place where the provider can.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.kernel.knowledge.pins import sightings_of
from correlators.kernel.views.places import comparable, covers
from correlators.kernel.views.view import View, sighted
from correlators.kernel.views.wording import named, short, worst_of
from schemas.dossier import Credential
from schemas.evidence import Evidence, iso, network_of
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


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    by_machine: dict[str, list[Credential]] = {}
    told: set[str] = set()
    for name, credential in view.credentials.items():
        if not name or not credential.places:
            continue
        verdict = _judged(view, name, name, [credential])
        if verdict:
            yield verdict
            told.add(credential.machine)
        if credential.machine:
            by_machine.setdefault(credential.machine, []).append(credential)
    for machine, siblings in by_machine.items():
        if len(siblings) > 1 and machine not in told:
            verdict = _judged(view, f"{view.key} on {machine}", "", siblings)
            if verdict:
                yield verdict


def _judged(view: View, subject: str, name: str, credentials: list[Credential]) -> Verdict | None:
    """Of one credential, or (``name`` "") of the several that one machine was given."""
    if len({e.place for c in credentials for _, s in sightings_of(c) for e in s.kept}) < 2:
        return None
    every = sighted(view.uses(c, "succeeded", "failed", "forbidden") for c in credentials)
    uses = [e for e in every if e.place]
    if len({e.place for e in uses}) < 2:
        return None
    shown = _two_networks(view, uses) or _alternating(view, uses)
    if not shown:
        return None
    writes = any(view.acted(c, "identity_write", "succeeded") for c in credentials)
    what = (
        f"credential {short(name)} is" if name else f"keys of one session ({subject.rpartition(' ')[2]}) are"
    )
    places = " and ".join(dict.fromkeys(e.place for e in shown))
    return Verdict(
        control=CONTROL.name,
        subject=subject,
        value="violated",
        identity=view.key,
        owner=view.owner,
        credential=name or shown[-1].credential,
        title=f"{named(view)}: {what} used from {places}",
        reason=f"between {iso(shown[0].time)} and {iso(shown[-1].time)}; {_approved(view)}",
        severity=Severity.HIGH if writes else Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        evidence=tuple(shown),
        episodes=(Episode(shown[0].time, 0, "first seen in two places"),),
        truncated=any(worst_of(c) for c in credentials),
    )


def _approved(view: View) -> str:
    declared = view.declaration.places if view.declaration else None
    return (
        "no places are declared for it" if declared is None else f"approved: {', '.join(declared) or 'none'}"
    )


def _two_networks(view: View, uses: list[Evidence]) -> list[Evidence]:
    """The first two uses from different networks within the time, not both approved."""
    latest: dict[tuple[str, str], Evidence] = {}
    for use in uses:
        network = network_of(use.place)
        for (other, _), seen in latest.items():
            near = use.time - seen.time <= view.thresholds.two_networks
            apart = other != network and near and comparable(seen, use)
            if apart and not (allowed(view, seen) and allowed(view, use)):
                return [seen, use]
        latest[network, use.source] = use
    return []


def _alternating(view: View, uses: list[Evidence]) -> list[Evidence]:
    """The first A-B-A of addresses within the time, not all approved."""
    for i, last in enumerate(uses):
        back = [e for e in uses[:i] if last.time - e.time <= view.thresholds.alternating]
        for j, middle in enumerate(back):
            if middle.place == last.place or not comparable(middle, last):
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
