"""`gapwatch findings`, `controls` and `sources`: for people as lines, for programs as JSON."""

from __future__ import annotations

import sys
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from streams import datafolder, query
from streams.feed import Feed, Finding
from streams.settings import Settings
from streams.show import print_finding

POLL_SECONDS = 0.5


def show_findings(
    settings: Settings, follow: bool, control: str | None, identity: str | None, as_json: bool
) -> None:
    """Prints what is stored, then with `follow` what comes on the alert topic, until Ctrl-C."""
    console = Console(highlight=False)
    feed = Feed(datafolder.attached(settings), from_start=False) if follow else None
    try:
        for finding in query.findings(settings, control, identity):
            _print(console, finding, as_json)
        while feed is not None:
            for finding in feed.poll(POLL_SECONDS):
                if _wanted(finding, control, identity):
                    _print(console, finding, as_json)
    except KeyboardInterrupt:
        return
    finally:
        if feed is not None:
            feed.close()


def _wanted(finding: Finding, control: str | None, identity: str | None) -> bool:
    if control and finding["finding_info"]["analytic"]["uid"] != control:
        return False
    resources = finding.get("resources") or [{}]
    return not identity or identity in str(resources[0].get("uid", ""))


def _print(console: Console, finding: Finding, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(finding).decode() + "\n")
    else:
        print_finding(console, finding)
    sys.stdout.flush()


def show_controls(as_json: bool) -> None:
    """Every control in the folder, with the first line of its rule text."""
    from correlators.kernel.catalogue import controls

    rows = []
    for name, module in controls().items():
        text = (module.__doc__ or "").strip()
        rows.append({"control": name, "version": module.CONTROL.version, "rule": text})
    _show(rows, ("control", "version", "rule"), as_json)


def show_sources(as_json: bool) -> None:
    """Every source in the folder, with the first line of what it says of itself, and its topic."""
    from schemas.sources import sources

    rows = [
        {"source": name, "topic": f"raw.{name}", "reads": (module.__doc__ or "").strip()}
        for name, module in sorted(sources().items())
    ]
    _show(rows, ("source", "topic", "reads"), as_json)


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        for row in rows:
            print(orjson.dumps(row).decode())
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column != columns[-1])
    for row in rows:
        table.add_row(*(str(row[column]).partition("\n")[0] for column in columns))
    Console(highlight=False).print(table)
