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
    open_: Annotated[bool, typer.Option("--open", help="Only open findings, acknowledged ones too.")] = False,
    severity: Annotated[
        str | None,
        typer.Option(help="Only findings of this severity; high+: high and above.", metavar="WORD"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only findings with evidence since then: 24h, yesterday, a time.", metavar="TIME"),
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
        bool, typer.Option("--below", help="Also findings that stand below a story (one finding for many).")
    ] = False,
    limit: Annotated[
        int, typer.Option(help="At most so many findings.", metavar="N", min=1, max=LIMIT)
    ] = LIMIT,
    sort: Annotated[str, typer.Option(help="severity, time, changed or owner.", metavar="WORD")] = "severity",
    table: Annotated[bool, typer.Option("--table", help="As a table, with states and notes.")] = False,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show the findings of a run, the worst first. With --json all of them, whole.

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


@app.command(short_help="What became of findings since a time.")
def changes(
    since: Annotated[str, typer.Option(help="24h, yesterday, a time.", metavar="TIME")] = "yesterday",
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


@app.command(short_help="How much is open, and what could not be verified.")
def summary(json: Json = False, csv: Csv = False, config: Config = None, data: Data = None) -> None:
    """Show how many findings are open, acknowledged, closed, suppressed and resolved, by severity; and what
    could not be verified.

    \b
    Example:  gapwatch summary
    """
    from streams.command.worklist import summary as tell

    tell(settings_of(config, data), json, csv)
