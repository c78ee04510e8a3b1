"""The commands about one identity, agent or release: `timeline`, `tools`, `release`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import Config, Csv, Data, Json, settings_of

HEADING = "Read what was found"


@app.command(short_help="Show what an identity did, and what was done to it.")
def timeline(
    identity: Annotated[str, typer.Argument(metavar="IDENTITY", help="Its key, as findings show it.")],
    since: Annotated[
        str | None,
        typer.Option(help="Only events since this time: 24h (ago), yesterday, or RFC 3339.", metavar="TIME"),
    ] = None,
    limit: Annotated[
        int, typer.Option(help="Show the latest events, this many at most.", metavar="N", min=1, max=100_000)
    ] = 1_000,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show what an identity did, what was done to it, and the findings about it, the latest first. Events are
    from all sources and under all keys and credentials of the identity.

    \b
    Example:  gapwatch timeline aws:111122223333:user/payments --since 7d
    """
    from streams.command.timeline import timeline as tell

    tell(settings_of(config, data), identity, since, limit, json, csv)


@app.command(short_help="Show what an agent may call, was offered and called.")
def tools(
    agent: Annotated[
        str, typer.Argument(metavar="AGENT", help="The agent's key: agent:<service.name>/<name>.")
    ],
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show what an agent may call, what it was offered and what it called, tool by tool.

    Also shows the definition that the tool's server showed last, since when that definition differs from the
    approved one, and which tools were offered or carried out although no record approves them.

    \b
    Example:  gapwatch tools agent:desk/triage
    """
    from streams.command.tools import tools as tell

    tell(settings_of(config, data), agent, json, csv)


@app.command(short_help="Show what a release brought, and what is proven again since.")
def release(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="The release's id in the inventory, or a workload's key.")
    ],
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show what the workload of a release used before the release and what it has used since (images,
    networks, tools, access, secrets), and which controls have been proven again since.

    \b
    Example:  gapwatch release shop-1.4.2
    """
    from streams.command.release import release as tell

    tell(settings_of(config, data), name, json, csv)
