"""An identity reads a secret from a network where it is not expected.

Fires: a secret is read, with success, from a place that no declared place of the identity covers, since the
record that declares them was there. Low. An identity without declared places has networks of its own if it
has read secrets for a week or more from at most three public networks. It fires (low confidence) where such
an identity reads a secret from another public network, with a credential that was never there before, and
goes on reading from one of its own.
Proves: with declared places, every read came from one of them. Unverifiable where a place is declared by a
name that records do not show, or by autonomous system, and the record of a read does not name its own.
Evaded by: reading from within an approved network; a store whose records hide the address.
Benign: calls of the provider's own services (their address is no place); balancers in front of a store (known
by who else came from them); a network that moves (the old one is not used any more); a place that is declared
later (it withdraws the finding); an approved emergency; jobs that run anywhere and always did.
Do: ask the owner which network it is; declare it, or rotate what was read and the credential that read it,
and bind the credential to its networks where the store can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Event,
    Evidence,
    Freshness,
    Severity,
    Verdict,
    View,
    frozen,
    iso,
    named,
    network_of,
    worst_of,
)
from correlators.kernel.views.approved_places import is_approved, is_unsaid, stated_places, unknown_places
from correlators.kernel.views.fronts import fronts_of
from correlators.kernel.views.inventoried import BREAK_GLASS, approvals, ours, uncovered
from correlators.kernel.views.places import inside
from schemas.addresses import system_of
from schemas.declaration import Declaration
from schemas.evidence import gate_of
from schemas.fact import standing

CONTROL = Control(
    name="secret_store_from_unexpected_network",
    version="1",
    title="Secret read from an unexpected network",
    owasp=("NHI2:2025", "NHI8:2025"),
    attack=(("T1555.006", "Credentials from Password Stores: Cloud Secrets Management Stores"),),
    nist=("SC-7", "AC-17"),
    csf=("PR.AA-05", "PR.IR-01"),
    bound=True,
    freshness=Freshness(
        timedelta(days=30),
        "it speaks of the reads that were seen; monthly jobs have read once by then",
    ),
    needs=frozenset({"secret reads"}),
    remediation=(
        "Ask the owner which network it is. Declare it, or rotate the credential and what it read, and bind "
        "the credential to its networks where the store can."
    ),
)

READ = "secret_read"

NETWORKS = 3
"""Who reads from more public networks than this runs anywhere: another one is no departure."""

SHOWN = 24
"""Places of which a finding shows the first read."""


class Read(NamedTuple):
    """Reads of secrets with one credential from one place, as far as they are kept, in order."""

    seen: tuple[Evidence, ...]

    @property
    def first(self) -> Evidence:
        """The first that is kept."""
        return self.seen[0]

    @property
    def last(self) -> int:
        """When the last was (µs)."""
        return self.seen[-1].time

    def those(self, which: Callable[[Evidence], bool]) -> Read | None:
        """Returns those of it; None where none is."""
        some = tuple(filter(which, self.seen))
        return Read(some) if some else None


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for an identity that read secrets, where its places are declared or it left its
    habit."""
    reads = list(_reads(view))
    if not reads:
        return
    stated = stated_places(view)
    if stated:
        yield _declared(view, reads, stated)
    elif ours(view):
        strange = _strange(view, reads)
        if strange:
            own = ", ".join(sorted({network_of(r.first.place) for r in reads if r not in strange})[:NETWORKS])
            yield _verdict(view, strange, (), f"until then it read from {own} alone", Confidence.LOW)


def _reads(view: View) -> Iterator[Read]:
    for name, credential in view.credentials.items():
        if credential.person:
            continue
        fronts = fronts_of(view, name, roaming=False) if name else frozenset()
        seen: dict[str, dict[Event, Evidence]] = {}
        for e in view.acted(credential, READ, "succeeded"):
            if e.place:
                seen.setdefault(standing(e.place), {})[e.event] = e
        # Of a place the first read is kept, too, whatever came of it: it counts where none was refused.
        whole = not any(key.endswith(READ) and not key.startswith("succeeded") for key in credential.uses)
        for key, stay in credential.stays.items() if whole else ():
            grave, place = stay.grave.get(READ), key.partition("\t")[2]
            if grave is not None:
                bare = frozen.changed(grave, place=place, actor=view.key, credential=name)
                seen.setdefault(place, {}).setdefault(grave.event, bare)
        for place, events in seen.items():
            if place not in fronts:
                yield Read(tuple(sorted(events.values())))


def _declared(view: View, reads: list[Read], stated: list[Declaration]) -> Verdict:
    since = stated[0].recorded
    held = [late for r in reads if (late := r.those(lambda e: e.time >= since))]
    emergencies = [a for a in approvals(view) if a.grant in BREAK_GLASS]
    outside = [
        bad
        for r in held
        if (bad := r.those(lambda e: not is_approved(stated, e) and bool(uncovered(view, [e], emergencies))))
    ]
    claims = (_record(stated[-1]),)
    unknown = unknown_places(stated)
    unsaid = [bad for r in outside if (bad := r.those(lambda e: is_unsaid(stated, e)))]
    outside = [bad for r in outside if (bad := r.those(lambda e: not is_unsaid(stated, e)))]
    if outside and unknown:
        return view.verdict(
            CONTROL,
            subject=view.key,
            value="unverifiable",
            title=f"{named(view)}: where it reads secrets is declared by names",
            reason=f"{', '.join(unknown)} cannot be held against an address: declare networks or endpoints",
            claim=claims,
            evidence=tuple(sorted(r.first for r in outside))[:SHOWN],
        )
    if outside:
        places = ", ".join(stated[-1].places or ()) or "none"
        return _verdict(view, outside, claims, f"approved: {places}", Confidence.HIGH)
    if unsaid:
        systems = ", ".join(place for place in stated[-1].places or () if system_of(place))
        return view.verdict(
            CONTROL,
            subject=view.key,
            value="unverifiable",
            title=f"{named(view)}: where it reads secrets is declared by autonomous system",
            reason=f"{systems or 'the approved one'} cannot be verified: the records of its reads from "
            f"{', '.join(sorted({r.first.place for r in unsaid})[:NETWORKS])} do not name theirs",
            claim=claims,
            evidence=tuple(sorted(r.first for r in unsaid))[:SHOWN],
        )
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="proven" if held else "assumed",
        title=f"{named(view)} reads secrets from its own networks",
        reason="every read since its places were declared came from one of them"
        if held
        else "no read since its places were declared",
        claim=claims,
        # Also the last of each place: a release asks for what was proven since.
        evidence=tuple(sorted({e for r in held for e in (r.first, r.seen[-1])}))[-SHOWN:],
    )


def _strange(view: View, reads: list[Read]) -> list[Read]:
    """Reads that leave the habit of one without declared places."""
    public = [r for r in reads if r.first.place and not inside(r.first.place) and not gate_of(r.first.place)]
    start = min((r.first.time for r in public), default=0)
    early = [r for r in public if r.first.time < start + view.thresholds.habit]
    networks = {network_of(r.first.place) for r in early}
    if not networks or len(networks) > NETWORKS:
        return []
    late = [r for r in public if r not in early and network_of(r.first.place) not in networks]
    if len({network_of(r.first.place) for r in late}) > NETWORKS:
        return []
    known = {r.first.credential for r in early}
    own = [r for r in public if network_of(r.first.place) in networks]
    return [
        r
        for r in late
        if r.first.credential not in known and any(o.last > r.first.time and _alike(o, r) for o in own)
    ]


def _alike(one: Read, other: Read) -> bool:
    """Whether two places are told by one service and are addresses of one family."""
    return one.first.origin == other.first.origin and (":" in one.first.place) == (":" in other.first.place)


def _record(declaration: Declaration) -> Evidence:
    return Evidence(
        declaration.recorded, declaration.uid, declaration.source, operation="declared places",
        arrived=declaration.arrived,
    )  # fmt: skip


def _verdict(
    view: View, outside: list[Read], claims: tuple[Evidence, ...], why: str, confidence: Confidence
) -> Verdict:
    shown = tuple(sorted(r.first for r in outside)[:SHOWN])
    places = sorted({r.first.place for r in outside})
    more = f" and {len(places) - NETWORKS} more" if len(places) > NETWORKS else ""
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="violated",
        title=f"{named(view)} reads secrets from {', '.join(places[:NETWORKS])}{more}",
        reason=f"first {shown[0].operation} there at {iso(shown[0].time)}; {why}",
        severity=Severity.LOW,
        confidence=confidence,
        credential=shown[0].credential,
        claim=claims,
        evidence=shown,
        episodes=(Episode(shown[0].time, 0, "unexpected network"),),
        truncated=any(worst_of(c) for c in view.credentials.values()),
        next_step="ask the owner which network this is",
    )
