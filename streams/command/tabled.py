"""Rows of an answer as a table for people, JSON lines for programs, CSV for spreadsheets."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rich.table import Table

from streams.clickhouse import query
from streams.screen.show import SEVERITY, Screen
from streams.site.errors import Stop
from streams.site.foreign import for_cell, for_json, shown
from streams.site.settings import Settings

_STYLES = dict(SEVERITY.values()) | {"informational": "cyan"}


def show(
    settings: Settings,
    sql: str,
    parameters: Mapping[str, str],
    columns: Sequence[str],
    as_json: bool,
    as_csv: bool,
    nothing: str,
) -> int:
    """Prints the answer to a query and returns how many rows it has. ``columns``: those that people see;
    ``nothing``: what is said where there is no row."""
    return show_rows(query.rows(settings, sql, parameters), columns, as_json, as_csv, nothing)


def show_rows(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], as_json: bool, as_csv: bool, nothing: str
) -> int:
    """Prints rows; see ``show``. JSON has all columns, CSV those of the table."""
    if as_json and as_csv:
        raise Stop("One of --json and --csv.", code=2)
    if as_json:
        for row in rows:
            sys.stdout.write(for_json(orjson.dumps(row).decode()) + "\n")
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([for_cell(_cell(row.get(name))) for name in columns] for row in rows)
    else:
        _table(rows, columns)
    sys.stdout.flush()
    if not rows:
        print(nothing, file=sys.stderr)
    return len(rows)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    screen = Screen()
    if not screen.is_terminal:
        for row in rows:
            print("\t".join(shown(_cell(row.get(name))) for name in columns))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        style = _STYLES.get(str(row.get("severity", "")), "")
        table.add_row(*(_cell(row.get(name)) for name in columns), style=style if style == "dim" else None)
    screen.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return str(value)
