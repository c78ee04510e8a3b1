"""A credential of a declared non-human identity is used by a person, or by two workloads.

Fires: only for identities that the inventory declares. A program that only people use (a browser, a console,
a desktop client) uses the credential, or a console sign-in does; or two consumers (network and client
product) use it that differ in both, take turns for at least an hour, and were each seen three times or more.
Low.
Proves: for a week and more, one consumer and none of these programs.
Evaded by: a client with another name. A user agent is what its sender says, so confidence is low.
Benign: break-glass under an approval; both places declared for the identity; copies that alternate within
minutes (``credential_in_two_places`` judges these).
Do: give the person, or the second workload, an identity of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations

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
    iso,
    micros,
    named,
    network_of,
    sighted,
)
from correlators.kernel.views.inventoried import approvals, current, declared, uncovered
from correlators.kernel.views.places import holds
from schemas.providers import DRIVEN, SIGN_INS, is_trust

CONTROL = Control(
    name="used_by_human_or_shared",
    version="1",
    title="Non-human credential used by a person or shared",
    owasp=("NHI8:2025", "NHI9:2025", "NHI10:2025"),
    attack=(("T1078.004", "Valid Accounts: Cloud Accounts"),),
    nist=("IA-9", "AC-2(9)"),
    csf=("PR.AA-02", "DE.CM-03"),
    tenets=(7,),
    freshness=Freshness(
        timedelta(days=30),
        "who uses a credential changes with people; monthly jobs have run once by then",
    ),
    needs=frozenset({"stated"}),
    remediation="Give the person, or the second workload, an identity of its own, and rotate this "
    "credential.",
)

ANYWHERE = re.compile(r"Mozilla/|Opera/|PostmanRuntime/|insomnia/", re.IGNORECASE)
"""Clients that a person drives, of no provider. Command lines are not among them: scripts use them too."""

SEEN_MIN = 3
"""Uses of a consumer before it counts as one: a single call may be anybody's test."""

TURNS_MIN = micros(timedelta(hours=1))
"""For less than this, two consumers may be one workload that is being moved."""

Who = tuple[str, str]


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each credential of a declared identity that persons or several workloads use, or
    that one alone does."""
    record = declared(view)
    if record is None:
        return
    for name, credential in view.credentials.items():
        if is_trust(name):
            continue
        opened = {e.event for e in view.acted(credential, "link", "succeeded", "failed", "forbidden")}
        uses = view.used(credential)
        every = current(view, tuple(e for e in uses if e.event not in opened))
        uses = uncovered(view, every, approvals(view))
        if uses:
            verdict = _judged(view, name, credential, record, uses)
            if verdict:
                yield verdict


def _judged(
    view: View, name: str, credential: Credential, record: Evidence, uses: tuple[Evidence, ...]
) -> Verdict | None:
    by_hand = tuple(
        e for e in uses if ANYWHERE.match(e.client) or DRIVEN.match(e.client) or e.operation in SIGN_INS
    )
    if by_hand:
        sure = any(e.operation in SIGN_INS for e in by_hand)
        reason = f"{by_hand[0].operation} by {by_hand[0].client or 'a sign-in'} at {iso(by_hand[0].time)}"
        return _verdict(view, name, credential, record, by_hand, "is used by a person", reason, sure)
    shared = _shared(view, uses)
    if shared:
        one, two = (_shown(e) for e in shared[:2])
        reason = (
            f"{one} and {two} take turns with it between {iso(shared[0].time)} and {iso(shared[-1].time)}"
        )
        return _verdict(view, name, credential, record, shared, "is shared by two workloads", reason, False)
    habit = uses[-1].time - uses[0].time >= view.thresholds.habit
    if not habit or len({_who(e) for e in uses}) > 1:
        return None
    return view.verdict(
        CONTROL,
        subject=_subject(view, name),
        value="proven",
        credential=name,
        title=f"{named(view)}: one workload uses {called(view, name) if name else 'it'}",
        reason=f"only {_shown(uses[0])}, from {iso(uses[0].time)} to {iso(uses[-1].time)}",
        claim=(record,),
        evidence=(uses[0], uses[-1]),
    )


def _subject(view: View, name: str) -> str:
    return name or view.key


def _who(use: Evidence) -> Who:
    return network_of(use.place), use.client.partition("/")[0].partition(" ")[0]


def _shown(use: Evidence) -> str:
    network, product = _who(use)
    return f"{product or 'a client'} in {network or 'an unknown place'}"


def _shared(view: View, uses: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The first use of each of two consumers that take turns, and the last of all; empty where none do."""
    by: dict[Who, list[Evidence]] = {}
    for use in uses:
        if use.place and use.client:
            by.setdefault(_who(use), []).append(use)
    for one, two in combinations(sorted(by), 2):
        a, b = by[one], by[two]
        if one[0] == two[0] or one[1] == two[1] or min(len(a), len(b)) < SEEN_MIN:
            continue
        if _take_turns(a, b) and not _at_once(view, a, b) and not _allowed(view, a[0], b[0]):
            first = sorted((a[0], b[0]))
            return (*first, max(a[-1], b[-1]))
    return ()


def _take_turns(a: list[Evidence], b: list[Evidence]) -> bool:
    """Each was seen before and after the other, over an hour at least."""
    return min(a[-1].time, b[-1].time) - max(a[0].time, b[0].time) >= TURNS_MIN


def _at_once(view: View, a: list[Evidence], b: list[Evidence]) -> bool:
    """Copies of one credential: ``credential_in_two_places`` tells those."""
    return any(abs(x.time - y.time) <= view.thresholds.two_networks for x in a for y in b)


def _allowed(view: View, *uses: Evidence) -> bool:
    places = view.declaration.places if view.declaration else None
    return places is not None and all(any(holds(place, e) for place in places) for e in uses)


def _verdict(
    view: View, name: str, credential: Credential, record: Evidence, evidence: tuple[Evidence, ...],
    what: str, reason: str, sure: bool,
) -> Verdict:  # fmt: skip
    return view.verdict(
        CONTROL,
        subject=_subject(view, name),
        value="violated",
        credential=name,
        title=f"{named(view)}: {called(view, name) if name else 'it'} {what}",
        reason=reason,
        severity=Severity.LOW,
        confidence=Confidence.MEDIUM if sure else Confidence.LOW,
        claim=(record,),
        evidence=sighted([evidence]),
        episodes=(Episode(evidence[0].time, 0, what),),
    )
