"""Spans: which are kept of a trace that has very many.

Spans of agents, tools, hand-offs and lists of offered tools decide what is told; the others only link them
to what is above. Beyond the cap the first half of each sort are kept, agents before all: a span begins before
what is below it, so what is kept mostly has its chain. A chain whose link was let go of is never settled: its
calls are told of no other agent. What was told of a call before stays told.

The mark makes the cap stick, so the order in which spans come does not matter.
"""

from __future__ import annotations

from correlators.kernel.knowledge.join import marks
from schemas import frozen
from schemas.dossier import Dossier
from schemas.span import Span

SPANS_MAX = 2_000
"""Spans of one trace that are kept: a run of an agent has hundreds."""

SPANS_MARK = "spans truncated"

DECIDING = ("agent", "tool", "handoff")


def capped(dossier: Dossier) -> Dossier:
    """Returns the trace within its cap. Returns the argument where nothing is let go."""
    spans = dossier.spans
    if len(spans) <= SPANS_MAX and SPANS_MARK not in dossier.marks:
        return dossier
    first = sorted(spans, key=lambda span_id: rank(span_id, spans[span_id]))
    deciding = [span_id for span_id in first if _decides(spans[span_id])][: SPANS_MAX // 2]
    links = [span_id for span_id in first if not _decides(spans[span_id])][: SPANS_MAX // 2]
    kept = {span_id: spans[span_id] for span_id in sorted((*deciding, *links))}
    if len(kept) == len(spans):
        return dossier
    return frozen.changed(dossier, spans=kept, marks=marks(dossier.marks, (SPANS_MARK,)))


def rank(span_id: str, span: Span) -> tuple[int, int, str]:
    """Returns the order in which spans are kept, the smallest first. It is made of what a span is: the
    arrival is no part of it."""
    order = DECIDING.index(span.kind) if span.kind in DECIDING else len(DECIDING)
    return min(order, 1) if order < len(DECIDING) else order, span.start, span_id


def _decides(span: Span) -> bool:
    return span.kind in DECIDING or span.offered is not None
