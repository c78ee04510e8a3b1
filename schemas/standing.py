"""Standing: on what a row of the ledger rests. When it was last proven, until when that proof is good, and
which log would contradict it.

The stream says these once, when a verdict changes. What time makes of them later is said by the view
``ledger`` in ClickHouse: no row is written again because it grew old.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.authority import INVENTORY
from schemas.evidence import Evidence, micros, source_of_origin
from schemas.fact import TELEMETRY
from schemas.freshness import Freshness
from schemas.providers import source_of
from schemas.verdict import Verdict


def proven_time(verdict: Verdict) -> int:
    """Returns when the verdict was last proven, in µs: the time of its latest evidence, or of the claim where
    that is all there is; 0 for a verdict that is not proven."""
    if verdict.value != "proven":
        return 0
    return max((e.time for e in verdict.evidence or verdict.claim), default=0)


def hangs_on(verdict: Verdict) -> str:
    """Returns the origin whose records would contradict the verdict: where its evidence comes from, best the
    log that shows uses of its credential or identity; "" where no log would."""
    if verdict.identity.startswith(TELEMETRY):
        return verdict.identity.removeprefix(TELEMETRY)
    shows = source_of(verdict.credential) or source_of(verdict.identity)
    seen = _origins(verdict.evidence)
    for origins in (seen, _origins(verdict.claim)):
        of_uses = [origin for origin in origins if source_of_origin(origin) == shows]
        if shows and of_uses:
            return of_uses[-1]
    logs = [origin for origin in seen if source_of_origin(origin) != INVENTORY]
    if logs:
        return logs[-1]
    # What a record alone proves, only a record takes back.
    return seen[-1] if seen else shows


def _origins(evidence: tuple[Evidence, ...]) -> list[str]:
    return [e.origin for e in evidence if e.origin]


def standing(verdict: Verdict, freshness: Freshness, seen: Mapping[str, int]) -> dict[str, Any]:
    """Returns what an assurance row says of all this, times in ms. ``seen``: the watermark of each source in
    µs, empty where none is known (in a replay)."""
    origin = hangs_on(verdict)
    shown: dict[str, Any] = {"hangs_on": origin}
    if watermark := seen.get(source_of_origin(origin)):
        shown["watermark"] = watermark // 1000
    if proven := proven_time(verdict):
        limit = freshness.limit
        until = (proven + micros(limit)) // 1000 if limit is not None else None
        shown["proof"] = {"time": proven // 1000, "good_until": until, "why": freshness.why}
    return shown
