"""History: stored activities as the pipeline knew them, and what it knows of itself, for those who judge it
again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from correlators.driver.combining import Combiner
from correlators.driver.partition import Judging, Partition
from correlators.kernel.catalogue import Judge
from correlators.kernel.views.thresholds import Thresholds
from schemas.activity import Activity, Effect
from schemas.coming import comes_at
from schemas.fact import WATCH, Fact
from streams.clickhouse import query
from streams.site.settings import Settings

PAGE_ROWS = 10_000
"""Activities asked for at once: some ten MB."""

Load = Callable[[str], bytes | None]
"""Gives a stored dossier by its key."""

_TIMES = ("time", "arrived")
_COLUMNS = ", ".join(
    f"toUnixTimestamp64Micro(activities.{name}) AS {name}" if name in _TIMES else name
    for name in Activity.__struct_fields__
    if name != "processed"
)
_PAGE = """SELECT {columns} FROM activities FINAL
WHERE identity >= {{identity:String}}
  AND (identity > {{identity:String}} OR (toUnixTimestamp64Micro(activities.time), source, instance, uid) >
       ({{time:Int64}}, {{source:String}}, {{instance:String}}, {{uid:String}}))
  AND ({where})
ORDER BY identity, activities.time, source, instance, uid LIMIT {{rows:UInt32}}"""
_EFFECTS = msgspec.json.Decoder(tuple[Effect, ...])


def stored_activities(settings: Settings, where: str, parameters: Mapping[str, str]) -> Iterator[Activity]:
    """Yields the stored activities of which a condition holds, each once, identity by identity."""
    sql = _PAGE.format(columns=_COLUMNS, where=where)
    after = {"identity": "", "time": "-9223372036854775808", "source": "", "instance": "", "uid": ""}
    while True:
        found = query.rows(settings, sql, {**parameters, **after, "rows": str(PAGE_ROWS)})
        yield from map(_activity, found)
        if len(found) < PAGE_ROWS:
            return
        after = {name: str(found[-1][name]) for name in after}


def _activity(row: dict[str, Any]) -> Activity:
    effects = row.pop("effects")
    activity = msgspec.convert(row, Activity, strict=False)
    return msgspec.structs.replace(activity, effects=_EFFECTS.decode(effects)) if effects else activity


def judging_again(settings: Settings, catalogue: Mapping[str, Judge], load: Load) -> Partition:
    """Returns a partition that judges as the site does and stores nothing; ``load``: what is known."""
    return Partition(Judging(catalogue, settings.thresholds, None, authority=settings.believed), load=load)


def only_watch(load: Load) -> Load:
    """Returns what loads the watermarks of sources, and of identities nothing."""
    return lambda key: load(key) if key.startswith(WATCH) else None


class Taught:
    """Takes activities and gives what they teach, as the normaliser did when they came."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._skew = thresholds.skew
        self._combiner = Combiner()
        self.activities = 0

    def take(self, activity: Activity) -> None:
        """Takes an activity; what claimed a later time than it came at counts from then on."""
        self.activities += 1
        ahead = activity.arrived and activity.time > activity.arrived + self._skew
        self._combiner.take(activity, comes_at(activity.time, activity.arrived) if ahead else 0)

    def facts(self) -> list[Fact]:
        """Returns what was taught since the last call."""
        return list(self._combiner.drain().items())
