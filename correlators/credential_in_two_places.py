"""One credential is used from two places at once.

Fires: authenticated uses of one credential, or of several that one machine's role session was given, from a
place that is not its own. Its own are those that are declared; else those that it had from its first hours on
and kept for days, and those that a record gives to it; until there are any, the first. Medium while the new
place is used beside others (their times overlap, or two networks follow within ten minutes), high where the
credential writes identities; low for a credential that never had a place for long (jobs on hosted runners),
unless it does there what it did nowhere else. What is new stays new however long it is used, and whether or
not the first place falls silent.
Proves: nothing; seen only in approved places is assumed.
Evaded by: a copy used behind the same address, from the credential's first hours on for days, or only after
the original stopped.
Benign: several egress addresses of one workload (in its first days; declare its places); a provider's own
services (they have no place); IPv4 and IPv6 of one host; an address inside a site in one source's records and
outside it in another's, or behind an endpoint for one service and a NAT gateway for others; links that were
signed once and are opened by others; trusts, which nobody holds; people.
Do: ask the owner which place is right, rotate the credential, and bind it to a place where the provider can.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Credential,
    Episode,
    Evidence,
    Severity,
    Verdict,
    View,
    called,
    frozen,
    iso,
    named,
    worst_of,
)
from correlators.kernel.knowledge.join import STAYS_MAX
from correlators.kernel.knowledge.join import stays as joined
from correlators.kernel.views.approved_places import is_approved, is_unsaid, stated_places
from correlators.kernel.views.fronts import fronts_of
from correlators.kernel.views.inherited import inherited, life_of, places_of_sessions, shared_sessions
from correlators.kernel.views.places import (
    Here,
    beside,
    comparable,
    heres,
    roams,
    sorted_out,
)
from schemas.addresses import system_of
from schemas.dossier import Stay
from schemas.fact import given_key
from schemas.providers import BY_WORD, installation_of, is_trust, machine_key, word_of

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
    needs=frozenset({"places"}),
    remediation=(
        "Ask the owner which place is right, rotate the credential, and bind it to its place where the "
        "provider can (source conditions, bound CIDRs)."
    ),
)


SHOWN_MAX = 24
"""New places that are shown with their evidence: those where something grave was done, then the first."""

SESSIONS = "sessions"
"""In the subject, of all sessions of an identity whose holders' addresses change."""

NAMED_MAX = 3
"""Of these, how many the title names."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each credential that was seen in more than one place, and one for a machine's
    sessions together where none of them alone says it."""
    machines: dict[str, dict[str, Stay]] = {}
    held: Held = []
    for name, credential in view.credentials.items():
        if not name or not credential.stays or credential.person or is_trust(name):
            continue
        held.append((name, credential))
        if credential.machine:
            machines[credential.machine] = joined(machines.get(credential.machine, {}), credential.stays)
    judged: set[str] = set()
    usual = places_of_sessions(credential for _, credential in held)
    shared, others = _shared(view, held)
    if shared:
        verdict = _judged(view, f"{view.key} {SESSIONS}", shared, _history(shared), usual)
        if verdict:
            yield verdict
    for name, credential in others:
        history = machines.get(credential.machine, credential.stays)
        verdict = _judged(view, name, [(name, credential)], history, usual) if len(history) > 1 else None
        if verdict:
            yield verdict
            judged.add(credential.machine)
    for machine, history in machines.items():
        siblings = [(name, c) for name, c in held if c.machine == machine]
        if len(siblings) > 1 and len(history) > 1 and machine not in judged:
            verdict = _judged(view, f"{view.key} on {machine}", siblings, history, usual)
            if verdict:
                yield verdict


Held = list[tuple[str, Credential]]
"""Credentials by name."""


def _shared(view: View, held: Held) -> tuple[Held, Held]:
    """The sessions that are shared by holders whose addresses change, which are one finding, and all other
    credentials: a session by which somebody did somewhere what nobody did elsewhere is none of the crowd."""
    shared = {} if _declared(view) else shared_sessions(held)
    every = heres(_history(list(shared.items())))
    for name, credential in list(shared.items()):
        if any(_departure(here, every) > Severity.LOW for here in heres(credential.stays)):
            del shared[name]
    return [one for one in held if one[0] in shared], [one for one in held if one[0] not in shared]


def _history(held: Held) -> dict[str, Stay]:
    history: dict[str, Stay] = {}
    for _, credential in held:
        history = joined(history, credential.stays)
    return history


def _judged(
    view: View,
    subject: str,
    held: Held,
    history: dict[str, Stay],
    usual: frozenset[tuple[str, str]],
) -> Verdict | None:
    """Of one credential, or of the several that one machine was given. ``usual``: places of the identity's
    sessions."""
    mine = _history(held)
    if len(mine) < 2:
        return None
    every = _native(view, heres(history))
    life = life_of(held[0][1]) if len(held) == 1 else 0
    left: frozenset[tuple[str, str]] = frozenset()
    if not _declared(view):
        names = [name for name, _ in held]
        left = inherited(view, names, every, life, usual, lambda many: _native(view, many))
    own, new = sorted_out(
        _native(view, heres(mine)),
        every,
        lambda h: _given(view, h) or (h.source, h.place) in left,
        _declared(view),
        life,
    )
    excused = tuple(_excused(view, held[0], (*own, *new), new))
    own, new = (*own, *excused), tuple(here for here in new if here not in excused)
    others = (*own, *new)
    gap = view.thresholds.two_networks
    new = tuple(h for h in new if any(o is not h and beside(o, h, gap) for o in others))
    if not new:
        return None
    shown = sorted(new, key=lambda h: (not h.stay.grave, *h.begins))[:SHOWN_MAX]
    writes = any(view.wrote(c) for _, c in held)
    severity = _severity(view, subject, every, list(new), writes)
    return _verdict(view, subject, held, own, shown, len(new), severity)


def _severity(view: View, subject: str, every: list[Here], new: list[Here], writes: bool) -> Severity:
    if all(_is_hearsay(view, here, every) for here in new):
        return Severity.LOW
    if not _declared(view) and (roams(every) or subject.endswith(SESSIONS)):
        return max(_departure(here, every) for here in new)
    return Severity.HIGH if writes else Severity.MEDIUM


def _departure(here: Here, every: list[Here]) -> Severity:
    """What a credential without places did here and nowhere else."""
    only = {
        action
        for action in here.stay.grave
        if not any(action in other.stay.grave for other in every if other.place != here.place)
    }
    if "identity_write" in only:
        return Severity.HIGH
    return Severity.MEDIUM if only else Severity.LOW


def _is_hearsay(view: View, here: Here, every: list[Here]) -> bool:
    """By the word of a source that is not the provider's own, while that is read and shows nothing of it."""
    sources = _sources(view, here)
    return bool(sources) and here.source not in sources and any(h.source in sources for h in every)


def _native(view: View, many: list[Here]) -> list[Here]:
    """The provider's own telling first: another's never makes a place the first."""
    return sorted(many, key=lambda h: _is_hearsay(view, h, many))


def _sources(view: View, here: Here) -> tuple[str, ...]:
    page = BY_WORD.get(word_of(view.key))
    return page.sources if page else ()


def _verdict(
    view: View, subject: str, held: Held, own: tuple[Here, ...], shown: list[Here],
    count: int, severity: Severity,
) -> Verdict:  # fmt: skip
    single = len(held) == 1
    keys = f"{called(view, subject)} is"
    what = keys if single else f"keys of one session ({subject.rpartition(' ')[2]}) are"
    if subject.endswith(SESSIONS):
        what = "sessions of holders whose addresses change are"
    seen = sorted({e for here in shown for e in _seen(view, here, held)})
    near = _beside(own, shown[0]) if own else None
    evidence = tuple(sorted({*seen, *(_seen(view, near, held)[:1] if near else ())}))
    names = ", ".join(here.place for here in shown[:NAMED_MAX])
    names += f" and {count - NAMED_MAX} more" if count > NAMED_MAX else ""
    return view.verdict(
        CONTROL,
        subject=subject,
        value="violated",
        credential=subject if single else seen[-1].credential,
        title=f"{named(view)}: {what} used from {names}" + (f", beside {near.place}" if near else ""),
        reason=f"new there since {iso(seen[0].time)}, last {iso(max(h.stay.last.time for h in shown))}; "
        + _approved(view),
        severity=severity,
        confidence=Confidence.MEDIUM,
        evidence=evidence,
        episodes=(Episode(seen[0].time, 0, "first seen in two places"),),
        truncated=any(worst_of(c) or len(c.stays) >= STAYS_MAX for _, c in held),
    )


def _beside(own: tuple[Here, ...], new: Here) -> Here:
    """Of its own places the one that can be compared, used nearest to the first use of the new one."""
    time = new.stay.first.time

    def far(here: Here) -> tuple[bool, int, int, str, str]:
        away = max(here.stay.first.time - time, time - here.stay.last.time, 0)
        return not comparable(here, new), away, *here.begins, here.place

    return min(own, key=far)


def _seen(view: View, here: Here, held: Held) -> list[Evidence]:
    """The first use at a place, and what is grave there."""
    key = f"{here.source}\t{here.place}"
    whose = next((name for name, c in held if key in c.stays), held[0][0])
    bare = (here.stay.first, *here.stay.grave.values())
    return [frozen.changed(e, actor=view.key, credential=whose, place=here.place) for e in bare]


def _declared(view: View) -> bool:
    """Whether records say of all its places if they are its own. One that is declared by autonomous system
    leaves it to habit where a record does not name its own."""
    if view.declaration is None or view.declaration.places is None:
        return False
    stated = stated_places(view)
    if not any(system_of(place) for record in stated for place in record.places or ()):
        return True
    return not any(
        is_unsaid(stated, last) and not is_approved(stated, last)
        for credential in view.credentials.values()
        for last in map(_last, heres(credential.stays))
    )


def _last(here: Here) -> Evidence:
    return frozen.changed(here.stay.last, place=here.place)


def _excused(
    view: View, held: tuple[str, Credential], every: tuple[Here, ...], new: tuple[Here, ...]
) -> Iterator[Here]:
    """Of the new places those that stand for others, and those that a record gives."""
    name, credential = held
    fronts = fronts_of(view, name, roaming=True)
    for here in new:
        if here.place in fronts or (view.dossier.lent and _given_to(view, credential.machine, here, every)):
            yield here


def _given_to(view: View, machine: str, here: Here, many: tuple[Here, ...]) -> bool:
    return bool(machine) and (_lent(view, machine, here, many) or _started(view, machine, here, many))


def _started(view: View, machine: str, here: Here, many: tuple[Here, ...]) -> bool:
    """Whether the machine was started before it came from here, and this alone is where it comes from since,
    until it is started again: nothing comes from an address before."""
    skew = view.thresholds.skew
    given = given_key(machine_key(installation_of(view.key), machine), "")
    starts = sorted(t.time for t in view.dossier.lent.get(given, ()))
    since = max((time for time in starts if time <= here.stay.first.time + skew), default=0)
    until = min((time for time in starts if time > since), default=0)
    if not since or (until and here.stay.last.time > until + skew):
        return False
    return not any(
        other.stay.last.time > since + skew and not (until and other.stay.first.time >= until - skew)
        for other in many
        if other is not here and comparable(other, here)
    )


def _lent(view: View, machine: str, here: Here, many: tuple[Here, ...]) -> bool:
    """Whether a record gives this address to the machine all the time that it is used, in place of the one
    that it had: nothing comes from there any more."""
    gap, skew = view.thresholds.two_networks, view.thresholds.skew
    given = given_key(machine_key(installation_of(view.key), machine), here.place)
    turns = view.dossier.lent.get(given, ())
    begun = [t.time for t in turns if t.alive and t.time <= here.stay.first.time + skew]
    if not begun:
        return False
    since = max(begun)
    if any(not t.alive and since < t.time < here.stay.last.time - skew for t in turns):
        return False
    before = (o for o in many if o.stay.first.time < here.stay.first.time and comparable(o, here))
    return not any(o.stay.last.time > since + gap for o in before)


def _given(view: View, here: Here) -> bool:
    """Whether the latest record approves the place, or the one in force when it was used last did."""
    stated = stated_places(view)
    return bool(stated) and is_approved(stated, _last(here))


def _approved(view: View) -> str:
    declared = view.declaration.places if view.declaration else None
    return (
        "no places are declared for it" if declared is None else f"approved: {', '.join(declared) or 'none'}"
    )
