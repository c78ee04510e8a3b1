"""`gapwatch findings`, `controls` and `sources`: for people as lines, for programs as JSON."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from streams.clickhouse import query
from streams.command.tabled import show_rows
from streams.command.worklist import Asked
from streams.kafka.feed import Feed, Finding
from streams.screen.show import Screen, print_finding, story_of
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.foreign import for_json, shown
from streams.site.settings import Settings

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Wanted:
    """Which findings: of a control, of an identity with this in its key, and whether also those that stand
    below a story."""

    control: str | None = None
    identity: str | None = None
    below: bool = True

    def is_one(self, finding: Finding) -> bool:
        """Tells whether it is of this control and identity."""
        if self.control and finding["finding_info"]["analytic"]["uid"] != self.control:
            return False
        resources = finding.get("resources") or [{}]
        return not self.identity or self.identity in str(resources[0].get("uid", ""))

    def is_shown(self, finding: Finding) -> bool:
        """Tells whether it is to be printed."""
        return self.below or not story_of(finding)


def show_findings(
    settings: Settings, follow: bool, wanted: Wanted, as_json: bool, asked: Asked | None = None
) -> None:
    """Prints what is stored, the worst first, then with `follow` what comes on the alert topic, until
    Ctrl-C. ``asked``: which of what is stored, in which order."""
    check_control(wanted.control)
    asked = asked or Asked(control=wanted.control, identity=wanted.identity)
    console = Screen()
    feed = Feed(datafolder.attached(settings), from_start=False) if follow else None
    try:
        known = query.findings(settings, *asked.where(), asked.order())
        for finding in filter(wanted.is_shown, known):
            _print(console, finding, as_json)
        if left := sum(not wanted.is_shown(finding) for finding in known):
            print(f"{left:,} more stand below a story of many: --below shows them.", file=sys.stderr)
        if not known:
            print("No findings so far." if feed else "No findings.", file=sys.stderr)
        while feed is not None:
            for finding in feed.poll(POLL_SECONDS):
                if wanted.is_one(finding) and wanted.is_shown(finding):
                    _print(console, finding, as_json)
    except KeyboardInterrupt:
        return
    finally:
        if feed is not None:
            feed.close()


def check_control(name: str | None) -> None:
    """Raises Stop for a control that does not exist: nothing found would look as if all were well."""
    from correlators.kernel.catalogue import controls

    if name is not None and name not in controls():
        near = get_close_matches(name, controls(), n=1)
        hint = f"Did you mean {near[0]}?" if near else "`gapwatch controls` lists them."
        raise Stop(f"There is no control {name}. {hint}", code=2)


def _print(console: Console, finding: Finding, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(for_json(orjson.dumps(finding).decode()) + "\n")
    else:
        print_finding(console, finding)
    sys.stdout.flush()


def show_controls(as_json: bool, as_csv: bool = False) -> None:
    """Prints every control in the folder: the first sentence of its rule text and its maps; as JSON all of
    it."""
    from correlators.kernel.catalogue import controls

    rows = []
    for name, module in controls().items():
        text = (module.__doc__ or "").strip()
        row = {"control": name, "version": module.CONTROL.version, "title": module.CONTROL.title}
        maps = {"owasp": module.CONTROL.owasp, "attack": [uid for uid, _ in module.CONTROL.attack]}
        rows.append(row | {"rule": text} | maps | {"nist": module.CONTROL.nist, "csf": module.CONTROL.csf})
    _show(rows, ("control", "rule", "owasp", "attack"), as_json, as_csv)


def show_sources(as_json: bool, as_csv: bool = False) -> None:
    """Prints every source in the folder, with the first sentence of what it says of itself, and its topic."""
    from schemas.sources import sources

    rows = [
        {"source": name, "topic": f"raw.{name}", "reads": (module.__doc__ or "").strip()}
        for name, module in sorted(sources().items())
    ]
    _show(rows, ("source", "topic", "reads"), as_json, as_csv)


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, as_csv: bool) -> None:
    if as_json or as_csv:
        whole = rows if as_json else [{name: _cell(row[name]) for name in columns} for row in rows]
        show_rows(whole, columns, as_json, as_csv, "")
        return
    console = Screen()
    if not console.is_terminal:
        for row in rows:
            print("\t".join(shown(_cell(row[column])) for column in columns))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column == columns[0])
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    console.print(table)


def _cell(value: Any) -> str:
    """A list in one line, of a text its first sentence."""
    if not isinstance(value, str):
        return ", ".join(value)
    return " ".join(value.partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")
