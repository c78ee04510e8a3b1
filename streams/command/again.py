"""`gapwatch replay --from-clickhouse`: what is stored is judged by the controls and thresholds of this
program, and held against what the pipeline said: what would be new, gone, different.

Without a window the source is the *dossiers*: all that the pipeline knows, as it judges by it, one dossier
after the other. What they cannot give: findings that came and went, and what crowds of findings would count
(``many_findings_at_once`` is not judged anew). With ``--since`` or ``--until`` the source is the *activities*
that arrived in that time, and all declarations: findings that rest on something earlier are left out, on
both sides.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce

from correlators.kernel.catalogue import Judge, controls
from correlators.kernel.difference import PENDING, urgent_of
from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from schemas import frozen
from schemas.authority import INVENTORY
from schemas.crowds import STORY
from schemas.dossier import EMPTY, Dossier, Reported
from schemas.fact import WATCH, Tick
from schemas.verdict import Report, Severity
from streams.clickhouse import query
from streams.command.history import Taught, judging_again, only_watch, stored_activities
from streams.command.listing import check_control
from streams.command.moments import since as moment_of
from streams.command.packing import bar
from streams.command.preview import Stored
from streams.command.rederive import settled
from streams.command.tabled import show_rows
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.settings import Settings

PAGE_KEYS = 500
"""Dossiers judged together: bounds memory."""
COLUMNS = ("what", "control", "severity", "was", "identity", "title", "uid")
ORDER = ("new", "gone", "different", "undecided")

_PAGE = """SELECT key, bodies FROM {internal}.dossiers_live
WHERE key > {key:String} AND NOT startsWith(key, {watch:String})
ORDER BY key LIMIT {rows:UInt32}"""
_FINDINGS = """SELECT uid, control, severity_id, title, identity, toUnixTimestamp64Milli(start_time) AS start
FROM (SELECT * FROM findings_history WHERE stored < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      ORDER BY version DESC LIMIT 1 BY uid)
WHERE status_id != 4"""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Standing:
    """A finding as it stands: control, severity, identity, title, when its evidence begins (ms), and a digest
    of all but its evidence and words ("" unknown): what only adds evidence makes no other finding of it."""

    control: str
    severity: int
    identity: str
    title: str
    urgent: str = ""
    start: int = 0


@dataclass
class Held:
    """What stands by what was said, what stands by what was derived, and what cannot be told of some."""

    said: dict[str, Standing] = field(default_factory=dict)
    derived: dict[str, Standing] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    read: int = 0

    def rows(self, control: str | None) -> list[dict[str, str]]:
        """Returns what is otherwise, the new first, the gravest of each first."""
        found = []
        for uid in self.said.keys() | self.derived.keys():
            before, after = self.said.get(uid), self.derived.get(uid)
            what = self._what(uid, before, after)
            shows = after or before
            if not what or shows is None or (control and shows.control != control):
                continue
            row = {
                "what": what,
                "control": shows.control,
                "severity": _word(after.severity if after else 0),
                "was": _word(before.severity if before else 0),
                "identity": shows.identity,
                "title": shows.title,
                "uid": uid,
            }
            found.append((ORDER.index(what), -shows.severity, shows.control, uid, row))
        return [row for *_, row in sorted(found, key=lambda item: item[:4])]

    def _what(self, uid: str, before: Standing | None, after: Standing | None) -> str:
        if before is None:
            return "new"
        if after is None:
            return "undecided" if uid in self.undecided else "gone"
        if before.urgent:
            return "different" if before.urgent != after.urgent else ""
        return "different" if (before.severity, before.title) != (after.severity, after.title) else ""


def judged_again(
    settings: Settings,
    since: str | None,
    until: str | None,
    control: str | None,
    as_json: bool,
    as_markdown: bool,
    progress: Progress,
) -> int:
    """Prints what would be otherwise, and returns how much that is. Raises Stop for bad words."""
    check_control(control)
    if as_json and as_markdown:
        raise Stop("One of --json and --markdown.", code=2)
    now = time.time_ns() // 1000
    if since or until:
        window = moment_of(since) if since else 0, moment_of(until) if until else now
        held = from_activities(settings, *window, progress)
        read = f"{held.read:,} activities"
    else:
        held = from_dossiers(settings, now, progress)
        read = f"{held.read:,} dossiers"
    rows = held.rows(control)
    if as_markdown:
        print("\n".join(markdown(rows)))
    else:
        show_rows(rows, COLUMNS, as_json, False, "")
    counted = ", ".join(f"{sum(row['what'] == what for row in rows):,} {what}" for what in ORDER)
    print(f"{read} judged: {counted}; {len(held.said):,} findings stood.", file=sys.stderr)
    return len(rows)


def judged_again_with_bar(
    settings: Settings,
    since: str | None,
    until: str | None,
    control: str | None,
    as_json: bool,
    as_markdown: bool,
) -> None:
    """Does what ``judged_again`` does, with a bar on stderr meanwhile."""
    with bar() as shown_bar:
        task = shown_bar.add_task("judged", total=None)
        judged_again(
            settings,
            since,
            until,
            control,
            as_json,
            as_markdown,
            lambda count: shown_bar.update(task, completed=count),
        )


def from_dossiers(settings: Settings, now: int, progress: Progress) -> Held:
    """Judges every stored dossier as if nothing had been said of it."""
    held, after = Held(), ""
    watch = Stored(settings).load
    while True:
        asked = {"key": after, "watch": WATCH, "rows": str(PAGE_KEYS)}
        found = query.rows(settings, _PAGE, asked)
        known = {row["key"]: reduce(join, map(known_by, row["bodies"]), EMPTY) for row in found}
        _judge_some(settings, held, known, watch, now)
        held.read += len(found)
        progress(held.read)
        if len(found) < PAGE_KEYS:
            return held
        after = found[-1]["key"]


def _judge_some(
    settings: Settings,
    held: Held,
    known: dict[str, Dossier],
    watch: Callable[[str], bytes | None],
    now: int,
) -> None:
    """What they tell each other is not passed on: each was stored with what others had told it."""
    catalogue = _but_crowds()
    partition = judging_again(settings, catalogue, only_watch(watch))
    partition.take(((key, frozen.changed(one, reported={})) for key, one in known.items()), Tick(now))
    while True:
        result = partition.settle()
        held.derived |= {r.uid: _derived(r) for r in result.reports if _stands(r)}
        if not partition.behind:
            break
    for key, dossier in known.items():
        said = {u: r for u, r in dossier.reported.items() if r.open and r.severity and r.control in catalogue}
        held.said |= {uid: _was(key, r) for uid, r in said.items()}
        if dossier.marks:
            # What was cut of it may be what a finding rested on.
            held.undecided |= said.keys()


def from_activities(settings: Settings, since: int, until: int, progress: Progress) -> Held:
    """Judges what arrived in a time (µs), as of its end."""
    held, taught = Held(), Taught(settings.thresholds)
    catalogue = _but_crowds()
    watch = Stored(settings).load
    partition = judging_again(settings, catalogue, only_watch(watch))
    where = (
        "activities.arrived < fromUnixTimestamp64Micro({until:Int64}, 'UTC') AND "
        "(activities.arrived >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') OR source = {declared:String})"
    )
    parameters = {"since": str(since), "until": str(until), "declared": INVENTORY}
    for activity in stored_activities(settings, where, parameters):
        taught.take(activity)
        if taught.activities % PAGE_KEYS == 0:
            partition.take(taught.facts())
            progress(taught.activities)
    reports = settled(partition, taught.facts(), until)
    held.read = taught.activities
    derived = {uid: _derived(report) for uid, report in reports.items() if _stands(report)}
    stored = {
        row["uid"]: Standing(
            row["control"], int(row["severity_id"]), row["identity"], row["title"], "", int(row["start"] or 0)
        )
        for row in query.rows(settings, _FINDINGS, {"until": str(until)})
        if row["control"] in catalogue
    }
    earlier = {uid for uid, one in stored.items() if one.start * 1000 < since}
    held.said = {uid: one for uid, one in stored.items() if uid not in earlier}
    held.derived = {uid: one for uid, one in derived.items() if uid not in earlier}
    return held


def _but_crowds() -> dict[str, Judge]:
    """The controls, but those that count findings: what they would count is not stored yet."""
    return {name: judge for name, judge in controls().items() if name != STORY}


def _stands(report: Report) -> bool:
    return report.finding and report.reported.open and report.verdict is not None


def _derived(report: Report) -> Standing:
    verdict = report.verdict
    assert verdict is not None
    said = report.reported
    return Standing(said.control, said.severity, verdict.identity, verdict.title, urgent_of(verdict))


def _was(key: str, said: Reported) -> Standing:
    urgent = "" if said.digest == PENDING else said.urgent
    return Standing(said.control, said.severity, key, said.title, urgent, said.start)


def _word(severity: int) -> str:
    return Severity(severity).name.lower() if severity else ""


def markdown(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    """Yields the rows as a table for a review."""
    yield "| what | control | severity | was | identity | title |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        cells = (shown(row[name]).replace("|", "\\|") for name in COLUMNS[:-1])
        yield f"| {' | '.join(cells)} |"
