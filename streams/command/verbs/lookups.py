"""The commands that look something up: `sql`, `controls`, `sources`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import Config, Csv, Data, Json, one_of, settings_of
from streams.site.errors import Stop

HEADING = "Look something up"


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="ClickHouse SQL, or - to read it from stdin.")
    ],
    json: Json = False,
    csv: Csv = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Ask ClickHouse. On the embedded engine queries can only read.

    \b
    Example:  gapwatch sql "SELECT control, count() FROM findings_current GROUP BY control"
    """
    from streams.clickhouse.query import ask
    from streams.screen.answer import CELLS, show_answer, show_cells

    one_of(json, csv)
    form = "JSONEachRow" if json else "PrettyCompact" if sys.stdout.isatty() else "TSVWithNames"
    text = sys.stdin.read() if query == "-" else query
    if not text.strip():
        raise Stop("The query is empty. Try: gapwatch sql 'SHOW TABLES'", code=2)
    answer = ask(settings_of(config, data), text, CELLS if csv else form)
    if csv:
        show_cells(answer, sys.stdout)
    else:
        show_answer(answer, json, sys.stdout)


@app.command(short_help="List the controls, and what each one fires on.")
def controls(json: Json = False, csv: Csv = False) -> None:
    """List the controls: what each one fires on, and what it maps to.

    With --json it shows the whole rule text: what fires the control, what proves it, how it is evaded, what
    is benign, and what to do.

    \b
    Example:  gapwatch controls --json
    """
    from streams.command.listing import show_controls

    show_controls(json, csv)


@app.command()
def sources(json: Json = False, csv: Csv = False) -> None:
    """List the sources whose records gapwatch can read.

    \b
    Example:  gapwatch sources
    """
    from streams.command.listing import show_sources

    show_sources(json, csv)
