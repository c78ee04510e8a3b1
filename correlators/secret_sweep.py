"""An identity reads many secrets for the first time, one after another.

Fires: within five minutes an identity reads six or more secrets that it had not read before, at least half as
many as it knew. Low if the identity has been known for a week and had read secrets before. Medium if it first
asked which secrets there are, or came from a network that it had never used. An identity that is new gives a
finding only if it asked which secrets there are (low confidence): a program that is configured with its
secrets does not ask.
Proves: nothing.
Evaded by: reading slowly; reading what the identity reads anyway.
Benign: tools that read what they always read; the first start of a workload, or of a new copy of it;
controllers that list and watch (they read no secret by name); an identity that took in as many at once
before, after its first day, as tools do that manage secrets for everybody; backups; people (out of scope),
and identities of the provider itself.
Do: ask the owner why the identity read the secrets. Rotate them if nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Evidence,
    Severity,
    Verdict,
    View,
    iso,
    micros,
    named,
    network_of,
    sighted,
    thinned,
)
from correlators.kernel.knowledge.join import SECRETS_MAX
from correlators.kernel.views.inventoried import ours
from schemas.providers import COLLECTIONS, ENUMERATES

CONTROL = Control(
    name="secret_sweep",
    version="1",
    title="Many secrets read for the first time",
    owasp=("NHI2:2025",),
    attack=(
        ("T1555.006", "Credentials from Password Stores: Cloud Secrets Management Stores"),
        ("T1552.007", "Unsecured Credentials: Container API"),
    ),
    nist=("AU-6",),
    csf=("DE.CM-03",),
    needs=frozenset({"secrets"}),
    remediation="Ask the owner what it read them for. Rotate what was read if nobody knows.",
)

SHARE = 0.5
"""A tool that knows a hundred secrets and takes in ten more grows; one that doubles what it knows does
not."""

APART = micros(timedelta(days=1))
"""A burst this long before shows that bursts are its way: a script that sweeps twice does it within the
hour. Not one on the first day that it is known: everybody reads what it is configured with as it starts, or
as the log begins."""

ABOUT = micros(timedelta(minutes=1))
"""What else it did this near is shown with it."""

SHOWN = 48
NAMES = 5


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields at most one verdict, about the first sweep that is none of its habits."""
    firsts = sorted(
        (time, name) for name, time in view.dossier.secrets.items() if not COLLECTIONS.fullmatch(name)
    )
    if (
        len(firsts) < view.thresholds.sweep_secrets
        or len(view.dossier.secrets) >= SECRETS_MAX
        or not ours(view)
    ):
        return
    bursts = list(_bursts(view, firsts))
    if bursts:
        verdict = _judged(view, firsts, bursts)
        if verdict is not None:
            yield verdict


def _bursts(view: View, firsts: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Runs of first reads, of which so many lie within the window."""
    least, window = view.thresholds.sweep_secrets, view.thresholds.sweep_window
    at = 0
    while at + least <= len(firsts):
        if firsts[at + least - 1][0] - firsts[at][0] > window:
            at += 1
            continue
        end = at + least
        while end < len(firsts) and firsts[end][0] - firsts[end - least + 1][0] <= window:
            end += 1
        yield firsts[at:end]
        at = end


def _judged(view: View, firsts: list[tuple[int, str]], bursts: list[list[tuple[int, str]]]) -> Verdict | None:
    uses = sighted(view.uses(c, "succeeded") for c in view.credentials.values() if not c.person)
    born = min((e.time for e in uses), default=0)
    for burst in bursts:
        start, end = burst[0][0], burst[-1][0]
        before = [first for first in firsts if first[0] < start]
        if len(burst) < len(before) * SHARE or any(born + APART < b[0][0] < start - APART for b in bursts):
            continue
        asked = tuple(e for e in uses if ENUMERATES.match(e.operation))
        looked = [e for e in asked if start - view.thresholds.sweep_window <= e.time <= end]
        new = bool(looked) and asked[0] == looked[0]
        known = start - born >= view.thresholds.habit and bool(before)
        if not known and not new:
            continue
        during = [e for e in uses if start <= e.time <= end]
        strange = known and _strange(uses, during, start)
        beside = [e for e in uses if start - ABOUT <= e.time <= end + ABOUT and e not in during]
        shown = tuple(sorted([*dict.fromkeys([*looked, *during, *beside])][:SHOWN]))
        if not shown:
            continue
        severity = Severity.MEDIUM if known and (new or strange) else Severity.LOW
        return _verdict(view, burst, shown, severity, known, bool(new), strange)
    return None


def _strange(uses: tuple[Evidence, ...], during: list[Evidence], start: int) -> bool:
    """Whether any of it came from a network that it had not used before."""
    own = {network_of(e.place) for e in uses if e.time < start}
    return any(e.place and network_of(e.place) not in own for e in during)


def _verdict(
    view: View, burst: list[tuple[int, str]], shown: tuple[Evidence, ...], severity: Severity, known: bool,
    asked: bool, strange: bool,
) -> Verdict:  # fmt: skip
    names = sorted(name for _, name in burst)
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    how = ", after it asked which there are" if asked else ""
    where = f", from {shown[-1].place}, where it had not been" if strange else ""
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="violated",
        title=f"{named(view)} read {len(names)} secrets for the first time in a row",
        reason=f"from {iso(burst[0][0])} to {iso(burst[-1][0])}{how}{where}: "
        + f"{', '.join(names[:NAMES])}{more}",
        severity=severity,
        confidence=Confidence.MEDIUM if known else Confidence.LOW,
        credential=shown[-1].credential,
        evidence=shown,
        episodes=(Episode(burst[0][0], burst[-1][0], "sweep"),),
        truncated=thinned(view.credentials.values()),
        next_step="ask the owner what it read them for",
    )
