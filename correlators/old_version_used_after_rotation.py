"""An old credential, or an old version of a secret, is used after it was rotated.

Fires: only for rotations that a record tells (the inventory, a cut-over that the provider carries, a secret
store's own rotation): an authenticated use of the old one past the overlap (the record's or the policy's; a
declared cut-over grants none; else 24 h from the successor's first success). Medium; high where the old one
was already dead or wrote identities; low where every use was forbidden, or only what had been issued from the
old one is still used (medium where the old one was ended). One finding for what is rotated, whatever the
number of its consumers and rotations; ``revoked_credential_used`` and ``outlived_parent`` only note it.
Proves: every known consumer (network and client product) of the old one was seen on its successor since: the
old version is safe to delete.
Evaded by: a consumer that takes on another's network and client; a value that was read before the rotation
and is kept (join the credential that it holds: declare the rotation with that credential as its subject).
Benign: whoever rotates tests the old and the new within 15 minutes; two users that take turns (the successor
of a later rotation is no old version then); two credentials of one identity, of which no record says that one
succeeds the other.
Do: move the consumers named to the successor, then delete the old version.
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
    Freshness,
    Severity,
    Value,
    Verdict,
    View,
    called,
    iso,
    named,
    off_intervals,
    short,
    source_of,
    times,
)
from correlators.kernel.views.progress import Consumer, Progress, rotation_progress
from correlators.kernel.views.rotations import Change, is_secret, policy_of

CONTROL = Control(
    name="old_version_used_after_rotation",
    version="1",
    title="Old version still used after rotation",
    owasp=("NHI7:2025",),
    attack=(
        ("T1078", "Valid Accounts"),
        ("T1550.001", "Use Alternate Authentication Material: Application Access Token"),
    ),
    nist=("IA-5", "SC-12"),
    csf=("PR.AA-01", "PR.AA-03"),
    freshness=Freshness(
        timedelta(days=90),
        "a consumer that runs quarterly has run once by then, and may still hold the old version",
    ),
    needs=frozenset({"rotations"}),
    remediation="Move the consumers named to the successor, then delete the old version.",
)

SHOWN = 10
"""Consumers that a reason lists by name; the rest is counted."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields one verdict for each rotated credential or secret whose rotation has begun by now."""
    for many in rotation_progress(view):
        begun = [p for p in many if clock.past(p.change.at - 1)]
        if begun:
            yield _judged(view, clock, begun)


def _judged(view: View, clock: Clock, many: list[Progress]) -> Verdict:
    last = many[-1]
    late = tuple(sorted({e for p in many for e in (*p.late, *p.residual)}))
    if late:
        return _violated(view, clock, many, late)
    value, reason = _kept(view, clock, last)
    moved = tuple(sorted(c.moved for c in last.moved if c.moved))
    evidence = moved if value == "proven" else ()
    return _verdict(view, many, value, reason, evidence)


def _violated(view: View, clock: Clock, many: list[Progress], late: tuple[Evidence, ...]) -> Verdict:
    last = many[-1]
    uses = tuple(e for p in many for e in p.late)
    since = f"{_how(last.change)}, last at {iso(late[-1].time)}"
    gone = not all(p.complete for p in many)
    reason = f"{times(late, 'use', gone)} on record after {since}; {_in_words(last)}"
    ended = _ended(view, clock, last, late[-1])
    value: Value = "proven" if ended == "moved" else "assumed" if ended else "violated"
    if ended:
        reason += f"; {ENDED[ended]}"
    episodes = tuple(Episode(p.change.at, p.change.until, p.change.how) for p in many if p.late or p.residual)
    return _verdict(view, many, value, reason, late, severity=_severity(view, many, uses), episodes=episodes)


ENDED = {
    "moved": "every known consumer has moved since, and the old one is quiet",
    "dead": "the old one is dead since",
}


def _ended(view: View, clock: Clock, last: Progress, latest: Evidence) -> str:
    """Why the violation is over; "" where it is not."""
    standing = [n for n in last.change.olds if not _dead_since(view, clock, n, latest.time)]
    if last.change.olds and not standing:
        return "dead"
    # A consumer that holds both alternates: it has moved when the old one is quiet for an overlap.
    quiet = clock.reached(latest.source, latest.time + view.thresholds.rotation_overlap)
    return "moved" if quiet and not last.staying and last.complete else ""


def _dead_since(view: View, clock: Clock, name: str, time: int) -> bool:
    if name not in view.credentials:
        return False
    periods = off_intervals(view.turns_of(name))
    if periods and not periods[-1].end and periods[-1].start > time:
        return True
    expires = view.credentials[name].expiry[1]
    return time < expires and clock.past(expires)


def _kept(view: View, clock: Clock, last: Progress) -> tuple[Value, str]:
    """What the latest rotation is worth where nothing contradicts it, and why."""
    change = last.change
    if change.back:
        return "assumed", f"{_how(change)} was taken back at {iso(change.back)}: its successor is gone"
    if last.consumers and not last.staying and last.complete:
        return "proven", f"{_in_words(last)}; safe to delete {_olds(change)}"
    source = source_of(change.subject)
    if source and not clock.hears(source):
        return "unverifiable", f"no {source} records are collected that would show a use of the old one"
    if source and not clock.reached(source, change.at):
        return "unverifiable", f"the {source} log has not reached the time of the rotation"
    if not change.deadline:
        return "assumed", f"{_in_words(last)}; the successor has not been used yet"
    if not clock.past(change.deadline):
        return "assumed", f"{_in_words(last)}; within the overlap until {iso(change.deadline)}"
    return "assumed", f"{_in_words(last)}; no use of the old one since the overlap"


def _in_words(progress: Progress) -> str:
    """Who has moved and who has not, and since when."""
    if not progress.consumers:
        return "no consumer of the old one is known"
    parts = [f"{len(progress.moved)} of {len(progress.consumers)} known consumers moved"]
    if progress.moved:
        parts.append("moved: " + _listed(progress.moved))
    if progress.staying:
        parts.append("not seen on the new one: " + _listed(progress.staying))
    if not progress.complete:
        parts.append("some uses of the old one are no longer on record")
    return "; ".join(parts)


def _listed(consumers: tuple[Consumer, ...]) -> str:
    shown = [f"{c.name} ({_when(c)})" for c in consumers[:SHOWN]]
    more = len(consumers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _when(consumer: Consumer) -> str:
    moved = consumer.moved
    return f"since {iso(moved.time)}" if moved else f"old one last used {iso(consumer.last.time)}"


def _severity(view: View, many: list[Progress], uses: tuple[Evidence, ...]) -> Severity:
    olds = {name for p in many for name in p.change.olds if name in view.credentials}
    known = [view.credentials[name] for name in olds]
    writes = {e.event for c in known for e in view.wrote(c)}
    forbidden = {e.event for c in known for e in view.uses(c, "forbidden")}
    if not uses:
        dead = any(off_intervals(view.turns_of(name)) for name in olds)
        return Severity.MEDIUM if dead else Severity.LOW
    if any(e.event in writes or _used_dead(view, olds, e) for e in uses):
        return Severity.HIGH
    return Severity.LOW if all(e.event in forbidden for e in uses) else Severity.MEDIUM


def _used_dead(view: View, olds: set[str], use: Evidence) -> bool:
    if use.credential not in olds:
        return False
    return any(off.holds(use.time) for off in off_intervals(view.turns_of(use.credential)))


def _how(change: Change) -> str:
    return f"{change.how} at {iso(change.at)}"


def _olds(change: Change) -> str:
    return ", ".join(short(name) for name in change.olds[:SHOWN])


def _verdict(
    view: View,
    many: list[Progress],
    value: Value,
    reason: str,
    evidence: tuple[Evidence, ...],
    *,
    severity: Severity | None = None,
    episodes: tuple[Episode, ...] = (),
) -> Verdict:
    change = many[-1].change
    policy = policy_of(view, change.subject)
    used = evidence[0].credential if evidence and severity else ""
    what = called(view, change.shown) if change.shown != view.key else "its credential"
    title = f"{named(view)}: {what} was rotated"
    if severity:
        version = called(view, used) if used and not is_secret(view, change.subject) else "an old version"
        title = f"{named(view)}: {version} is used after {_how(change)}"
    elif value == "proven":
        title += ", and every known consumer has moved"
    return view.verdict(
        CONTROL,
        subject=change.shown,
        value=value,
        owner=view.owner or (policy.owner if policy else ""),
        credential=used,
        title=title,
        reason=reason,
        severity=severity,
        confidence=Confidence.HIGH if change.successor or change.subject != view.key else Confidence.MEDIUM,
        claim=tuple(sorted({record for p in many for record in p.change.records})),
        evidence=evidence,
        episodes=episodes,
        truncated=not all(p.complete for p in many),
        next_step=_next(many[-1]) if severity else "",
    )


def _next(last: Progress) -> str:
    if last.staying:
        return f"move {_listed(last.staying)} to {short(last.change.successor) or 'the successor'}"
    return f"delete {_olds(last.change)}"
