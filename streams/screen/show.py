"""How a finding looks to people: one line, its severity in colour on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from streams.kafka.feed import Finding
from streams.site.foreign import shown, shown_lines

SEVERITY = {
    0: ("unknown", "dim"),
    1: ("info", "cyan"),
    2: ("low", "blue"),
    3: ("medium", "yellow"),
    4: ("high", "red"),
    5: ("critical", "bold white on red"),
    6: ("fatal", "bold white on red"),
}
SHORT_ID = 8
"""Characters of an id that are shown: what `gapwatch explain` takes, and enough among millions."""
INDENT = 4
"""Columns by which a finding's second line stands in, so that the eye finds where the next one begins."""
CLOSED = 3
"""OCSF activity_id of a finding that was closed; 2 is an update, 1 a new one."""
SUPPRESSED, RESOLVED = 3, 4
"""OCSF status_id of a finding that is not open."""


class Screen(Console):
    """Standard output (or standard error), through which everything goes that people read: no markup, and
    nothing in it is obeyed by a terminal.

    That nobody reads it any more is left to the command line: rich calls it an error.
    """

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, stderr=stderr)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yields the segments to print, with whatever a terminal could obey made visible."""
        for segment in super().render(renderable, options):
            if segment.control is None and not (segment.text.isascii() and segment.text.isprintable()):
                yield Segment(shown_lines(segment.text), segment.style)
            else:
                yield segment

    def on_broken_pipe(self) -> None:
        """Raises BrokenPipeError, so that the command ends quietly where others handle it."""
        raise BrokenPipeError


def state_of(finding: Finding) -> str:
    """Returns what has become of a finding that is not open: ``suppressed: why``, ``ended``, ``withdrawn``;
    "" for an open one."""
    detail = shown(str(finding.get("status_detail") or ""))
    if finding.get("status_id") == SUPPRESSED:
        return f"suppressed: {detail}" if detail else "suppressed"
    if finding.get("status_id") == RESOLVED or finding.get("activity_id") == CLOSED:
        return detail or "ended"
    return ""


def finding_line(finding: Finding, word: str = "") -> Text:
    """Returns a finding as one line: `2026-11-22 10:00:00Z high 5d9b4f91 revoked_credential_used <title>`,
    with what has become of it: ``word``, where somebody remembers, else what stands in it."""
    info = finding.get("finding_info") or {}
    severity, style = SEVERITY.get(finding.get("severity_id", 0), SEVERITY[0])
    line = Text(no_wrap=False)
    line.append(evidence_time(finding) + "  ", "dim")
    line.append(f"{severity:<8}", style)
    line.append(f"  {shown(info.get('uid', ''))[:SHORT_ID]:<{SHORT_ID}}", "dim")
    line.append("  " + shown((info.get("analytic") or {}).get("uid", "?")) + "  ", "bold")
    line.append(shown(info.get("title", "")))
    if word := word or state_of(finding):
        closed = finding.get("status_id") == RESOLVED or finding.get("activity_id") == CLOSED
        line.append(f"  {'✓' if closed else '↻'} {word}", "green" if closed else "dim")
    return line


def print_finding(console: Console, finding: Finding, word: str = "") -> None:
    """Prints a finding: on a terminal broken at its width, elsewhere one line, for grep."""
    line = finding_line(finding, word)
    if console.is_terminal:
        line = Text("\n" + " " * INDENT).join(line.wrap(console, console.width - INDENT, overflow="fold"))
    console.print(line, soft_wrap=True)


def story_of(finding: Finding) -> str:
    """Returns the id of the finding of many below which this one stands, "" for none."""
    return str((finding.get("unmapped") or {}).get("story") or "")


def evidence_time(finding: Finding) -> str:
    """Returns when the last evidence happened, in UTC; OCSF times are milliseconds."""
    moment = finding.get("end_time") or finding.get("time")
    if not isinstance(moment, (int, float)):
        return " " * 20
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
