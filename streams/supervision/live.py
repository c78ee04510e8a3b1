"""The live view of `gapwatch run`: what is open stays in view, worst first, with what to type next; on a
small screen less of it. What is loud also scrolls by, so that it stays in the terminal's memory.

Where stdout is no terminal every finding is written as a plain line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from streams.kafka.feed import Feed, Finding
from streams.screen.board import INFORMATIONAL, WIDE, Board, broken
from streams.screen.show import SHORT_ID, Screen, print_finding, story_of
from streams.site import metrics
from streams.site.datafolder import Instance
from streams.site.disk import trouble_with
from streams.supervision.process import StageProcess

LINES_MIN = 4
STARTING = "Starting"
"""How the note of a run begins that is not up yet."""
LOW, HIGH, HIGHEST = 8, 16, 40
"""Lines of a screen from which on it also says what to type, the stages and counts, and the addresses."""
SAID_LINES = 2
"""Lines that the counts of findings take at most."""
COUNT_SECONDS = 1.0
"""Collecting the numbers of all processes takes milliseconds; more often than this nobody reads them."""
SAY_AGAIN_SECONDS = 60.0
STUCK = "ClickHouse has taken nothing for {:.0f} s; nothing is lost, its log says what it answers"
COLUMNS = (
    ("records", "gapwatch_records_total"),
    ("activities", "gapwatch_activities_total"),
    ("rejects", "gapwatch_rejects_total"),
)


@dataclass
class View:
    """Shows a run. `feed` is set once the topics are there."""

    instance: Instance
    registry: CollectorRegistry
    console: Console = field(default_factory=Screen)
    feed: Feed | None = None
    program: str = "gapwatch"
    """How the command line is called from here."""
    data: str = ""
    """The option that names the data folder to it, where that is not the default."""
    board: Board = field(default_factory=Board)
    folder: Path | None = None
    """The data folder, whose disk may be full."""
    _live: Live | None = None
    _done: bool = False
    _note: str = f"{STARTING} …"
    _began: float = field(default_factory=time.monotonic)
    _stages: list[StageProcess] = field(default_factory=list)
    _totals: dict[tuple[str, str], float] = field(default_factory=dict)
    _counted: float = 0.0
    _stuck: float = 0.0
    _said_stuck: float = -60.0

    def start(self) -> None:
        """Begins to draw the status line, where the output is a terminal."""
        if self.console.is_terminal:
            self._live = Live(self, console=self.console, auto_refresh=False, transient=True)
            self._live.start()

    def stop(self) -> None:
        """Takes the status line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def status(self, line: str) -> None:
        """Shows what the run is doing now: below the findings on a terminal, a line of its own elsewhere."""
        self._note = line
        if self._live is None:
            self._print(Text(line))
        else:
            self._live.refresh()

    def error(self, stage: str, line: str) -> None:
        """Prints an error line of a stage."""
        self._print(Text.assemble(("! ", "bold red"), (f"{stage}: ", "bold"), line))

    def show(self, finding: Finding) -> None:
        """Takes a finding: on a terminal only what is loud and new, or has become something else, scrolls by
        above the screen; elsewhere every one is a line."""
        word = self.board.take(finding)
        if word is None or story_of(finding):
            return
        loud = finding.get("severity_id", 0) > INFORMATIONAL and word != "updated"
        if self._live is None or loud:
            print_finding(self.console, finding, word)
            self._flush()

    def samples_done(self) -> None:
        """Says that the samples were sent, read, judged and stored, what they showed, and what to type
        next."""
        self._done = True
        self._print(Text.assemble(("samples done: ", "bold"), self.board.counts() or "nothing found"))
        for line in self._next():
            self._print(line)
        if self._live is not None:
            self._live.refresh()

    def _next(self) -> Iterator[Text]:
        """What to type next: which are open, and the whole of the worst."""
        if self.instance.sql:
            worst = next((str(f["finding_info"]["uid"])[:SHORT_ID] for f in self.board.open()), "ID")
            yield Text.assemble(("next  ", "bold"), f"{self.program} explain{self.data} {worst}")
            yield Text.assemble(("all   ", "bold"), f"{self.program} findings{self.data}")

    def refresh(self, running: list[StageProcess]) -> None:
        """Shows what is new; called a few times a second."""
        self._stages = running
        for finding in self.feed.poll() if self.feed else ():
            self.show(finding)
        if time.monotonic() - self._counted >= COUNT_SECONDS:
            self._counted = time.monotonic()
            self._totals = metrics.totals(self.registry)
            self._say_if_stuck()
            if self._live is not None:
                self._live.refresh()

    def _say_if_stuck(self) -> None:
        self._stuck = metrics.stuck_for(self._totals, time.time())
        if self._stuck and time.monotonic() - self._said_stuck > SAY_AGAIN_SECONDS:
            self._said_stuck = time.monotonic()
            trouble = trouble_with(self.folder) if self.folder else ""
            self.error("deliver", trouble or STUCK.format(self._stuck))

    def say_where(self) -> None:
        """Prints the addresses, once, as lines that stay in the scrollback."""
        for name, where in self._addresses():
            self._print(Text.assemble((f"  {name:<12}", "bold"), where))

    def _print(self, line: Text) -> None:
        self.console.print(line, soft_wrap=self._live is None)
        self._flush()

    def _flush(self) -> None:
        if not self.console.is_terminal:
            sys.stdout.flush()

    def _addresses(self) -> list[tuple[str, str]]:
        instance = self.instance
        topic = f"{instance.topic_prefix}findings"
        rows = [("alert topic", f"{topic} on kafka://{instance.broker}")]
        if instance.sql:
            rows.append(("SQL", instance.sql))
        rows.append(("metrics", instance.metrics))
        if instance.sql:
            rows.append(("ask", f"{self.program} sql{self.data} 'SHOW TABLES'"))
            rows.append(("explain", f"{self.program} explain{self.data} ID"))
        return rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields the screen, a line less than the terminal is high."""
        width, height = console.size
        for line in self.lines(width, max(height - 1, LINES_MIN)):
            line.no_wrap, line.overflow = True, "ellipsis"
            yield line

    def lines(self, width: int, height: int) -> list[Text]:
        """Returns the screen as at most so many lines: on a small one what is open, and what to type."""
        small = width < WIDE or height < HIGH
        read = self._total(COLUMNS[0][1]) or self.board.counts()
        if self._note.startswith(STARTING) and not read and self._stages:
            # Nothing was read yet, and nobody can be asked.
            seconds = f" {time.monotonic() - self._began:.0f} s"
            waiting = Text.assemble(("gapwatch  ", "bold"), (self._note + seconds, "dim"))
            return [waiting, self._stage_line(), Text("Ctrl-C stops everything", "dim")][:height]
        head = [Text.assemble(("gapwatch  ", "bold"), (self._note, "dim"))]
        foot = list(self._next()) if height >= LOW else []
        if not small:
            head.append(self._stage_line())
            foot += [self._counters(), Text("Ctrl-C stops everything", "dim")]
            if height >= HIGHEST:
                foot += [
                    *self._sources(),
                    *(Text(f"{name:<12} {where}") for name, where in self._addresses()),
                ]
        said = ("samples done: " if self._done else "") + (self.board.counts() or "no findings so far")
        for line in broken(self.console, said, width, SAID_LINES):
            line.stylize("bold")
            head.append(line)
        room = height - len(head) - len(foot) - (0 if small else 2)
        found = self.board.lines(self.console, width, max(room, 1))
        gap = [] if small else [Text("")]
        return [*head, *gap, *found, *gap, *foot][:height]

    def _stage_line(self) -> Text:
        line = Text()
        for stage in self._stages:
            mark, style = ("●", "green") if stage.ready else ("○", "yellow")
            if not stage.process or (stage.name == "deliver" and self._stuck):
                mark, style = ("●", "red")
            line.append(f"{mark} ", style)
            line.append(f"{stage.label}  ")
        return line

    def _counters(self) -> Text:
        read, activities, rejects = (self._total(metric) for _, metric in COLUMNS)
        stored = self._total("gapwatch_rows_total")
        return Text(
            f"{read:,.0f} records read, {activities:,.0f} activities, {rejects:,.0f} rejects; "
            f"{stored:,.0f} rows stored",
            "dim",
        )

    def _sources(self) -> Iterator[Text]:
        """How much of each source was read."""
        for source in sorted({label for name, label in self._totals if name == COLUMNS[0][1]}):
            counts = (f"{self._totals.get((metric, source), 0):,.0f} {title}" for title, metric in COLUMNS)
            yield Text(f"{source:<12} {', '.join(counts)}")

    def _total(self, metric: str) -> float:
        return sum(value for (name, _), value in self._totals.items() if name == metric)
