"""Unseen: uses inside a period that is over, of which thinning had let go before the period was known.

Of a period that is still open the last use decides, which is kept always; and what comes after an end that is
known is pinned. What is left is a period whose end and undoing both come after its uses were thinned: of
these it is remembered when they were (``correlators.kernel.knowledge.gone``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from correlators.kernel.knowledge.gone import Span, spans
from correlators.kernel.knowledge.inferred import TRIED
from correlators.kernel.views.ends import Off, grace_of
from correlators.kernel.views.thresholds import Thresholds
from schemas.dossier import Sightings, Turn
from schemas.evidence import Evidence, iso
from schemas.verdict import Severity

LATER = (":service", ":continues")
"""How the uses end that are none of the credential's holder, or may be none of their own."""


LOST = "its record was let go of before the end was known, and is in the log"
"""Why a finding shows no event: which one it was is not known here any more."""


class Unseen(NamedTuple):
    """Uses in one period: the first ``span`` in which one was, under which key of uses, and whether one was
    in the period (``sure``) or may have been."""

    off: Off
    span: Span
    key: str
    sure: bool

    @property
    def words(self) -> str:
        """What is known of it, as a reason says it."""
        return f"between {iso(self.span[0])} and {iso(self.span[1])}"


def lost_uses(
    uses: Mapping[str, Sightings], periods: Iterable[Off], granted: Thresholds, outcomes: Iterable[str]
) -> tuple[Unseen, ...]:
    """Returns, of uses with these outcomes, those let go of in periods that are over: of each period and key
    the first that is sure, else the first that may be."""
    over = [off for off in periods if off.end]
    if not over:
        return ()
    wanted = frozenset(outcomes)
    found = []
    for key, sightings in uses.items():
        if sightings.gone is None or key == TRIED or key.endswith(LATER):
            continue
        if key.partition(":")[0] not in wanted:
            continue
        when = sorted(spans(sightings.gone))
        found += [each for off in over if (each := _first(off, when, key, granted))]
    return tuple(sorted(found))


def between(windows: Iterable[tuple[int, int]], record: Evidence) -> list[Off]:
    """Returns the periods between approved windows (µs, from and until, 0: open), as ``record`` states
    them: what is approved only before and after."""
    gaps: list[Off] = []
    until = 0
    for start, end in sorted(windows):
        if until and start > until:
            gaps.append(Off(until, start, Turn(until, False, "end of a window", record)))
        if not end:
            break
        until = max(until, end)
    return gaps


def _first(off: Off, when: list[Span], key: str, granted: Thresholds) -> Unseen | None:
    start = off.start + grace_of(off.turn, granted) + granted.skew
    inside = next((span for span in when if start < span[0] and span[1] <= off.end), None)
    if inside:
        return Unseen(off, inside, key, True)
    touching = next((span for span in when if start < span[1] and span[0] < off.end), None)
    return Unseen(off, touching, key, False) if touching else None


def ruled_out(many: Iterable[Unseen]) -> str:
    """Returns words that limit the statement that no use was seen; "" where the statement is certain."""
    touching = next(iter(many), None)
    return f"; one {touching.words} cannot be ruled out: some of then were let go of" if touching else ""


def severity_of(many: Iterable[Unseen]) -> Severity:
    """Returns the severity that ``severity.of_uses`` would give to these uses."""
    keys = {each.key for each in many}
    if "succeeded:identity_write" in keys:
        return Severity.CRITICAL
    return Severity.MEDIUM if all(key.startswith("forbidden") for key in keys) else Severity.HIGH
