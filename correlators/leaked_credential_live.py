"""A credential that was found exposed is still live.

Fires: a report says where others can read the credential (a repository, the provider, an inventory), and
since then it was used and authenticated: high, critical where it wrote identities. Or it has not ended within
a day of the report: medium; at low confidence where no other record knows it. Where a report names an
identity only, some long-lived credential of it is meant: one finding for the identity, unless another report
names the credential.
Proves: it was ended, and a try since was refused. Ended and silent is assumed.
Evaded by: a copy that is used through what it issued (``outlived_parent`` follows that), or where no source
is collected.
Whoever closes a report as "revoked" ends nothing, where the provider's own log is collected and shows no end.
Benign: the rightful workload goes on until the credential is rotated (that is what keeps the leak open); a
report that was taken back as a false alarm withdraws the finding; documentation's example keys; a credential
that was dead before.
Do: end the credential now and move its workload to a new one, then review every use since the exposure by
place.
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
    Off,
    Severity,
    Value,
    Verdict,
    View,
    called,
    deaths_of,
    iso,
    named,
    network_of,
    of_uses,
    off_intervals,
    proofs,
    short,
    source_of,
    thinned,
    times,
    traits_of,
    worst_of,
)
from correlators.kernel.views.ends import grace_of, skew_of
from correlators.kernel.views.refusals import lapsed
from schemas.authority import is_finder
from schemas.providers import is_placeholder, is_unnamed, longest_life
from schemas.providers.leaks import NAMELESS

CONTROL = Control(
    name="leaked_credential_live",
    version="1",
    title="Leaked credential is live",
    owasp=("NHI2:2025",),
    attack=(("T1552.001", "Unsecured Credentials: Credentials In Files"),),
    nist=("IR-4", "IA-5(7)"),
    csf=("PR.AA-01", "RS.MI-01"),
    tenets=(5,),
    freshness=Freshness(
        timedelta(days=90),
        "a dead credential comes back only by an act that its log shows; quarterly jobs have "
        "tried once by then",
    ),
    needs=frozenset({"credentials.exposures"}),
    remediation="End the credential now and move its workload to a new one; then review every use since the "
    "exposure by place and client, and end what it issued.",
)

"""How the ids of AWS's documentation end: they belong to nobody."""

UNNAMED = "some credential"


class Life(NamedTuple):
    """One credential since its exposure: authenticated uses while it was not known to be dead, its death,
    refused tries after that."""

    name: str
    used: tuple[Evidence, ...]
    death: Off | None
    refused: tuple[Evidence, ...]


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each credential that a report calls exposed, or one for the identity where
    reports name only the identity."""
    found = False
    for name, credential in view.credentials.items():
        exposure = _exposure(credential)
        if name and exposure and not is_placeholder(name):
            found = True
            yield _judged(view, clock, name, exposure, [_life(view, clock, name, credential, exposure)])
    some = _exposure(view.credentials[""]) if "" in view.credentials else None
    if some and not found:
        lives = [_life(view, clock, n, c, some) for n, c in view.credentials.items() if n and _meant(c, some)]
        yield _judged(view, clock, f"{view.key} {UNNAMED}", some, lives)


def _exposure(credential: Credential) -> Off | None:
    """The first exposure that stands: one that was taken back never was."""
    return next((period for period in off_intervals(credential.exposures) if not period.end), None)


def _meant(credential: Credential, exposure: Off) -> bool:
    """Whether a report that names only the identity may mean this one: long-lived, and made before it."""
    born = credential.issued or credential.known
    derived = any(link.edge != "made_by" for link in credential.parents.values())
    return bool(
        born and born.time <= exposure.start and not traits_of(credential.kind).passing and not derived
    )


def _life(view: View, clock: Clock, name: str, credential: Credential, exposure: Off) -> Life:
    shown = clock.hears(source_of(name))
    ends = [
        off
        for off in deaths_of(view, name, credential)
        if not off.end and clock.past(off.start - 1) and not (shown and _by_finder(off))
    ]
    death = ends[0] if ends else lapsed(view, clock, name, credential)
    used = tuple(
        e
        for e in view.used(credential)
        if exposure.start + skew_of(exposure.turn, e, view.thresholds) < e.time
        and (death is None or e.time <= death.start + grace_of(death.turn, view.thresholds))
    )
    tries = proofs(credential)
    refused = tuple(e for e in tries if death and e.time > max(death.start, exposure.start))
    return Life(name, used, death, refused)


def _by_finder(off: Off) -> bool:
    """Whether it ended by the word alone of a source that finds what leaked."""
    return off.turn.kind != "exhausted" and is_finder(off.turn.evidence.source)


def _judged(view: View, clock: Clock, subject: str, exposure: Off, lives: list[Life]) -> Verdict:
    used = tuple(sorted(e for life in lives for e in life.used))
    refused = tuple(sorted(e for life in lives for e in life.refused))
    ends = [life.death.start for life in lives if life.death]
    dead = bool(lives) and len(ends) == len(lives)
    last = max(ends, default=0)
    lapses = (_lapse(view, life.name) for life in lives)
    deadline = max((exposure.start + view.thresholds.leak_deadline, *lapses))
    value, reason = _value(clock, subject, exposure, deadline, dead, last, bool(used), refused)
    severity = None
    if used:
        severity = _severity(view, lives, used)
        gone = thinned(view.credentials[life.name] for life in lives)
        reason += f"; {times(used, 'use', gone)} since, last at {iso(used[-1].time)}"
        reason += _elsewhere(view, lives, exposure, used)
    elif value == "violated" or last > deadline:
        severity = Severity.MEDIUM
    what, credential = _named(view, lives)
    live = "is live" if not dead else "was live until it was ended" if severity else "was ended"
    if not dead and not severity:
        live = "may be live"
    return view.verdict(
        CONTROL,
        subject=subject,
        value=value,
        credential=credential,
        title=f"{named(view)}: {what}, found exposed ({exposure.turn.how}), {live}",
        reason=reason,
        severity=severity,
        confidence=_confidence(view, lives, bool(used)),
        claim=(exposure.turn.evidence,),
        evidence=used or refused,
        episodes=(Episode(exposure.start, last if dead else 0, exposure.turn.how),) if severity else (),
        truncated=any(worst_of(view.credentials[life.name]) for life in lives),
        next_step=f"end {short(credential) or what} now" if severity and not dead else "",
    )


def _lapse(view: View, name: str) -> int:
    """By when the provider ends it itself (µs), where no record says: until then it is a session's rest."""
    credential = view.credentials[name]
    origin = credential.issued or credential.known
    life = longest_life(name)
    return origin.time + life if life and origin and not credential.expiry[1] else 0


def _named(view: View, lives: list[Life]) -> tuple[str, str]:
    """How a title calls what leaked, and its key where there is one."""
    names = [life.name for life in lives if life.used] or [life.name for life in lives]
    if len(names) == 1:
        return called(view, names[0]), names[0]
    return (f"one of its {len(names)} credentials" if names else "some credential of it"), ""


def _confidence(view: View, lives: list[Life], used: bool) -> Confidence:
    """Low where no other record knows the credential, medium where it may be another one of the identity."""
    known = [view.credentials[life.name] for life in lives]
    if not any(c.issued or c.uses for c in known):
        return Confidence.LOW
    return Confidence.HIGH if used or len(lives) == 1 else Confidence.MEDIUM


def _value(
    clock: Clock,
    subject: str,
    exposure: Off,
    deadline: int,
    dead: bool,
    last: int,
    used: bool,
    refused: tuple[Evidence, ...],
) -> tuple[Value, str]:
    """What the claim that it leaked is worth, and why."""
    since = f"exposed since {iso(exposure.start)}"
    if dead:
        order = "before that" if last <= exposure.start else "since"
        if refused:
            said = f"{since}; ended {order} at {iso(last)}, and refused at {iso(refused[-1].time)}"
            return "proven", said
        return "assumed", f"{since}; ended {order} at {iso(last)}, and silent"
    if used:
        return "violated", since
    if is_unnamed(subject):
        return "unverifiable", f"{since}; {NAMELESS}"
    source = source_of(subject)
    if not clock.hears(source):
        said = f"{since}; no {source or 'log'} records are collected that would show its end"
        return "unverifiable", said
    if not clock.past(deadline):
        return "assumed", f"{since}; to be ended by {iso(deadline)}"
    return "violated", f"{since}, and not ended by {iso(deadline)}"


def _severity(view: View, lives: list[Life], used: tuple[Evidence, ...]) -> Severity:
    known = [view.credentials[life.name] for life in lives]
    writes = {e.event for c in known for e in view.wrote(c)}
    return of_uses(used, writes, {e.event for c in known for e in view.uses(c, "forbidden")})


def _elsewhere(view: View, lives: list[Life], exposure: Off, used: tuple[Evidence, ...]) -> str:
    """Places from which it was not used before."""
    known = [view.uses(view.credentials[life.name], "succeeded", "failed", "forbidden") for life in lives]
    before = {network_of(e.place) for many in known for e in many if e.time <= exposure.start}
    new = sorted({e.place for e in used if e.place and network_of(e.place) not in before}) if before else []
    return f", from places that are new: {', '.join(new[:5])}" if new else ""
