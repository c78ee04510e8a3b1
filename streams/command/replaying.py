"""What `gapwatch replay` adds for people: the moment in words, a progress bar, a summary on stderr."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from schemas.sources import sources
from streams.command.replay import Options, described, replay
from streams.command.replay_key import replay_key
from streams.screen.show import Screen
from streams.site import garbage
from streams.site.context import site_of
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings


@dataclass(frozen=True)
class Request:
    """The command line's words, not yet checked."""

    paths: list[str]
    inventories: list[str]
    source: str | None
    instance: str | None
    as_of: str | None
    rejects: Path | None
    assurance: Path | None
    activities: Path | None
    credentials: Path | None
    withdrawn: bool


def replay_paths(settings: Settings, request: Request) -> None:
    """Replays files: findings go to stdout, everything said to stderr. Raises Stop for a bad time, path or
    name."""
    written = (request.rejects, request.assurance, request.activities, request.credentials)
    key = replay_key(settings, (*request.inventories, *request.paths), written)
    options = Options(
        paths=tuple(request.paths),
        inventories=tuple(request.inventories),
        source=request.source,
        instance=request.instance or "default",
        as_of=moment(request.as_of) if request.as_of else None,
        rejects=request.rejects,
        assurance=request.assurance,
        activities=request.activities,
        credentials=request.credentials,
        withdrawn=request.withdrawn,
        site=site_of(settings, key),
    )
    sources()
    garbage.calm()
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,} records"),
        TimeElapsedColumn(),
        console=Screen(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("replay", total=None)
        summary = replay(options, sys.stdout.buffer, lambda records: bar.update(task, completed=records))
    print(described(summary), file=sys.stderr)
    if not summary.records:
        # "findings: none" alone would read as if all were well.
        searched = shown(", ".join(request.paths))
        print(f"Nothing was judged: no source knows a record in {searched}.", file=sys.stderr)


def moment(text: str) -> datetime:
    """Returns the moment of an RFC 3339 text; a time without a zone is UTC. Raises Stop."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(f"--as-of {text} is no time; write it like 2026-11-22T10:00:00Z.", code=2) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
