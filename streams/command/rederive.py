"""`gapwatch explain UID --rederive`: a stored finding is derived again, by the controls and thresholds of
now, and held against what is stored.

There are two sources. The *dossier* is what the pipeline itself judges by, so it must give the same. The
stored *activities* are what the dossier was made of: they give the same unless some of them are past their
time to live, or it rests on what other identities' records told.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from correlators.driver.partition import Partition
from correlators.kernel.catalogue import controls
from correlators.kernel.views.inventoried import keys_of
from correlators.kernel.views.view import View
from schemas import frozen
from schemas.activity import Activity, Granted, Issued, Known
from schemas.dossier import EMPTY, Dossier
from schemas.fact import Fact, Tick
from schemas.finding import COMPLIANCE, render_assurance, render_finding
from schemas.stored import encode
from schemas.verdict import Report
from streams.clickhouse import query
from streams.command.explain import find, named
from streams.command.history import Taught, judging_again, only_watch, stored_activities
from streams.command.preview import BETWEEN, Stored
from streams.kafka.feed import Finding
from streams.site.errors import Stop
from streams.site.foreign import for_json, shown
from streams.site.settings import Settings

KEYS_MAX = 200
"""Keys whose activities are read again: they travel in the query's address, and are looked for in effects."""
ACTIVITIES_MAX = 200_000
"""Activities read again for one finding: some half a minute."""
ANEW = "derived again"
"""A digest that no verdict has, so that whatever is derived is said."""

_HOLDERS = "SELECT DISTINCT key FROM {internal}.dossiers WHERE position(body, {uid:String}) > 0 LIMIT 100"
_CONCERNED = r"""
identity IN (SELECT arrayJoin(splitByChar('\x1f', {keys:String})))
OR credential IN (SELECT arrayJoin(splitByChar('\x1f', {keys:String})))
OR target IN (SELECT arrayJoin(splitByChar('\x1f', {keys:String})))
OR hasAny(names, splitByChar('\x1f', {keys:String}))
OR multiSearchAny(effects, splitByChar('\x1f', {keys:String}))"""

Compared = Callable[[Finding], Any]


def _at(*path: str) -> Compared:
    def look(finding: Finding) -> Any:
        part: Any = finding
        for name in path:
            part = (part or {}).get(name)
        return part

    return look


COMPARED: dict[str, Compared] = {
    "value": _at("unmapped", "value"),
    "severity": _at("severity"),
    "confidence": _at("confidence"),
    "status": _at("status"),
    "title": _at("finding_info", "title"),
    "reason": _at("finding_info", "desc"),
    "identities": lambda finding: [one.get("uid") for one in finding.get("resources") or ()],
    "owner": lambda finding: ((finding.get("resources") or [{}])[0].get("owner") or {}).get("name"),
    "credential": _at("unmapped", "credential"),
    "episodes": _at("unmapped", "episodes"),
    "claim": lambda finding: [c["uid"] for c in (finding.get("unmapped") or {}).get("claim") or ()],
    "events": lambda finding: [
        e["uid"] for e in (finding.get("finding_info") or {}).get("related_events") or ()
    ],
    "facts": _at("unmapped", "basis", "facts"),
    "thresholds": _at("unmapped", "basis", "thresholds"),
    "control version": _at("finding_info", "analytic", "version"),
}
"""What of two findings is compared; what follows from it, or from when it was said, is not."""


@dataclass
class Derived:
    """What one source gives: how much was read of it, and each field that differs as (name, stored, derived).
    ``short``: why it may give less than the pipeline knew."""

    source: str
    read: int
    differences: list[tuple[str, Any, Any]] = field(default_factory=list)
    short: str = ""

    @property
    def equal(self) -> bool:
        """Whether the same was derived."""
        return not self.differences

    def lines(self) -> Iterator[str]:
        """Yields it in words."""
        said = "equal" if self.equal else "NOT equal"
        yield f"{self.source} ({self.read:,}): {said}"
        for name, before, after in self.differences:
            yield f"  {name}: stored {shown(_brief(before))}, derived {shown(_brief(after))}"
        if self.short and not self.equal:
            yield f"  {self.short}"


def rederive(settings: Settings, prefix: str, as_json: bool) -> bool:
    """Derives a finding, or a row of assurance, again; prints what is equal, and returns whether all is as
    far as the dossier goes. Raises Stop where there is no such finding, or nobody knows why it was told."""
    finding = find(settings, prefix, assurance=True)
    uid, now = str(finding["finding_info"]["uid"]), time.time_ns() // 1000
    stored = Stored(settings)
    key = _home(settings, stored, uid, finding)
    every = [
        _by_dossier(settings, stored, key, finding, now),
        _by_activities(settings, stored, key, finding, now),
    ]
    if as_json:
        body = {
            "uid": uid,
            "derived": [
                {
                    "source": one.source,
                    "read": one.read,
                    "equal": one.equal,
                    "differences": [
                        dict(zip(("field", "stored", "derived"), d, strict=True)) for d in one.differences
                    ],
                }
                for one in every
            ],
        }
        sys.stdout.write(for_json(orjson.dumps(body).decode()) + "\n")
    else:
        print(shown(finding["finding_info"]["title"]))
        for one in every:
            print("\n".join(one.lines()))
    return every[0].equal


def _home(settings: Settings, stored: Stored, uid: str, finding: Finding) -> str:
    """The key of the dossier that reported it."""
    candidates = [str(one.get("uid", "")) for one in finding.get("resources") or ()][:1] + named(finding)
    for keys in (candidates, None):
        if keys is None:
            keys = [row["key"] for row in query.rows(settings, _HOLDERS, {"uid": uid})]
        stored.fetch(keys)
        for key in keys:
            if uid in stored.dossier(key).reported:
                return key
    raise Stop(
        f"No stored dossier says that it reported {uid}: it was forgotten, or its time to live is over. "
        "There is nothing to derive it from."
    )


def _by_dossier(settings: Settings, stored: Stored, key: str, finding: Finding, now: int) -> Derived:
    uid = str(finding["finding_info"]["uid"])
    known = stored.dossier(key)
    before = known.reported[uid]
    anew = frozen.changed(known, reported={**known.reported, uid: frozen.changed(before, digest=ANEW)})

    def load(asked: str) -> bytes | None:
        return encode(anew) if asked == key else stored.load(asked)

    partition = judging_again(settings, controls(), load)
    partition.take([(key, EMPTY)], Tick(now))
    report = next((r for r in partition.settle().reports if r.uid == uid), None)
    derived = Derived("the stored dossier", len(encode(known)), _differences(finding, report))
    if known.marks:
        derived.short = f"Not all was kept of it: {', '.join(known.marks)}."
    return derived


def _by_activities(settings: Settings, stored: Stored, key: str, finding: Finding, now: int) -> Derived:
    """From the activities that name it, or anything that is known of it."""
    uid = str(finding["finding_info"]["uid"])
    taught = Taught(settings.thresholds)
    asked: set[str] = set()
    keys = _keys(key, stored.dossier(key))
    while keys and taught.activities < ACTIVITIES_MAX:
        asked |= keys
        groups: set[str] = set()
        parameters = {"keys": BETWEEN.join(sorted(keys)[:KEYS_MAX])}
        for activity in stored_activities(settings, _CONCERNED, parameters):
            taught.take(activity)
            groups |= _groups(activity)
            if taught.activities >= ACTIVITIES_MAX:
                break
        # A record that ends a whole group names nobody in it.
        keys = groups - asked
    partition = judging_again(settings, controls(), only_watch(stored.load))
    reports = settled(partition, taught.facts(), now)
    derived = Derived("stored activities", taught.activities, _differences(finding, reports.get(uid)))
    derived.short = (
        "Activities past their time to live, and what records of others told of it, are not among them."
    )
    return derived


def settled(partition: Partition, facts: Iterable[Fact], now: int) -> dict[str, Report]:
    """Judges until nobody tells anybody anything more; returns the last report of each id."""
    reports: dict[str, Report] = {}
    passed: Iterable[Fact] = facts
    while True:
        partition.take(passed, Tick(now))
        result = partition.settle()
        reports |= {report.uid: report for report in result.reports}
        if not result.forwards and not partition.behind:
            return reports
        passed = result.forwards


def _groups(activity: Activity) -> set[str]:
    """The groups and grants by which what it hands out may end."""
    found = {
        name for effect in activity.effects if isinstance(effect, Issued | Known) for name in effect.groups
    }
    found |= {name for e in activity.effects if isinstance(e, Granted) for name in (e.grant, e.role)}
    return {name for name in found if name and BETWEEN not in name}


def _keys(key: str, dossier: Dossier) -> set[str]:
    """What a record must name to have told something of it."""
    keys = {key} | keys_of(View(key, dossier))
    for name, credential in dossier.credentials.items():
        keys |= {name, *credential.names, *credential.parents}
        keys |= {parent.identity for parent in credential.parents.values()}
    keys |= {*dossier.grants, *dossier.turns, *dossier.stated, *dossier.addresses}
    return {one for one in keys if one and BETWEEN not in one}


def _differences(finding: Finding, report: Report | None) -> list[tuple[str, Any, Any]]:
    if report is None:
        return [("value", COMPARED["value"](finding), "nothing: no control says it")]
    control = controls()[report.reported.control].CONTROL
    render = render_assurance if finding["class_uid"] == COMPLIANCE else render_finding
    derived = orjson.loads(render(report, control))
    every = ((name, look(finding), look(derived)) for name, look in COMPARED.items())
    return [
        (name, before, after)
        for name, before, after in every
        # A row of an earlier version says nothing of its basis.
        if before != after and not (before is None and name in ("facts", "thresholds"))
    ]


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= 200 else f"{text[:200]}…"
