"""Many findings of one cause within an hour are one story.

Fires: within an hour there are more than twenty-five findings of one severity that one identity caused, or
that rest on the word of one source alone; or more than two hundred in one log about identities that no
inventory declares. The story has the severity of the gravest of these findings, counts and names them, and is
an alarm. The findings stand below the story, each as a row of its own, and are no alarms. A graver finding,
of which there are few, stays an alarm of its own.
Proves: nothing. The story ends when all of its findings have ended.
Evaded by: staying below the numbers; then each finding is an alarm.
Benign: a clean-up that ends hundreds of credentials before their users have moved; a log of weeks that is
read at once.
Do: look at the cause first. An identity that causes so many findings is broken or stolen; a source that says
so much about others may be lying. Then look at the findings below the story (`story` in `findings_open`), the
gravest first.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.control import Clock, Control, Evidence, Severity, Verdict, View, frozen, iso, short
from correlators.kernel.routes.crowds import Counted, levels_of, over
from schemas.crowds import Crowd, crowd_of, is_crowd
from schemas.dossier import Part

CONTROL = Control(
    name="many_findings_at_once",
    version="1",
    title="Many findings of one cause at once",
    owasp=("NHI1:2025", "NHI7:2025"),
    attack=(("T1562", "Impair Defenses"),),
    nist=("IR-4", "SI-4(5)", "AU-6(3)"),
    csf=("DE.AE-02", "DE.AE-06", "RS.AN-03"),
    needs=frozenset({"crowd"}),
    remediation=(
        "Look at the cause first: stop the identity, or the producer whose word it is, then work through the "
        "findings below, the gravest first."
    ),
)

NAMED_MAX = 10
"""Findings that the reason names; the others are its evidence, and stand below it in `findings_open`."""

EVIDENCE_MAX = 100
"""Findings that are named as its evidence, the gravest first, one of each control before a second one."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Judges a crowd: whether there are too many of some severity, and which."""
    if not is_crowd(view.key):
        return
    crowd, levels = crowd_of(view.key), levels_of(view.key, view.dossier)
    many = {
        level: levels[level]
        for level, (_, too_many) in over(view.key, view.dossier).items()
        if too_many and levels[level].parts
    }
    if many:
        yield _verdict(view, crowd, many)


def _verdict(view: View, crowd: Crowd, many: dict[int, Counted]) -> Verdict:
    parts = _ranked(many)
    grave = [level for level, counted in many.items() if any(part.open for part in counted.parts)]
    exact = all(counted.exact for counted in many.values())
    number = f"{'' if exact else 'about '}{sum(counted.many for counted in many.values()):,}"
    counts = ", ".join(
        f"{'' if counted.exact else 'about '}{counted.many:,} {Severity(level).name.lower()}"
        for level, counted in sorted(many.items(), reverse=True)
    )
    named = "; ".join(f"{part.control} of {short(part.subject)}" for part in parts[:NAMED_MAX])
    rest = "; and others" if len(parts) > NAMED_MAX or not exact else ""
    story = view.verdict(
        CONTROL,
        subject=crowd.subject,
        value="violated" if grave else "assumed",
        title=f"{number} findings {crowd.said} within an hour",
        reason=f"in the hour from {iso(crowd.start)}, {crowd.said}: {counts}: {named}{rest}",
        severity=Severity(max(grave or many)),
        evidence=tuple(sorted(_evidence(part, crowd) for part in parts[:EVIDENCE_MAX])),
        others=tuple(sorted({part.home for part in parts[:NAMED_MAX]})),
        truncated=not exact,
    )
    return frozen.changed(story, identity=crowd.actor or crowd.producer)


def _ranked(many: dict[int, Counted]) -> list[Part]:
    """The gravest first, open ones before those that have ended, and one of each control before another."""
    ranked: list[tuple[int, bool, int, str, Part]] = []
    for level, counted in many.items():
        seen: dict[tuple[str, bool], int] = {}
        for part in counted.parts:
            nth = seen[part.control, part.open] = seen.get((part.control, part.open), 0) + 1
            ranked.append((-level, not part.open, nth, part.uid, part))
    return [part for *_, part in sorted(ranked)]


def _evidence(part: Part, crowd: Crowd) -> Evidence:
    """A finding as evidence: its id is that of the finding."""
    return Evidence(part.start or crowd.start, part.uid, "gapwatch", part.home, operation=part.control)
