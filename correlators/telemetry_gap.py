"""A log falls silent, or somebody stops it.

Fires: a trail, a sink or a diagnostic setting is stopped or deleted, an audit device is disabled, or an audit
log is excluded, and the same actor does not make it again within minutes: medium, until it is written again.
A trail is set to leave out calls of management: medium, or low if it was never seen to record them. A source
that showed something on most days of a fortnight is silent for a day longer than its longest silence of the
last four weeks: low, until the source speaks again.
Proves: the source speaks again, or the log is written again.
Evaded by: filters that leave out audit records without naming their log; forging a heartbeat.
Benign: a trail for data alone, set up so by the actor that makes it; an exclusion of other logs; quiet nights
and weekends (a habit of the source); a deployment that replaces a trail; an audit device in whose place the
same actor enables another one that takes no less; a long holiday; a source that was moved on purpose.
Do: find out who stopped the log, or where its records are held up (`gapwatch doctor`). Until the log is back,
verdicts that depend on it are not proven: they say that the log has not reached the time in question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Evidence,
    Freshness,
    Off,
    Severity,
    Turn,
    Value,
    Verdict,
    View,
    iso,
    micros,
    short,
    spoken,
)
from correlators.kernel.views.ends import standing
from correlators.kernel.views.removals import removals
from schemas.fact import DAY, TELEMETRY

CONTROL = Control(
    name="telemetry_gap",
    version="1",
    title="A log has fallen silent",
    owasp=("NHI1:2025",),
    attack=(("T1562.008", "Impair Defenses: Disable or Modify Cloud Logs"),),
    nist=("AU-5", "AU-9"),
    csf=("DE.CM-03", "PR.PS-04"),
    tenets=(7,),
    freshness=Freshness(
        timedelta(days=2),
        "a source that speaks daily has spoken by then",
    ),
    needs=frozenset({"turns", "watch"}),
    remediation="Find out who stopped it or where its records stay, and have it written again.",
)

SILENCED, NARROWED = "silenced", "narrowed"

HABIT = 28
"""Days of which the longest silence is a source's habit: every week-end of a month, and its first Monday."""

MOST = 10
FORTNIGHT = 14
"""A source that shows something on so many days of these is one that speaks daily."""

RECENT = micros(timedelta(days=30))
"""A silence that is over is told of for so long."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each log that was stopped, and for a source that has a rhythm."""
    for about, whole in sorted(view.dossier.turns.items()):
        for part, turns in sorted(_parts(whole).items()):
            for kind in (SILENCED, NARROWED):
                periods = removals(turns, view.thresholds.redeployed, kind)
                gaps = [o for o in periods if not (_as_made(view, o, turns) or _moved(view, o, part, whole))]
                if gaps:
                    yield _stopped(view, f"{about}/{part}" if part else about, standing(gaps), turns)
    if view.key.startswith(TELEMETRY):
        for source, watch in view.dossier.watch.items():
            yield from _silent(view, clock, source, sorted(watch.days))


def _parts(whole: Iterable[Turn]) -> dict[str, list[Turn]]:
    """The turns of each log, where several that write the same stand together (``Turn.scope``: which)."""
    parts: dict[str, list[Turn]] = {}
    for turn in whole:
        parts.setdefault(turn.scope, []).append(turn)
    return parts


def _moved(view: View, off: Off, part: str, whole: tuple[Turn, ...]) -> bool:
    """Whether whoever stopped it had another one, which takes no less, written in its place about then."""
    end, near = off.turn.evidence, view.thresholds.redeployed
    less = {t.scope: not t.alive for t in sorted(whole) if t.kind == NARROWED}
    return off.turn.kind == SILENCED and any(
        t.alive
        and t.kind == SILENCED
        and t.scope not in ("", part)
        and abs(t.time - off.start) <= near
        and (t.evidence.origin, t.evidence.actor) == (end.origin, end.actor)
        and less.get(t.scope, False) <= less.get(part, False)
        and not any(_stops(x, t.scope) and t.time <= x.time <= t.time + near for x in whole)
        for t in whole
    )


def _stops(turn: Turn, part: str) -> bool:
    return not turn.alive and turn.kind == SILENCED and turn.scope == part


def _as_made(view: View, off: Off, turns: Iterable[Turn]) -> bool:
    """Whether whoever made it told it at once what to take: that is how it was meant."""
    end = off.turn.evidence
    return any(
        t.alive
        and 0 <= off.start - t.time <= view.thresholds.redeployed
        and (t.evidence.origin, t.evidence.actor) == (end.origin, end.actor)
        and (t.evidence.operation != end.operation or _is_first(t, off, turns))
        for t in turns
    )


def _is_first(turn: Turn, off: Off, turns: Iterable[Turn]) -> bool:
    """Whether one event made it and said what it takes, and nothing shows that it was there before."""
    return turn.evidence.event == off.turn.evidence.event and not any(t.time < off.start for t in turns)


def _stopped(view: View, about: str, off: Off, turns: Iterable[Turn]) -> Verdict:
    by = f" by {short(off.turn.evidence.actor)}" if off.turn.evidence.actor else ""
    said = f"{off.turn.how}{by} at {iso(off.start)}"
    if off.end:
        said += f"; written again since {iso(off.end)}"
    narrowed = off.turn.kind == NARROWED
    # What was only ever seen narrowed may have been meant so.
    sure = not narrowed or any(t.alive and t.time < off.start for t in turns)
    return view.verdict(
        CONTROL,
        subject=f"{about} {NARROWED}" if narrowed else about,
        value="proven" if off.end else "violated",
        title=f"{spoken(about)} {'takes less' if narrowed else 'was stopped'}",
        reason=said,
        severity=Severity.MEDIUM if sure else Severity.LOW,
        confidence=Confidence.HIGH if sure else Confidence.LOW,
        claim=(off.turn.evidence,),
        evidence=tuple(t.evidence for t in off.undone),
        episodes=(Episode(off.start, off.end, off.turn.how),),
        next_step="ask who stopped it, and start it again",
    )


def _silent(view: View, clock: Clock, source: str, days: list[int]) -> Iterator[Verdict]:
    """The source's last silence that was longer than its habit."""
    days = [day for day in days if clock.past(day * DAY - 1)]
    past = [(a, b) for a, b in pairwise(days) if _speaks(days, a) and (b - a) * DAY > _allowed(view, days, a)]
    newest = max(clock.seen.get(source, 0), days[-1] * DAY if days else 0)
    if not days or not _speaks(days, days[-1]):
        return
    allowed = _allowed(view, days, days[-1])
    if clock.past(newest + allowed):
        yield _verdict(
            view, source, "violated", Episode(newest, 0, "silent"), Severity.LOW,
            f"nothing since {iso(newest)}; before, it was never silent for {allowed // DAY} days",
        )  # fmt: skip
        return
    if past and not clock.past(past[-1][1] * DAY + RECENT):
        start, end = past[-1]
        yield _verdict(
            view, source, "proven", Episode((start + 1) * DAY, end * DAY, "silent"), Severity.LOW,
            f"nothing from {iso((start + 1) * DAY)} to {iso(end * DAY)}; it speaks again",
        )  # fmt: skip
        return
    said = f"it shows something on most days, and was last silent for {allowed // DAY - 1} days at most"
    yield _verdict(view, source, "proven", None, None, said)


def _speaks(days: list[int], last: int) -> bool:
    """Whether it spoke on most days up to then."""
    return sum(last - FORTNIGHT < day <= last for day in days) >= MOST


def _allowed(view: View, days: list[int], last: int) -> int:
    """For how long it may be silent after that day (µs): a little longer than ever in the weeks before."""
    known = [day for day in days if last - HABIT <= day <= last]
    return max((b - a for a, b in pairwise(known)), default=1) * DAY + view.thresholds.heartbeat


def _verdict(
    view: View, source: str, value: Value, episode: Episode | None, severity: Severity | None, said: str
) -> Verdict:
    quiet = episode is not None and not episode.end
    claim = (
        (Evidence(episode.start, f"last of {source}", source, operation="last record"),) if episode else ()
    )
    return view.verdict(
        CONTROL,
        subject=view.key,
        value=value,
        title=f"{source} {'is silent' if quiet else 'was silent' if episode else 'speaks'}",
        reason=said,
        severity=severity,
        claim=claim,
        episodes=(episode,) if episode else (),
        next_step="gapwatch doctor says where records stay" if quiet else "",
    )
