"""The commands that say what becomes of a finding: `ack`, `assign`, `comment`, `close`, `reopen` and
`suppress`.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import By, Config, Data, Finding, Reason, Until, settings_of

HEADING = "Say what becomes of a finding"


@app.command(short_help="Acknowledge a finding.")
def ack(
    finding: Finding,
    reason: Reason = "",
    until: Until = None,
    by: By = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Note that somebody knows of a finding. The finding stays open.

    \b
    Example:  gapwatch ack 3f2a9c --reason "looking into it"
    """
    from streams.command.noting import note

    note(settings_of(config, data), "ack", finding, reason, by, until=until)


@app.command(short_help="Say who looks into a finding.")
def assign(
    finding: Finding,
    assignee: Annotated[str, typer.Argument(metavar="WHO")],
    reason: Reason = "",
    by: By = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Note who looks into a finding.

    \b
    Example:  gapwatch assign 3f2a9c ada
    """
    from streams.command.noting import note

    note(settings_of(config, data), "assign", finding, reason, by, assignee)


@app.command(short_help="Write something beside a finding.")
def comment(
    finding: Finding,
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    by: By = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Write something beside a finding.

    \b
    Example:  gapwatch comment 3f2a9c "the owner is on leave until Monday"
    """
    from streams.command.noting import note

    note(settings_of(config, data), "comment", finding, text, by)


@app.command(short_help="Close a finding as an analyst.")
def close(
    finding: Finding,
    reason: Reason = "",
    until: Until = None,
    by: By = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Close a finding as an analyst: it is no longer listed as open. Evidence that comes later opens it
    again. The finding itself, which rests on evidence, is not changed.

    \b
    Example:  gapwatch close 3f2a9c --reason "the key was ours, see T-4711"
    """
    from streams.command.noting import note

    note(settings_of(config, data), "close", finding, reason, by, until=until)


@app.command(short_help="Undo that a finding was closed or acknowledged.")
def reopen(
    finding: Finding, reason: Reason = "", by: By = None, config: Config = None, data: Data = None
) -> None:
    """Undo that a finding was closed or acknowledged.

    \b
    Example:  gapwatch reopen 3f2a9c --reason "it was another key"
    """
    from streams.command.noting import note

    note(settings_of(config, data), "reopen", finding, reason, by)


@app.command(short_help="Suppress a finding until a time, by an exception.")
def suppress(
    finding: Finding,
    until: Annotated[str, typer.Option(help="Until when: 7d (from now), or RFC 3339.", metavar="TIME")],
    reason: Reason = "",
    by: By = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the exception would suppress, and declare nothing.")
    ] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Declare an exception for the control and the identity of a finding, and say what it suppresses.

    \b
    Example:  gapwatch suppress 3f2a9c --until 14d --reason "migrated by then"
    """
    from streams.command.noting import suppress as tell

    ask = typer.confirm if sys.stdin.isatty() else None
    tell(settings_of(config, data), finding, reason, until, by, dry_run, ask)
