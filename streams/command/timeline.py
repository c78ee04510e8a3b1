"""`gapwatch timeline IDENTITY`: what an identity did and what was done to it, across sources, keys and
credentials, with what was told of it."""

from __future__ import annotations

import time

from correlators.kernel.views.inventoried import keys_of
from streams.command.explain import loader
from streams.command.lineage import Family
from streams.command.moments import since
from streams.command.tabled import show
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings

BETWEEN = "\x1f"
COLUMNS = ("time", "what", "source", "by", "credential", "operation", "outcome", "place", "about", "uid")
KEYS_MAX = 200
"""Keys and credentials of one identity that are asked for: they travel in the query's address."""

SQL = r"""SELECT * FROM (
SELECT activities.time AS time, 'activity' AS what, source, identity AS by, credential, operation, outcome,
       place, if(resource != '', resource, target) AS about, uid
FROM activities FINAL
WHERE (identity IN (SELECT arrayJoin(splitByChar('\x1f', {keys:String})))
       OR (credential != '' AND credential IN (SELECT arrayJoin(splitByChar('\x1f', {credentials:String}))))
       OR target IN (SELECT arrayJoin(splitByChar('\x1f', {keys:String})))
       OR (target != '' AND target IN (SELECT arrayJoin(splitByChar('\x1f', {credentials:String})))))
  AND activities.time >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
UNION ALL
SELECT changed AS time, what, 'gapwatch' AS source, identity AS by, '' AS credential, control AS operation,
       severity AS outcome, '' AS place, title AS about, uid
FROM changes
WHERE identity IN (SELECT arrayJoin(splitByChar('\x1f', {keys:String})))
  AND changed >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
) ORDER BY time DESC, uid LIMIT """


def timeline(
    settings: Settings, identity: str, moment: str | None, limit: int, as_json: bool, as_csv: bool
) -> int:
    """Prints what is known of an identity, the latest first. Raises Stop where nothing is."""
    view = Family(loader(settings), time.time_ns() // 1000, settings.thresholds).view(identity)
    keys = sorted({identity, view.key} | keys_of(view))
    names = sorted({key for name, c in view.dossier.credentials.items() for key in (name, *c.names) if key})
    parameters = {
        "keys": _joined(keys[:KEYS_MAX]),
        "credentials": _joined(names[:KEYS_MAX]),
        "since": str(since(moment)) if moment else "0",
    }
    found = show(settings, SQL + str(limit), parameters, COLUMNS, as_json, as_csv, "")
    if not found:
        raise Stop(f"Nothing is known of {shown(identity)}. Its whole key is meant, as findings show it.")
    return found


def _joined(keys: list[str]) -> str:
    return BETWEEN.join(key for key in keys if BETWEEN not in key)
