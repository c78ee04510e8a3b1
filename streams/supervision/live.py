"""The live view of `gapwatch run`: findings scroll by, counters and addresses stay below them.

Where stdout is no terminal the same is written as plain lines.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streams.kafka.feed import Feed, Finding
from streams.screen.show import Screen, print_finding, story_of
from streams.site import metrics
from streams.site.datafolder import Instance
from streams.supervision.process import StageProcess

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
    _live: Live | None = None
    _note: str = "Starting …"
    _stages: list[StageProcess] = field(default_factory=list)
    _totals: dict[tuple[str, str], float] = field(default_factory=dict)
    _counted: float = 0.0
    _findings: int = 0
    _below: int = 0
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
        """Prints a finding above the status line."""
        self._findings += 1
        if story_of(finding):
            self._below += 1
            return
        print_finding(self.console, finding)
        self._flush()

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
            self.error("deliver", STUCK.format(self._stuck))

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

    def __rich__(self) -> RenderableType:
        head = Text.assemble(("gapwatch ", "bold"), (self._note, "dim"))
        return Group(Text(""), head, self._stage_line(), self._counters(), self._where())

    def _stage_line(self) -> Text:
        line = Text()
        for stage in self._stages:
            mark, style = ("●", "green") if stage.ready else ("○", "yellow")
            if not stage.process or (stage.name == "deliver" and self._stuck):
                mark, style = ("●", "red")
            line.append(f"{mark} ", style)
            line.append(f"{stage.label}  ")
        return line

    def _counters(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("source")
        for title, _ in COLUMNS:
            table.add_column(title, justify="right")
        sources = sorted({label for name, label in self._totals if name == COLUMNS[0][1]})
        for source in sources:
            counts = (f"{self._totals.get((metric, source), 0):,.0f}" for _, metric in COLUMNS)
            table.add_row(source, *counts)
        return table

    def _total(self, metric: str) -> float:
        return sum(value for (name, _), value in self._totals.items() if name == metric)

    def _where(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        facts, rows = self._total("gapwatch_facts_total"), self._total("gapwatch_rows_total")
        below = f" ({self._below:,} of them below a story)" if self._below else ""
        words = f"{self._findings:,} said{below}, from {facts:,.0f} facts; {rows:,.0f} rows stored"
        table.add_row(Text("findings", "bold"), words)
        for name, where in self._addresses():
            table.add_row(Text(name, "bold"), Text(where))
        table.add_row("", Text("Ctrl-C stops everything", "dim"))
        return table
