"""`gapwatch tools`: what an agent may call, what it was offered, and what it called, side by side."""

from __future__ import annotations

import time
from typing import Any

from rich.table import Table

from correlators.kernel.views.tool_table import ToolRow, tool_table
from schemas.evidence import iso
from streams.command.explain import loader
from streams.command.lineage import Family
from streams.command.tabled import show_rows
from streams.screen.show import Screen
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings

DIGEST_SHOWN = 19
"""Letters of a digest in the table: its kind and 12 of it; ``--json`` has the whole, to be declared."""


def tools(settings: Settings, agent: str, as_json: bool, as_csv: bool = False) -> None:
    """Prints the table of an agent's tools. Raises Stop where nothing is known of it."""
    rows = tool_table(Family(loader(settings), time.time_ns() // 1000, settings.thresholds).view(agent))
    if not rows:
        raise Stop(
            f"Nothing is known of tools of {shown(agent)}. Its key is agent:<service.name>/<agent name>; "
            "`gapwatch sql` shows those that were seen: SELECT DISTINCT identity FROM activities."
        )
    if as_json or as_csv:
        many = [written(row) for row in rows]
        show_rows(many, tuple(many[0]), as_json, as_csv, "")
        return
    Screen().print(drawn(rows))


def written(row: ToolRow) -> dict[str, Any]:
    """Returns a row as ``--json`` writes it: RFC 3339 times, null where never."""
    first, last = row.offered
    return {
        "agent": row.agent,
        "tool": row.tool,
        "servers": list(row.servers),
        "approved": row.approved or None,
        "offered_first": iso(first) or None,
        "offered_last": iso(last) or None,
        "digest": row.digest or None,
        "changed": iso(row.changed) or None,
        "changed_by": row.by or None,
        "called_last": iso(row.called) or None,
        "refused_last": iso(row.refused) or None,
        "not_enforced": row.enforced if row.enforced.endswith("same") else None,
    }


def drawn(rows: list[ToolRow]) -> Table:
    """Returns the rows as a table for people."""
    table = Table(show_edge=False, pad_edge=False)
    for head in (
        "tool",
        "server",
        "approved",
        "offered first to last",
        "definition",
        "called last",
        "not approved, and",
    ):
        table.add_column(head, overflow="fold")
    for row in rows:
        by = f" by {row.by}" if row.by else ""
        changed = f", another since {iso(row.changed)}{by}" if row.changed else ""
        first, last = row.offered
        table.add_row(
            shown(row.tool),
            shown(", ".join(row.servers)),
            row.approved or "no",
            f"{iso(first)} to {iso(last)}" if first != last else iso(last),
            shown(row.digest[:DIGEST_SHOWN] + changed),
            iso(row.called) or (f"refused {iso(row.refused)}" if row.refused else ""),
            row.enforced,
        )
    return table
