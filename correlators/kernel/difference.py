"""Difference: what must be said, given what was said before and what is true now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from schemas import struct
from schemas.dossier import Reported
from schemas.verdict import Report, Verdict


def difference(
    reported: dict[str, Reported], verdicts: Iterable[Verdict]
) -> tuple[list[Report], dict[str, Reported]]:
    """Reports of everything new, changed or gone, and what has been reported when they are out."""
    reports: list[Report] = []
    said = dict(reported)
    current: set[str] = set()
    for verdict in verdicts:
        uid = verdict.uid
        current.add(uid)
        before = reported.get(uid)
        digest = digest_of(verdict)
        if before and before.digest == digest:
            continue
        said[uid] = _saying(verdict, digest, before)
        reports.append(_report(uid, verdict, said[uid], before))
    for uid, before in reported.items():
        if uid not in current and before.digest:
            said[uid] = struct.changed(
                before, number=before.number + 1, digest="", open=False, value="withdrawn"
            )
            reports.append(Report(uid, None, said[uid], 3, "withdrawn", before.severity > 0))
    return reports, said if reports else reported


def digest_of(verdict: Verdict) -> str:
    """Of everything a reader would see change; when evidence arrived is not part of it."""
    told = (
        verdict.value,
        verdict.severity,
        verdict.confidence,
        verdict.identity,
        verdict.owner,
        verdict.title,
        verdict.reason,
        [(e.uid, e.time) for e in verdict.claim],
        [(e.uid, e.time, e.mirrors) for e in verdict.evidence],
        verdict.episodes,
        verdict.others,
        verdict.truncated,
        verdict.waived,
    )
    return hashlib.blake2b(repr(told).encode(), digest_size=8).hexdigest()


def _saying(verdict: Verdict, digest: str, before: Reported | None) -> Reported:
    return Reported(
        before.number + 1 if before else 1,
        digest,
        verdict.value == "violated",
        verdict.control,
        verdict.subject,
        verdict.title,
        int(verdict.severity or 0),
        min((e.time for e in (*verdict.claim, *verdict.evidence)), default=0),
        verdict.value,
    )


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
        return Report(uid, verdict, now, 2 if before and before.severity else 1)
    return Report(uid, verdict, now, 3, "ended")
