"""The rows of a pack: what each control is worth for each subject, and the events that this rests on, as
ClickHouse holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.evidence import origin_of
from schemas.standards import CSF_2, SP_800_53, indicators, named_in
from streams.clickhouse import query
from streams.site.settings import Settings

PAGE_ROWS = 10_000
"""Rows asked for at once, some 50 MB: less than the endpoint gives in one answer."""
EVENTS_AT_ONCE = 400
"""Ids of events asked for at once: they travel in the query's address."""
BETWEEN = "\x1f"
"""Stands in no id; an array as a parameter would be written otherwise for a server than for the endpoint."""

_ROWS = """SELECT l.uid AS uid, l.value AS value, l.aged AS aged, l.reason AS reason, said.ocsf AS ocsf
FROM ledger_at(at = {at}) AS l
INNER JOIN
(
    SELECT uid, argMax(assurance_history.ocsf, version) AS ocsf, argMax(end_time, version) AS latest
    FROM assurance_history
    WHERE stored <= {at}
    GROUP BY uid
) AS said ON said.uid = l.uid
WHERE position(l.identity, {identity:String}) > 0
  AND ({control:String} = '' OR l.control = {control:String})
  AND coalesce(said.latest, l.changed) >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND l.uid > {after:String}
ORDER BY uid
LIMIT {rows:UInt32}"""
_LATEST = """SELECT toUnixTimestamp64Micro(greatest(
    (SELECT toDateTime64(max(stored), 6, 'UTC') FROM assurance_history),
    (SELECT max(activities.arrived) FROM activities))) AS latest"""
"""The moment of the last thing that came: by no clock, so that the same rows give the same pack."""
EVENTS = r"""
SELECT uid, activities.time AS time, source, instance, identity, actor_name, credential, operation, service,
       outcome, action, place, client, target, resource, error, topic, partition, offset, line,
       activities.arrived AS arrived
FROM activities FINAL
WHERE uid IN (SELECT arrayJoin(splitByChar('\x1f', {uids:String})))
ORDER BY source, instance, time, uid, identity""".strip()

VALUES = ("violated", "proven", "assumed", "unverifiable", "indeterminate")


@dataclass(frozen=True)
class Chosen:
    """Which rows are wanted; times in µs. ``since`` 0: any; ``as_of`` 0: when the last thing came."""

    identity: str = ""
    control: str = ""
    since: int = 0
    as_of: int = 0

    @property
    def sql(self) -> str:
        """Returns the query that gives the rows. A view takes what the query computes, not the query's own
        parameters."""
        return _ROWS.replace("{at}", f"fromUnixTimestamp64Micro(toInt64({self.as_of}), 'UTC')")

    def parameters(self) -> dict[str, str]:
        """Returns what fills the query."""
        return {"identity": self.identity, "control": self.control, "since": str(self.since)}


@dataclass(frozen=True)
class Row:
    """One row of the ledger; what it rests on is read out of its OCSF finding. Times in ms. ``value``: one of
    ``VALUES``, as it was worth at that time; ``aged``: why that is less than what was judged ("" it is
    not)."""

    uid: str
    value: str
    aged: str
    reason: str
    ocsf: dict[str, Any]

    @property
    def _resource(self) -> dict[str, Any]:
        resources: list[dict[str, Any]] = self.ocsf.get("resources") or [{}]
        return resources[0]

    @property
    def _info(self) -> dict[str, Any]:
        return self.ocsf.get("finding_info") or {}

    @property
    def judged(self) -> str:
        """The value as it was judged last."""
        return str(self.ocsf["compliance"]["status"])

    @property
    def control(self) -> str:
        """The name of the control of gapwatch."""
        return str(self._info["analytic"]["uid"])

    @property
    def control_version(self) -> str:
        """The version of the control that judged."""
        return str(self._info["analytic"].get("version", ""))

    @property
    def control_title(self) -> str:
        """What the control says of itself."""
        return str(self.ocsf["compliance"].get("desc", ""))

    @property
    def identity(self) -> str:
        """The key of the identity."""
        return str(self._resource.get("uid", ""))

    @property
    def identity_name(self) -> str:
        """What people call the identity; "" where that is not known."""
        return str(self._resource.get("name", ""))

    @property
    def owner(self) -> str:
        """Who answers for the identity; "" where nobody does."""
        return str((self._resource.get("owner") or {}).get("name", ""))

    @property
    def credential(self) -> str:
        """The key of the credential; "" where the row is about none."""
        return str((self.ocsf.get("unmapped") or {}).get("credential", ""))

    @property
    def subject(self) -> str:
        """What the row is about: a credential, a grant, a tool, a release."""
        return str((self.ocsf.get("unmapped") or {}).get("subject", ""))

    @property
    def title(self) -> str:
        """The row in a few words."""
        return str(self._info.get("title", ""))

    @property
    def severity(self) -> str:
        """OCSF's word."""
        return str(self.ocsf.get("severity", ""))

    @property
    def start(self) -> int:
        """The time of the first evidence."""
        return int(self.ocsf.get("start_time") or self.ocsf["time"])

    @property
    def end(self) -> int:
        """The time of the last evidence."""
        return int(self.ocsf.get("end_time") or self.ocsf["time"])

    @property
    def nist(self) -> tuple[str, ...]:
        """The controls of SP 800-53 that it speaks for."""
        return named_in(self.ocsf["compliance"].get("standards") or (), SP_800_53)

    @property
    def csf(self) -> tuple[str, ...]:
        """The subcategories of CSF 2.0 that it speaks for."""
        return named_in(self.ocsf["compliance"].get("standards") or (), CSF_2)

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators of FedRAMP 20x that it speaks for."""
        return indicators(self.nist)

    @property
    def events(self) -> list[tuple[str, str]]:
        """The ids of the events that it rests on, each with where it came from."""
        named = [str(event["uid"]) for event in self._info.get("related_events") or ()]
        origins = [str(origin) for origin in (self.ocsf.get("unmapped") or {}).get("origins") or ()]
        return list(zip(named, [*origins, *[""] * len(named)][: len(named)], strict=True))


Progress = Callable[[str, int, int], None]
"""Takes what is read, how much of it is, and of how much (0: not known)."""


def rows(settings: Settings, chosen: Chosen, progress: Progress) -> Iterator[Row]:
    """Yields the rows in order of their ids."""
    after, count = "", 0
    while True:
        asked = {**chosen.parameters(), "after": after, "rows": str(PAGE_ROWS)}
        found = query.rows(settings, chosen.sql, asked)
        yield from map(_row, found)
        count += len(found)
        progress("rows", count, 0)
        if len(found) < PAGE_ROWS:
            return
        after = found[-1]["uid"]


def as_of(settings: Settings) -> int:
    """Returns when the last record or verdict came (µs); 0 where nothing did."""
    return int(query.rows(settings, _LATEST)[0]["latest"] or 0)


def _row(row: dict[str, Any]) -> Row:
    return Row(row["uid"], row["value"], row["aged"], row["reason"], orjson.loads(row["ocsf"]))


def events(settings: Settings, wanted: set[tuple[str, str]], progress: Progress) -> list[dict[str, Any]]:
    """Returns the activities of these ids and origins that are stored, in order of source and time."""
    ids = sorted({uid for uid, _ in wanted if uid and BETWEEN not in uid})
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for first in range(0, len(ids), EVENTS_AT_ONCE):
        some = BETWEEN.join(ids[first : first + EVENTS_AT_ONCE])
        for row in query.rows(settings, EVENTS, {"uids": some}):
            if _wanted(row, wanted):
                place = tuple(str(row[name]) for name in ("source", "instance", "time", "uid", "identity"))
                found[place] = row
        progress("events", min(first + EVENTS_AT_ONCE, len(ids)), len(ids))
    return [found[place] for place in sorted(found)]


def _wanted(row: dict[str, Any], wanted: set[tuple[str, str]]) -> bool:
    """Whether it is one of them: ids are a source's own, and another one may use the same."""
    origins = (origin_of(row["source"], row["instance"]), "")
    return any((row["uid"], origin) in wanted for origin in origins)
