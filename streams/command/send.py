"""`gapwatch send`: raw log files into the raw topics, each record as the vendor wrote it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from schemas.authority import INVENTORY
from schemas.sources import DECLARATION, detect, sources
from streams.files.limits import limits_of
from streams.files.paths import STANDARD_INPUT, Reader, files
from streams.kafka.producing import RawProducer
from streams.screen.show import Screen
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings

PROGRESS_RECORDS = 500
"""Records between two moves of the progress bar."""


def send(
    settings: Settings,
    paths: Sequence[str],
    source: str | None = None,
    instance: str | None = None,
    speed: float | None = None,
) -> Counter[str]:
    """Sends all records and returns how many of each source; what was passed over is named on stderr.

    Raises Stop for a source or path that does not exist, where intake is closed, and where nothing held
    records.
    """
    if source is not None and source not in sources():
        raise Stop(f"There is no source {source}. The sources are {', '.join(sorted(sources()))}.", code=2)
    if source == INVENTORY:
        raise Stop("An inventory is no log: gapwatch declare checks it and says what it changes.", code=2)
    settings = datafolder.attached(settings)
    named = {str(Path(path)) for path in paths}
    console = Screen(stderr=True)
    counts: Counter[str] = Counter()
    declared: set[str] = set()
    with progress(console) as (bar, task):
        reader = Reader(
            *(detect, settings.record_limit, source),
            lambda name: _passed_over(bar.console, name),
            limits_of(settings),
        )
        producer = RawProducer(settings, datafolder.run_folder(settings), speed)
        found = list(files(paths))
        bar.update(task, total=len(found))
        for path in found:
            bar.update(
                task,
                description=escape(shown(path.name)) if str(path) != STANDARD_INPUT else "standard input",
            )
            for kind, piece in reader.read(path, str(path) in named):
                if piece.trouble:
                    bar.console.print(shown(f"{piece.place}: {piece.trouble}"), soft_wrap=True)
                if kind in (INVENTORY, DECLARATION):
                    declared.add(str(path))
                elif piece.content:
                    producer.send(kind, piece.content, instance)
                    counts[kind] += 1
                if not counts.total() % PROGRESS_RECORDS:
                    bar.update(task, sent=counts.total())
            bar.update(task, advance=1, sent=counts.total())
        producer.finish()
    for name in sorted(declared):
        console.print(
            shown(f"{name}: an inventory, not sent. gapwatch declare checks it first"), soft_wrap=True
        )
    if not found:
        raise Stop(f"There is no file in {', '.join(paths)}.", code=2)
    if not counts and not declared:
        raise Stop(
            f"No source knows a record in {', '.join(paths)}. Name one with --source to send it anyway."
        )
    return counts


def _passed_over(console: Console, name: str) -> None:
    console.print(shown(f"{name}: holds no records, passed over"), soft_wrap=True)


@contextmanager
def progress(console: Console) -> Iterator[tuple[Progress, TaskID]]:
    """Yields a bar on stderr that counts files and records, only where stderr is a terminal."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files  {task.fields[sent]:,} records"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        yield bar, bar.add_task("", total=None, sent=0)
