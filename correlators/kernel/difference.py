"""Difference: what must be said, given what was said before and what is true now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from operator import attrgetter
from typing import NamedTuple

from schemas import frozen
from schemas.dossier import Reported
from schemas.evidence import Evidence, event_key, micros
from schemas.verdict import Report, Verdict

BURST = micros(timedelta(minutes=1))
"""So long after it was first told, every change of a finding is told as it comes: who looks sees it grow."""

PACE = micros(timedelta(minutes=1))
"""Later, what only adds evidence is told once in this time: a flood of tries is sixty updates an hour,
however many tries. What changes the value, severity, claim or owner is told at once."""


PENDING = "!"
"""The digest of what is about to be said. Whoever finds it stored does not know whether it was said: he says
it again, or takes it back. It sorts below any other digest, so a join keeps what was said."""

_SHOWN = attrgetter("uid", "time", "source", "actor", "credential", "operation", "place", "client", "mirrors")
"""Two tellings of one event may differ in all but its id and time; which is shown is not left to their order.
"""


def _shown(e: Evidence) -> tuple[object, ...]:
    """With the installation that gave the id, where it is one of several."""
    return (*_SHOWN(e), e.origin) if "/" in e.origin else _SHOWN(e)


class Difference(NamedTuple):
    """``reports``: what is to be said; ``reported``: what has been said when they are out; ``due``: when
    what is held back is to be said (µs, 0: nothing is)."""

    reports: list[Report]
    reported: dict[str, Reported]
    due: int = 0


def difference(
    reported: dict[str, Reported],
    verdicts: Iterable[Verdict],
    now: int = 0,
    paced: bool = False,
    whole: bool = True,
) -> Difference:
    """Returns all reports that are new, changed or no longer hold. ``paced``: a report that only adds
    evidence is held back as ``PACE`` says. ``whole``: a report that is not among the verdicts no longer
    holds."""
    reports: list[Report] = []
    said = dict(reported)
    current: set[str] = set()
    due = 0
    for verdict in verdicts:
        uid = verdict.uid
        current.add(uid)
        before = reported.get(uid)
        digest = digest_of(verdict)
        if before and before.digest == digest:
            continue
        urgent = urgent_of(verdict)
        if paced and before and before.urgent == urgent and (wait := _wait(before, now)):
            due = min(due or wait, wait)
            continue
        said[uid] = _saying(verdict, digest, urgent, before, now)
        reports.append(_report(uid, verdict, said[uid], before))
    for uid, before in reported.items():
        if whole and uid not in current and before.digest:
            number = before.number + 1
            said[uid] = frozen.changed(
                before, number=number, digest="", open=False, value="withdrawn", fell=number
            )
            reports.append(Report(uid, None, said[uid], 3, "withdrawn", before.severity > 0))
    return Difference(reports, said if reports else reported, due)


def announced(reported: dict[str, Reported], reports: Iterable[Report]) -> dict[str, Reported]:
    """Returns what is stored before these reports are out: each new finding as pending, so that one that was
    said and is over when its dossier is next read is taken back."""
    pending = {
        r.uid: frozen.changed(r.reported, digest=PENDING, urgent="")
        for r in reports
        if r.finding and r.activity == 1
    }
    return {**reported, **pending}


def _wait(before: Reported, now: int) -> int:
    """Until when an addition is held back (µs); 0: it is told now."""
    if now - before.first <= BURST or now - before.said >= PACE:
        return 0
    return min(before.said, now) + PACE


def urgent_of(verdict: Verdict) -> str:
    """Returns the digest of everything that is reported at once: all but the evidence and the words about
    it."""
    parts = (
        verdict.value,
        verdict.severity,
        verdict.confidence,
        verdict.identity,
        verdict.owner,
        [(event_key(e.origin, e.uid), e.time) for e in verdict.claim],
        verdict.episodes,
        verdict.others,
        verdict.exception,
        *((verdict.story,) if verdict.story else ()),
    )
    return hashlib.blake2b(frozen.encoded(parts), digest_size=8).hexdigest()


def digest_of(verdict: Verdict) -> str:
    """Returns the digest of everything a reader would see change; when evidence arrived is not part of it."""
    parts = (
        verdict.value,
        verdict.severity,
        verdict.confidence,
        verdict.identity,
        verdict.owner,
        verdict.title,
        verdict.reason,
        [(event_key(e.origin, e.uid), e.time) for e in verdict.claim],
        [_shown(e) for e in verdict.evidence],
        verdict.credential,
        verdict.next_step,
        verdict.episodes,
        verdict.others,
        verdict.truncated,
        verdict.exception,
        *((verdict.story,) if verdict.story else ()),
    )
    return hashlib.blake2b(frozen.encoded(parts), digest_size=8).hexdigest()


LEFT_MAX = 8
"""Crowds that a finding once was one of, and is told to have left: the last."""


def _saying(verdict: Verdict, digest: str, urgent: str, before: Reported | None, now: int) -> Reported:
    number = before.number + 1 if before else 1
    left, fell = _left(verdict, before, number)
    return Reported(
        number,
        digest,
        verdict.value == "violated",
        verdict.control,
        verdict.subject,
        verdict.title,
        int(verdict.severity or 0),
        min((e.time for e in (*verdict.claim, *verdict.evidence)), default=0),
        verdict.value,
        urgent,
        (before.first if before else 0) or now,
        now,
        verdict.crowds,
        left,
        fell,
    )


def _left(verdict: Verdict, before: Reported | None, number: int) -> tuple[tuple[str, ...], int]:
    """The crowds that it was one of and is no more, and the number at which it last was less of one."""
    if before is None:
        return (), 0
    gone = tuple(name for name in (*before.left, *before.crowds) if name not in verdict.crowds)
    falls = gone != before.left or (before.crowds and before.severity != int(verdict.severity or 0))
    return gone[-LEFT_MAX:], number if falls else before.fell


def _report(uid: str, verdict: Verdict, now: Reported, before: Reported | None) -> Report:
    if not verdict.severity:
        was_finding = before is not None and before.severity > 0
        return Report(
            uid,
            verdict,
            now,
            3 if was_finding else 2 if before else 1,
            "withdrawn" if was_finding else "",
            was_finding,
        )
    if now.open:
        reported = before and before.severity and before.digest != PENDING
        return Report(uid, verdict, now, 2 if reported else 1)
    return Report(uid, verdict, now, 3, "ended")
