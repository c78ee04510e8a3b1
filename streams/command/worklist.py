"""`gapwatch findings`, `changes` and `summary` as an analyst asks: by state, severity, owner, time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streams.clickhouse import query
from streams.command.moments import since
from streams.command.tabled import show
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings

WORDS = ("informational", "low", "medium", "high", "critical")
ORDERS = {
    "severity": "story != '', severity_id DESC, end_time DESC, uid",
    "time": "end_time DESC, severity_id DESC, uid",
    "changed": "changed DESC, severity_id DESC, uid",
    "owner": "owner, severity_id DESC, end_time DESC, uid",
}
COLUMNS = ("uid", "severity", "state", "control", "title", "owner", "assignee", "end_time", "note")
CHANGED = ("changed", "what", "severity", "was", "uid", "control", "title", "owner")
COUNTED = (
    "severity",
    "open",
    "acknowledged",
    "closed",
    "suppressed",
    "resolved",
    "below",
    "unowned",
    "oldest",
)


@dataclass(frozen=True)
class Asked:
    """Which findings are asked for. ``severity``: `high`, or `high+` for that and above. ``below``: also
    those that stand below a story."""

    open: bool = False
    severity: str | None = None
    since: str | None = None
    owner: str | None = None
    control: str | None = None
    identity: str | None = None
    below: bool = True
    limit: int = query.SHOWN_AT_MOST
    sort: str = "severity"

    def where(self) -> tuple[str, dict[str, str]]:
        """Returns the conditions in SQL and what fills them. Raises Stop for words that mean nothing."""
        conditions, parameters = ["1"], {}
        if self.open:
            conditions.append("state IN ('open', 'acknowledged')")
        if self.severity:
            level, above = severity_of(self.severity)
            conditions.append(f"severity_id {'>=' if above else '='} {{severity:UInt8}}")
            parameters["severity"] = str(level)
        if self.since:
            conditions.append("end_time >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')")
            parameters["since"] = str(since(self.since))
        for name in ("owner", "control"):
            if value := getattr(self, name):
                conditions.append(f"{name} = {{{name}:String}}")
                parameters[name] = value
        if self.identity:
            conditions.append("position(identity, {identity:String}) > 0")
            parameters["identity"] = self.identity
        if not self.below:
            conditions.append("story = ''")
        return " AND ".join(conditions), parameters

    def order(self) -> str:
        """Returns what stands after ORDER BY. Raises Stop for a word that is none of them."""
        if self.sort not in ORDERS:
            raise Stop(f"--sort {shown(self.sort)} is none of {', '.join(ORDERS)}.", code=2)
        return f"{ORDERS[self.sort]} LIMIT {self.limit}"


def severity_of(text: str) -> tuple[int, bool]:
    """Returns the number of a severity, and whether those above are meant too. Raises Stop."""
    found = re.fullmatch(r"(\w+?)(\+?)", text.lower())
    word = {"info": "informational"}.get(found[1], found[1]) if found else ""
    if found is None or word not in WORDS:
        raise Stop(f"--severity {shown(text)} is none of {', '.join(WORDS)} (or one with a +).", code=2)
    return WORDS.index(word) + 1, bool(found[2])


def show_worklist(settings: Settings, asked: Asked, as_csv: bool) -> int:
    """Prints the findings as a table, with their state and notes."""
    where, parameters = asked.where()
    sql = f"SELECT * FROM worklist WHERE {where} ORDER BY {asked.order()}"
    return show(settings, sql, parameters, COLUMNS, False, as_csv, "No findings.")


def changes(settings: Settings, moment: str, as_json: bool, as_csv: bool) -> int:
    """Prints what became of findings since then, the newest first."""
    sql = (
        "SELECT * FROM changes WHERE changed >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') "
        f"ORDER BY changed DESC, severity_id DESC, uid LIMIT {query.SHOWN_AT_MOST}"
    )
    parameters = {"since": str(since(moment))}
    return show(settings, sql, parameters, CHANGED, as_json, as_csv, "Nothing changed.")


def summary(settings: Settings, as_json: bool, as_csv: bool) -> int:
    """Prints how much there is of everything, by severity, and to people what could not be verified."""
    found = show(settings, "SELECT * FROM summary", {}, COUNTED, as_json, as_csv, "No findings.")
    if not (as_json or as_csv):
        columns = ("subjects", "control", "reason")
        print("\nCould not be verified:")
        show(settings, "SELECT * FROM unverified LIMIT 10", {}, columns, False, False, "Everything was.")
    return found
