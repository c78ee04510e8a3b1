"""The board: what is open now, worst first, within the size of a screen.

It remembers the last word of each finding, so it can say what has become of one, and what is open is counted
here as everywhere: what stands below a story, or is informational, is counted and not listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from streams.kafka.feed import Finding
from streams.screen.show import SEVERITY, SHORT_ID, state_of, story_of
from streams.site.foreign import shown

INFORMATIONAL = 1
LINES_EACH = 2
"""Lines that a listed finding takes at most: the whole stands in `explain`."""
WIDE = 60
"""Columns of a screen from which on a line also holds an id."""


@dataclass
class Board:
    """The findings of a run by id, as each was said last."""

    _last: dict[str, Finding] = field(default_factory=dict)

    def take(self, finding: Finding) -> str | None:
        """Remembers a finding; returns what has become of it in words, "" for a new one, None for one that
        was said word for word before."""
        uid = str((finding.get("finding_info") or {}).get("uid", ""))
        before = self._last.get(uid)
        self._last[uid] = finding
        if finding == before:
            return None
        now = state_of(finding)
        if before is None or state_of(before) != now:
            return "re-opened" if before and not now else now
        severity, was = _severity(finding), _severity(before)
        if now or severity == was:
            return "updated"
        return f"{'got worse' if severity > was else 'less severe'}, was {SEVERITY[was][0]}"

    def open(self) -> list[Finding]:
        """Returns what is open and to be looked at, worst first, the latest first among equals."""
        many = [
            f
            for f in self._last.values()
            if not state_of(f) and not story_of(f) and _severity(f) > INFORMATIONAL
        ]
        return sorted(many, key=lambda f: (-_severity(f), -int(f.get("end_time") or 0), _uid(f)))

    def counts(self) -> str:
        """Returns all of them in one line: open ones by severity, then what is counted and not listed."""
        open_ = Counter(_severity(f) for f in self.open())
        parts = [f"{open_[level]:,} {SEVERITY[level][0]}" for level in sorted(open_, reverse=True)]
        others = Counter(self._others())
        rest = [f"{count:,} {what}" for what, count in sorted(others.items()) if count]
        return "; ".join(
            part for part in (", ".join(parts) + " open" if parts else "", ", ".join(rest)) if part
        )

    def _others(self) -> Iterator[str]:
        for finding in self._last.values():
            if state := state_of(finding).partition(":")[0]:
                yield state
            elif story_of(finding):
                yield "below a story"
            elif _severity(finding) <= INFORMATIONAL:
                yield "informational"

    def lines(self, console: Console, width: int, room: int) -> list[Text]:
        """Returns the open findings within so many lines, and how many there was no room for."""
        many = self.open()
        found: list[Text] = []
        listed = 0
        for finding in many:
            line = entry(console, finding, width, LINES_EACH if width >= WIDE else 1)
            last = 1 if len(many) - listed > 1 and room > 1 else 0
            if len(found) + len(line) > room - last:
                break
            found.extend(line)
            listed += 1
        if left := len(many) - listed:
            found.append(Text(f"… and {left:,} more", "dim"))
        return found[:room]


def entry(console: Console, finding: Finding, width: int, lines: int) -> list[Text]:
    """Returns a finding as at most so many lines: severity, id (where there is room), title, cut off with an
    ellipsis."""
    info = finding.get("finding_info") or {}
    word, style = SEVERITY.get(_severity(finding), SEVERITY[0])
    head = Text(f"{word:<8}  ", style="")
    head.stylize(style, 0, len(word))
    if width >= WIDE:
        head.append(f"{_uid(finding)[:SHORT_ID]:<{SHORT_ID}}  ", "dim")
    titled = broken(console, shown(str(info.get("title", ""))), max(width - len(head), 10), lines)
    return [(head if n == 0 else Text(" " * len(head))) + line for n, line in enumerate(titled)]


def broken(console: Console, said: str, width: int, lines: int) -> list[Text]:
    """Returns a sentence as at most so many lines, cut off with an ellipsis."""
    wrapped = list(Text(said).wrap(console, width, overflow="fold"))
    for line in wrapped:
        line.rstrip()
    if len(wrapped) > lines:
        last = Text(" ").join(wrapped[lines - 1 :])
        last.truncate(width, overflow="ellipsis")
        wrapped = [*wrapped[: lines - 1], last]
    return wrapped


def _severity(finding: Finding) -> int:
    level = finding.get("severity_id")
    return level if isinstance(level, int) and level in SEVERITY else 0


def _uid(finding: Finding) -> str:
    return shown(str((finding.get("finding_info") or {}).get("uid", "")))
