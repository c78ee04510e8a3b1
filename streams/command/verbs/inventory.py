"""The commands that say what should be: `declare`, `exceptions`, `learn`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import Config, Csv, Data, Instance, Json, settings_of
from streams.site.errors import Stop

HEADING = "Say what should be"


@app.command(short_help="Tell a run what should be: owners, status, approved tools.")
def declare(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Inventory files, folders (YAML, JSON), or - for stdin."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the files, say what would change, and send nothing.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Do not ask, even where findings of high or critical severity close by it."
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take back what the files do not mention, exceptions too.")
    ] = False,
    example: Annotated[bool, typer.Option("--example", help="Print a commented example and end.")] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Tell a run what should be: owners, aliases, status, windows, approved tools (docs/inventory.md).

    All files are checked first; nothing is sent if one of them is wrong. Before it sends, the command says
    what will change: fields, and findings that open, close or are suppressed. A record changes only the
    fields that it mentions; null takes a field back.

    \b
    Example:  gapwatch declare --example > inventory.yaml
    Example:  gapwatch declare inventory.yaml
    """
    from streams.command.declaring import EXAMPLE
    from streams.command.declaring import declare as declare_paths

    if example:
        typer.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)
        return
    if not paths:
        raise Stop("Name an inventory file, or a folder of them. --example prints one.", code=2)
    ask = typer.confirm if sys.stdin.isatty() and "-" not in paths else None
    declare_paths(settings_of(config, data), paths, dry_run, yes, replace, ask)


@app.command(short_help="List exceptions: what each suppresses, and when it ends.")
def exceptions(
    withdraw: Annotated[
        str | None, typer.Option(help="Withdraw the exception of this id.", metavar="ID")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it is withdrawn.", metavar="TEXT")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a withdrawal changes.")] = False,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """List the exceptions that were declared: what each suppresses now, until when it holds, who answers.

    \b
    Example:  gapwatch exceptions
    Example:  gapwatch exceptions --withdraw ex-1a2b3c4d --reason "the migration is over"
    """
    from streams.command.exceptions import LISTED, withdrawn
    from streams.command.tabled import show

    settings = settings_of(config, data)
    if withdraw is None:
        columns = (
            "id",
            "state",
            "control",
            "identity",
            "place",
            "action",
            "owner",
            "until",
            "suppresses",
            "reason",
        )
        show(settings, LISTED, {}, columns, json, csv, "No exception was declared.")
        return
    if not reason.strip():
        raise Stop("Say why: --reason TEXT.", code=2)
    from streams.command.declaring import declare_messages

    declare_messages(settings, [withdrawn(settings, withdraw, reason)], dry_run, yes=True)


@app.command(short_help="Draft an inventory of what was seen, for a person to edit.")
def learn(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH",
            help="Log files to learn from. Without any, the draft is made from what a run knows.",
        ),
    ] = None,
    instance: Instance = None,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Draft an inventory of what was seen: places, tools, scopes, secrets and images of each identity that no
    record declares, and, as comments, how often each source speaks.

    The draft approves nothing. Every entry has a line `review: …`, and `declare` refuses the entry until a
    person has removed that line.

    \b
    Example:  gapwatch learn > draft.yaml
    """
    from streams.command.learn import learn as write

    write(settings_of(config, data), paths or [], instance, json, csv)
