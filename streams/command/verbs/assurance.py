"""The commands of assurance: `ledger`, `safe-to-delete`, `blind-spots`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import Config, Csv, Data, Json, one_of, settings_of

HEADING = "Show it to others"


@app.command(short_help="What each control is worth now, with its last proof.")
def ledger(
    identity: Annotated[
        str | None, typer.Option(help="Only identities whose key contains this.", metavar="TEXT")
    ] = None,
    control: Annotated[str | None, typer.Option(help="Only this control.", metavar="NAME")] = None,
    value: Annotated[
        str | None,
        typer.Option(help="proven, violated, assumed, unverifiable or indeterminate.", metavar="WORD"),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="As it stood then: 24h, yesterday, a time.", metavar="TIME")
    ] = None,
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show what each control is worth now for each identity and subject: its last proof, until when that is
    good, the source it hangs on and how far that source has come (docs/assurance.md).

    \b
    Example:  gapwatch ledger --value assumed
    Example:  gapwatch ledger --identity payments --at 7d --json
    """
    from streams.command.ledger import ledger as tell

    one_of(json, csv)
    tell(settings_of(config, data), identity, control, value, at, json, csv)


@app.command("safe-to-delete", short_help="Whether a credential can be deleted without breaking anybody.")
def safe_to_delete(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="A credential or a rotated secret: its key, id or name.")
    ],
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Say whether a credential can be deleted: who used it last and from where, who has moved to its
    successor, what ends with it, and what nobody can see.

    Exit code 0: it is safe, and events prove it. 1: it is not safe. 2: it cannot be known (also where the
    name fits nothing, or several). 3: nothing runs that could answer. Delete on 0 alone.

    \b
    Example:  gapwatch safe-to-delete AKIAVEMQXQCPUZOGBQXD
    """
    from streams.command.deleting import safe_to_delete as tell

    raise typer.Exit(tell(settings_of(config, data), key, json))


@app.command("blind-spots", short_help="What cannot be verified, and what to switch on.")
def blind_spots(json: Json = False, csv: Csv = False, config: Config = None, data: Data = None) -> None:
    """Show which identities and controls cannot be verified and why, what to switch on, and how many rows of
    the ledger that would turn; what concerns the most privileged identities first.

    \b
    Example:  gapwatch blind-spots
    """
    from streams.command.ledger import blind_spots as tell

    one_of(json, csv)
    tell(settings_of(config, data), json, csv)
