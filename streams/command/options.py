"""The options and arguments that several commands have, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.site.errors import Stop

if TYPE_CHECKING:
    from streams.site.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Data folder of the run.", metavar="DIR", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option(help="Settings file (TOML).", metavar="FILE", show_default=False, dir_okay=False),
]

Csv = Annotated[bool, typer.Option("--csv", help="CSV with a header, for spreadsheets.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]

Files = Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders, .gz, or - for stdin.")]
Source = Annotated[
    str | None, typer.Option(help="Read every record as a record of this source.", metavar="NAME")
]
Instance = Annotated[
    str | None,
    typer.Option(
        help="Installation that the records are from, for example a cluster.",
        metavar="NAME",
        show_default=False,
    ),
]

Finding = Annotated[
    str, typer.Argument(metavar="FINDING", help="Id of a finding, or the beginning of its id.")
]
Reason = Annotated[str, typer.Option(help="Why.", metavar="TEXT")]
By = Annotated[
    str | None, typer.Option(help="Who says so; default: the user who is logged in.", metavar="NAME")
]
Until = Annotated[
    str | None, typer.Option(help="Until when it holds: 7d (from now), or RFC 3339.", metavar="TIME")
]


def one_of(json: bool, csv: bool) -> None:
    """Raises Stop where both are asked for."""
    if json and csv:
        raise Stop("One of --json and --csv.", code=2)


def settings_of(config: Path | None, data: Path | None) -> Settings:
    """Returns the settings of a command: its options, the environment and the settings file together."""
    from streams.site.loading import load

    return load(config, data=data)
