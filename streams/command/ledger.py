"""`gapwatch ledger` and `gapwatch blind-spots`: what is proven, and what nobody can see."""

from __future__ import annotations

from streams.clickhouse import query
from streams.command.listing import check_control
from streams.command.moments import since
from streams.command.tabled import show
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings

VALUES = ("proven", "violated", "assumed", "unverifiable", "indeterminate")
COLUMNS = (
    "value",
    "control",
    "identity_name",
    "subject",
    "proven_time",
    "good_until",
    "hangs_on",
    "watermark",
    "reason",
)
BLIND = ("most_privileged", "rows", "identities", "source", "what", "why", "switch_on", "example")


def ledger(
    settings: Settings,
    identity: str | None,
    control: str | None,
    value: str | None,
    at: str | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Prints the rows of the ledger, as of now or as it stood at a time. Raises Stop for words that mean
    nothing."""
    check_control(control)
    conditions, parameters = ["1"], {}
    if identity:
        conditions.append("(position(identity, {identity:String}) > 0 OR identity_name = {identity:String})")
        parameters["identity"] = identity
    if control:
        conditions.append("control = {control:String}")
        parameters["control"] = control
    if value:
        if value not in VALUES:
            raise Stop(f"--value {shown(value)} is none of {', '.join(VALUES)}.", code=2)
        conditions.append("value = {value:String}")
        parameters["value"] = value
    view = "ledger"
    if at:
        # A view takes what the query computes, not the query's own parameters.
        view = f"ledger_at(at = fromUnixTimestamp64Micro(toInt64({since(at)}), 'UTC'))"
    sql = (
        f"SELECT * FROM {view} WHERE {' AND '.join(conditions)} "
        f"ORDER BY value, control, identity, subject LIMIT {query.SHOWN_AT_MOST}"
    )
    return show(settings, sql, parameters, COLUMNS, as_json, as_csv, "No row.")


def blind_spots(settings: Settings, as_json: bool, as_csv: bool) -> int:
    """Prints what cannot be verified, that of the most privileged first."""
    return show(
        settings, "SELECT * FROM blind_spots", {}, BLIND, as_json, as_csv, "Everything can be verified."
    )
