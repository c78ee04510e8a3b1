"""How long rows are kept: each table's time to live, as the setting `retention` says or as it was made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from streams.clickhouse.engine import Engine
from streams.clickhouse.replicated import on_cluster

DAY = timedelta(days=1)
_DAYS = re.compile(r"\bTTL [^;]*?toIntervalDay\((\d+)\)")


class Kept(NamedTuple):
    """A table that forgets: by which time, for how many days unless a setting says otherwise, and whether it
    is for gapwatch alone."""

    column: str
    days: int
    internal: bool = False

    def clause(self, days: int) -> str:
        """Returns the time to live as DDL says it. A row whose time is that of no clock is kept: it would be
        gone as it came."""
        kept = f"toDateTime({self.column}) + INTERVAL {days} DAY"
        return (
            kept
            if self.column != "arrived"
            else f"{kept} DELETE WHERE arrived > toDateTime64('2000-01-01', 6, 'UTC')"
        )


TABLES = {
    "activities": Kept("arrived", 400),
    "spans": Kept("arrived", 400, internal=True),
    "rejects": Kept("arrived", 90),
    "credentials": Kept("stored", 800),
    "findings": Kept("stored", 1100),
    "findings_history": Kept("stored", 1100),
    "assurance": Kept("stored", 1100),
    "assurance_history": Kept("stored", 1100),
    "notes": Kept("noted", 1100),
}
"""Every table whose rows may go; a dossier is the join of all its rows, so none of them may."""


def days_of(asked: Mapping[str, timedelta]) -> dict[str, int]:
    """Returns for how many days each table keeps its rows. ``asked``: what the setting says."""
    return {name: max(1, asked[name] // DAY) if name in asked else kept.days for name, kept in TABLES.items()}


def retain(engine: Engine, asked: Mapping[str, timedelta]) -> list[str]:
    """Gives each table the time to live that is wanted, where it has another one, and returns their names.
    What is older goes when its part is merged next."""
    client = engine.writer()
    try:
        found = client.query(
            "SELECT database, name, engine_full FROM system.tables WHERE database IN {both:Array(String)}",
            parameters={"both": [engine.database, engine.internal]},
        ).result_rows
        full = {(database, name): str(text) for database, name, text in found}
        changed = []
        for name, days in days_of(asked).items():
            kept = TABLES[name]
            database = engine.internal if kept.internal else engine.database
            now = _DAYS.search(full.get((database, name), ""))
            if now is not None and int(now[1]) != days:
                alter = f"ALTER TABLE {database}.{name} MODIFY TTL {kept.clause(days)} "
                alter += "SETTINGS materialize_ttl_after_modify = 0"
                client.command(on_cluster(alter, engine.cluster))
                changed.append(name)
        return changed
    finally:
        engine.discard(client)
