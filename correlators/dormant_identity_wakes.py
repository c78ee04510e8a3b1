"""An identity that was silent for a month acts again.

Fires: an identity acts with success after thirty days or more without any authenticated use, and every source
that shows this identity was watched all the time. Also the first use ever of a credential that was made
thirty days before. Low; medium if the identity writes identities or reads secrets within a day of waking.
Proves: nothing.
Evaded by: one harmless call a month.
Benign: a quarterly or yearly job. The same silence before makes this silence a habit, as long as the job
reads secrets and writes identities only as it did before; so the third use takes back the finding about the
first. There is no finding where recordings are too short, or a source was watched for less than the silence.
Do: ask the owner what woke the identity. If nobody expected it, end its credentials and review what it has
done since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise, starmap
from typing import NamedTuple

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Evidence,
    Severity,
    Verdict,
    View,
    executed,
    iso,
    micros,
    named,
    sighted,
    traits_of,
)
from correlators.kernel.knowledge.sightings import LEVELS
from correlators.kernel.views.inventoried import current
from correlators.kernel.views.thresholds import DEFAULTS
from schemas.dossier import Sightings

CONTROL = Control(
    name="dormant_identity_wakes",
    version="1",
    title="Dormant identity wakes",
    owasp=("NHI1:2025",),
    attack=(("T1078.004", "Valid Accounts: Cloud Accounts"),),
    nist=("AC-2(3)",),
    csf=("PR.AA-01", "DE.CM-03", "DE.AE-02"),
    tenets=(7,),
    remediation="Ask the owner what woke it. If nobody expected it, end its credentials and review what "
    "it did.",
)

WAKING = micros(timedelta(days=1))
"""What is done within a day of waking belongs to it."""

GRAVE = ("identity_write", "secret_read")
"""What makes a waking medium."""

SEASON = 0.2
"""Two silences whose lengths differ by less than a fifth are a rhythm."""

RHYTHM = 3
"""Silences that are alike make the first of them one of a rhythm: two may be chance."""

MONTH, MONTHS = next((width, buckets) for width, buckets, _ in LEVELS if width == DEFAULTS.dormant)
"""Thinning keeps the first and last uses of every thirty days, so a silence this long between uses that are
kept is a real one."""


class Silence(NamedTuple):
    """A stretch without any use: ``last`` is the use before it, ``woke`` the first use after it."""

    last: Evidence
    woke: Evidence

    @property
    def length(self) -> int:
        """The time between the two uses in µs."""
        return self.woke.time - self.last.time


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields at most one verdict for an identity; a credential that no identity is known of is passed
    over."""
    if view.key in view.dossier.credentials:
        return
    silences = [s for s in _silences(view, clock) if not _inactive(view, s.woke)]
    woken = [s for i, s in enumerate(silences) if not _in_rhythm(i, silences) or _does_new(view, s)]
    if woken:
        yield _verdict(view, woken)


def _in_rhythm(i: int, silences: list[Silence]) -> bool:
    """It was like one before it; or it was the first of a rhythm that two more have kept since."""
    alike = [n for n, other in enumerate(silences) if n != i and _alike(silences[i], other)]
    return any(n < i for n in alike) or len(alike) >= RHYTHM - 1


def _does_new(view: View, silence: Silence) -> bool:
    """Whether on waking it writes identities or reads secrets in a way in which it never did before: whoever
    keeps another's rhythm is no job of his."""
    acts = _grave(view)
    known = {e.operation for e in acts if e.time <= silence.last.time}
    return any(e.operation not in known for e in acts if 0 <= e.time - silence.woke.time <= WAKING)


def _grave(view: View) -> tuple[Evidence, ...]:
    return sighted(view.acted(c, action, "succeeded") for c in view.credentials.values() for action in GRAVE)


def _silences(view: View, clock: Clock) -> Iterator[Silence]:
    """Every watched silence of thirty days that a success ended, in order of time."""
    if _span(view) < view.thresholds.dormant:
        return
    used = _used(view)
    born = [
        c.issued for name, c in view.credentials.items() if name and c.issued and not traits_of(c.kind).cut
    ]
    long = [
        s for s in starmap(Silence, pairwise(sorted({*born, *used}))) if s.length >= view.thresholds.dormant
    ]
    if not long:
        return
    succeeded = {e.event for c in view.credentials.values() for e in view.uses(c, "succeeded")}
    succeeded.update(e.event for e in executed(view.dossier.calls))
    since = max((clock.watched_since(s) for s in {e.source for e in used}), default=0)
    since = max(since, _whole_since(view))
    for silence in long:
        woke = _success_since(silence, used, succeeded, view.thresholds.dormant)
        if woke and silence.last.time >= since:
            yield Silence(silence.last, woke)


def _success_since(
    silence: Silence, used: tuple[Evidence, ...], succeeded: set[tuple[str, str]], dormant: int
) -> Evidence | None:
    """The first success after a silence, before the next one: a try that is refused first hides nothing."""
    before = silence.woke
    for use in used:
        if use < silence.woke:
            continue
        if use.time - before.time >= dormant:
            return None
        if use.event in succeeded:
            return use
        before = use
    return None


def _span(view: View) -> int:
    """From the first to the last that is known of the identity's own (µs): nobody younger was silent long."""
    moments: list[int] = []
    for c in view.credentials.values():
        if c.issued:
            moments.append(c.issued.time)
        _ends(c.uses, moments)
        _ends(c.pins, moments)
    for calls in view.dossier.calls.values():
        _ends(calls.channels, moments)
    return max(moments) - min(moments) if moments else 0


def _ends(many: Mapping[str, Sightings], moments: list[int]) -> None:
    for sightings in many.values():
        if sightings.kept:
            moments += (sightings.kept[0].time, sightings.kept[-1].time)


def _used(view: View) -> tuple[Evidence, ...]:
    uses = [view.used(c) for c in view.credentials.values()]
    return current(view, sighted([*uses, executed(view.dossier.calls)]))


def _whole_since(view: View) -> int:
    """From when on thinning keeps every month's first and last uses of every kind (µs)."""
    many = [s for c in view.credentials.values() for s in c.uses.values()]
    many += [s for c in view.dossier.calls.values() for s in c.channels.values()]
    return max((_floor(s) for s in many), default=0)


def _floor(sightings: Sightings) -> int:
    months = sorted({e.time // MONTH for e in sightings.kept}) if sightings.truncated else []
    return months[-MONTHS] * MONTH if len(months) >= MONTHS else 0


def _alike(one: Silence, other: Silence) -> bool:
    return abs(one.length - other.length) <= SEASON * max(one.length, other.length)


def _inactive(view: View, use: Evidence) -> bool:
    """A record says that it is not in use: ``inactive_identity_active`` tells that."""
    status = view.declaration.status_at(use.time) if view.declaration else None
    return status is not None and status.value != "active"


def _verdict(view: View, woken: list[Silence]) -> Verdict:
    last = woken[-1]
    grave = tuple(e for e in _grave(view) if 0 <= e.time - last.woke.time <= WAKING)
    days = last.length // micros(timedelta(days=1))
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="violated",
        credential=last.woke.credential,
        title=f"{named(view)} woke after {days} days of silence",
        reason=f"nothing between {iso(last.last.time)} and {iso(last.woke.time)}"
        + (f"; then {grave[0].operation} at {iso(grave[0].time)}" if grave else ""),
        severity=Severity.MEDIUM if grave else Severity.LOW,
        confidence=Confidence.MEDIUM,
        claim=(last.last,),
        evidence=tuple(sorted({*(s.woke for s in woken), *grave[:1]})),
        episodes=tuple(Episode(s.last.time, s.woke.time, "silent") for s in woken),
        truncated=any(s.truncated for c in view.credentials.values() for s in c.uses.values()),
        next_step="ask the owner what woke it",
    )
