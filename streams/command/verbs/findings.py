"""The commands that show findings: `findings`, `explain`, `changes`, `summary`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import Config, Csv, Data, Finding, Json, one_of, settings_of

HEADING = "Read what was found"
LIMIT = 100_000
"""Findings that a list has at most."""


@app.command()
def findings(
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing new findings until Ctrl-C.")
    ] = False,
    open_: Annotated[
        bool, typer.Option("--open", help="Only open findings, be they acknowledged or not.")
    ] = False,
    severity: Annotated[
        str | None,
        typer.Option(help="Only findings of this severity; high+ means high and critical.", metavar="WORD"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only findings with evidence since this time: 24h (ago), yesterday, or RFC 3339.",
            metavar="TIME",
        ),
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only findings about identities of this owner.", metavar="NAME")
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="Only findings of this control.", metavar="NAME")
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(help="Only findings about identities whose key contains this.", metavar="TEXT"),
    ] = None,
    below: Annotated[
        bool,
        typer.Option(
            "--below", help="Also the findings that one finding stands for (many of the same cause)."
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option(help="Show at most this many findings.", metavar="N", min=1, max=LIMIT)
    ] = LIMIT,
    sort: Annotated[
        str,
        typer.Option(help="Sort by severity, time, changed (last change first) or owner.", metavar="WORD"),
    ] = "severity",
    table: Annotated[bool, typer.Option("--table", help="Show a table with states and notes.")] = False,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show the findings of a run, the worst first. With --json each finding is shown whole (OCSF).

    \b
    Example:  gapwatch findings --follow --control revoked_credential_used
    Example:  gapwatch findings --open --severity high+ --since 24h --csv
    """
    from streams.command.listing import Wanted, check_control, show_findings
    from streams.command.worklist import Asked, show_worklist

    one_of(json, csv)
    settings = settings_of(config, data)
    every = below or json or csv or table
    # Of a list without a limit those below a story are counted, so they are asked for as well.
    asked = Asked(open_, severity, since, owner, control, identity, every or limit == LIMIT, limit, sort)
    if csv or table:
        check_control(control)
        show_worklist(settings, asked, csv)
        return
    show_findings(settings, follow, Wanted(control, identity, every), json, asked)


@app.command(short_help="Show the evidence behind a finding, and what to do.")
def explain(
    finding: Finding,
    rederive: Annotated[
        bool,
        typer.Option("--rederive", help="Derive it again from what is stored; exit code 1: not equal."),
    ] = False,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show the evidence behind a finding: which credentials were issued to whom, when they ended, and who has
    used them since.

    Shows the lineage of the credentials (which are still alive, and until when), the timeline, the number of
    uses since the end, and what to do next. --csv has the timeline alone.

    \b
    Example:  gapwatch explain 3f2a9c
    Example:  gapwatch explain 3f2a9c --rederive
    """
    from streams.command.explain import explain as tell

    if rederive:
        from streams.command.rederive import rederive as derive

        raise typer.Exit(0 if derive(settings_of(config, data), finding, json) else 1)

    tell(settings_of(config, data), finding, json, csv)


@app.command(short_help="Show which findings opened, closed or changed since a time.")
def changes(
    since: Annotated[
        str, typer.Option(help="Since when: 24h (ago), yesterday, or RFC 3339.", metavar="TIME")
    ] = "yesterday",
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show which findings opened, closed, opened again, got worse or were suppressed; the newest first.

    \b
    Example:  gapwatch changes --since yesterday
    """
    from streams.command.worklist import changes as tell

    tell(settings_of(config, data), since, json, csv)


@app.command(short_help="Count the findings, and show what could not be verified.")
def summary(json: Json = False, csv: Csv = False, config: Config = None, data: Data = None) -> None:
    """Count the findings of each severity that are open, acknowledged, closed, suppressed and resolved, and
    show what could not be verified.

    \b
    Example:  gapwatch summary
    """
    from streams.command.worklist import summary as tell

    tell(settings_of(config, data), json, csv)
