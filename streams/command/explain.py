"""`gapwatch explain FINDING`: the lineage and the timeline behind one finding, from what ClickHouse holds."""

from __future__ import annotations

import sys
import time
from functools import reduce
from typing import Any

import orjson
from msgspec.structs import replace

from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from correlators.kernel.views.ends import grace_of
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from correlators.kernel.views.view import View
from schemas.dossier import EMPTY, Dossier, Turn
from schemas.evidence import Event, iso
from streams.clickhouse import query
from streams.command.lineage import Family, Load, Node
from streams.command.options import one_of
from streams.command.story import Count, Entry, Story
from streams.command.tabled import show_rows
from streams.kafka.feed import Finding
from streams.site.errors import Stop
from streams.site.foreign import for_json, for_shell
from streams.site.settings import Settings

LIKE_MAX = 10
"""Findings that are named where a prefix fits several."""

_SEPARATOR = "\x1f"
"""Stands in no key; an array as a parameter would be written otherwise for a server than for the endpoint."""

_FIND = """SELECT uid, ocsf FROM findings FINAL
WHERE startsWith(uid, {prefix:String}) ORDER BY uid LIMIT 11"""

_FIND_ASSURANCE = _FIND.replace("FROM findings", "FROM assurance")

_DOSSIER = "SELECT bodies FROM {internal}.dossiers_live WHERE key = {key:String}"

_COUNTS = r"""SELECT outcome, uniqExact((uid, source, instance)) AS tries,
toUnixTimestamp64Micro(min(activities.time)) AS first, toUnixTimestamp64Micro(max(activities.time)) AS last
FROM activities
WHERE has(splitByChar('\x1f', {names:String}), credential)
  AND activities.time > fromUnixTimestamp64Micro({since:Int64}, 'UTC')
GROUP BY outcome ORDER BY first"""


def explain(settings: Settings, prefix: str, as_json: bool, as_csv: bool = False) -> None:
    """Prints the story of the finding, or of the row of assurance, whose id begins so; as CSV its timeline.
    Raises Stop where there is none, or several."""
    one_of(as_json, as_csv)
    finding = find(settings, prefix, assurance=True)
    story = story_of(finding, loader(settings), time.time_ns() // 1000, settings.thresholds)
    story.counts = [count for node in _concerned(story) if node.since for count in _counts(settings, node)]
    if as_json:
        sys.stdout.write(for_json(orjson.dumps(story.shown()).decode()) + "\n")
        return
    if as_csv:
        show_rows(
            story.shown()["timeline"], ("time", "kind", "text", "uid"), False, True, "Nothing is known."
        )
        return
    from streams.command.drawing import draw

    draw(story)


def find(settings: Settings, prefix: str, assurance: bool = False) -> Finding:
    """Returns the one finding whose id begins with ``prefix``; with ``assurance``, where there is none, the
    row of assurance. Raises Stop where none or several do."""
    prefix = prefix.strip().lower()
    found = query.rows(settings, _FIND, {"prefix": prefix}) if prefix else []
    if not found and prefix and assurance:
        found = query.rows(settings, _FIND_ASSURANCE, {"prefix": prefix})
    if not found:
        raise Stop(
            f"No finding has an id that begins with {prefix!r}. `gapwatch findings` shows how each one "
            "begins."
        )
    exact = [row for row in found if row["uid"] == prefix] or found
    if len(exact) > 1:
        some = ", ".join(row["uid"] for row in exact[:LIKE_MAX])
        more = " and more" if len(exact) > LIKE_MAX else ""
        raise Stop(f"Several findings begin with {prefix}: {some}{more}. Give more of the id.", code=2)
    finding: Finding = orjson.loads(exact[0]["ocsf"])
    return finding


def loader(settings: Settings) -> Load:
    """Returns what reads a stored dossier by its key."""

    def load(key: str) -> Dossier:
        found = query.rows(settings, _DOSSIER, {"key": key})
        bodies = found[0]["bodies"] if found else []
        return reduce(join, (known_by(body) for body in bodies), EMPTY)

    return load


def _counts(settings: Settings, node: Node) -> list[Count]:
    names = _SEPARATOR.join((node.life.credential, *node.names))
    found = query.rows(settings, _COUNTS, {"names": names, "since": str(node.since)})
    return [
        Count(node.life.credential, row["outcome"], int(row["tries"]), int(row["first"]), int(row["last"]))
        for row in found
    ]


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")


def story_of(finding: Finding, load: Load, now: int, thresholds: Thresholds = DEFAULTS) -> Story:
    """Returns what the dossiers know about a finding, as of ``now`` (µs). Pure but for ``load``."""
    identity = str((finding.get("resources") or [{}])[0].get("uid", ""))
    family = Family(load, now, thresholds)
    lineage = family.trees(identity, named(finding))
    story = Story(finding, _sentence(finding), lineage, [], [], [])
    story.timeline = _timeline(story, family, identity)
    story.next_steps = _next_steps(story)
    return story


def _timeline(story: Story, family: Family, identity: str) -> list[Entry]:
    """Each event once: with what the finding says of it where it does, else as the dossiers know it."""
    claims = _claimed(story.finding)
    used = _used(story.finding, family, identity)
    lived = [
        entry
        for entry in _lived(story, family)
        if entry.kind not in ("use", "proof") or not any(entry.is_of(use) for use in used)
    ]
    ended = [
        replace(entry, text=entry.text + _actor(entry, story.finding))
        if entry.kind in ("ended", "restored")
        else entry
        for entry in lived
    ]
    left = (claim for claim in claims if not any(claim.is_of(entry) for entry in lived))
    return sorted({*left, *used, *ended})


def _actor(entry: Entry, finding: Finding) -> str:
    claims = (finding.get("unmapped") or {}).get("claim") or []
    matching = (c for c in claims if entry.is_of(Entry(0, "", "", c["uid"], c.get("origin", ""))))
    return next((_by(claim.get("actor")) for claim in matching), "")


def named(finding: Finding) -> list[str]:
    """Returns the credentials that a finding is about, the most telling first."""
    unmapped = finding.get("unmapped") or {}
    names = [unmapped.get("subject", ""), unmapped.get("credential", "")]
    names += [_user(evidence).get("credential_uid", "") for evidence in finding.get("evidences") or []]
    return list(dict.fromkeys(str(name) for name in names if name))


def _user(evidence: dict[str, Any]) -> dict[str, Any]:
    return (evidence.get("actor") or {}).get("user") or {}


def _concerned(story: Story) -> list[Node]:
    """Of the lineage what the finding names: a busy key has children that are no part of it."""
    wanted = set(named(story.finding))
    every = [node for root in story.lineage for node in root.walk()]
    return [node for node in every if wanted.intersection((node.life.credential, *node.names))]


def _sentence(finding: Finding) -> str:
    info = finding.get("finding_info") or {}
    status = finding.get("status", "New")
    detail = f" ({finding['status_detail']})" if finding.get("status_detail") else ""
    reason = f": {info['desc']}" if info.get("desc") else ""
    return f"{finding.get('severity', 'Unknown')}, {status.lower()}{detail}. {info.get('title', '')}{reason}."


def _claimed(finding: Finding) -> list[Entry]:
    claims = (finding.get("unmapped") or {}).get("claim") or []
    return [
        Entry(
            c["time"] * 1000,
            "claim",
            f"{c.get('operation', '')}{_by(c.get('actor'))}".strip(),
            c["uid"],
            c.get("origin", ""),
        )
        for c in claims
        if c.get("time")
    ]


def _by(actor: str | None) -> str:
    return f" by {actor}" if actor else ""


def _used(finding: Finding, family: Family, identity: str) -> list[Entry]:
    outcomes = _outcomes(family, identity)
    entries = []
    for e in finding.get("evidences") or []:
        user = _user(e)
        place = e.get("src_endpoint") or {}
        data = e.get("data") or {}
        event = (str(data.get("origin", "")), e["uid"])
        words = [str((e.get("api") or {}).get("operation", "")), outcomes.get(event, "")]
        words += [f"with {user['credential_uid']}"] if user.get("credential_uid") else []
        words += [f"from {place.get('ip') or place.get('name')}"] if place else []
        at = data.get("time") or 0
        kind = "proof" if outcomes.get(event) == "unauthenticated" else "use"
        entries.append(Entry(at * 1000, kind, " ".join(filter(None, words)), e["uid"], event[0]))
    return entries


def _outcomes(family: Family, identity: str) -> dict[Event, str]:
    """By event, how a use ended."""
    return {
        e.event: key.partition(":")[0]
        for credential in family.view(identity).credentials.values()
        for key, sightings in credential.uses.items()
        for e in sightings.kept
    }


def _lived(story: Story, family: Family) -> list[Entry]:
    entries: list[Entry] = []
    for node in (n for root in story.lineage for n in root.walk()):
        life = node.life
        if life.issued:
            source = f" from {life.parent}" if life.parent else ""
            entries.append(Entry(life.issued.time, "issued", f"{node.called}{source}", life.issued.uid))
        view = family.view(life.identity)
        turns = view.turns_of(life.credential) if life.credential in view.credentials else ()
        entries += [entry for turn in turns for entry in _turned(turn, node.called, view.thresholds)]
        if life.died and life.died.time not in {turn.time for turn in turns}:
            text = f"{node.called} with its parent: {life.died.note}"
            entries.append(Entry(life.died.time, "ended", text, life.died.uid))
        if node.alive and node.until:
            entries.append(Entry(node.until, "until", f"{node.called} can be used until then"))
        entries += _since(node, view)
    return entries


def _since(node: Node, view: View) -> list[Entry]:
    """Since the end: the last success, and the first and last refusal, which prove it."""
    credential = view.credentials.get(node.life.credential)
    if credential is None or not node.since:
        return []
    name = node.called
    worked = [e for e in view.uses(credential, "succeeded") if e.time > node.since]
    refused = [e for e in view.uses(credential, "unauthenticated") if e.time > node.since]
    entries = [Entry(e.time, "use", f"last success of {name}", e.uid, e.origin) for e in worked[-1:]]
    entries += [Entry(e.time, "proof", f"first refusal of {name}", e.uid, e.origin) for e in refused[:1]]
    last = refused[1:][-1:]
    return entries + [Entry(e.time, "proof", f"last refusal of {name}", e.uid, e.origin) for e in last]


def _turned(turn: Turn, credential: str, granted: Thresholds) -> list[Entry]:
    word = "restored" if turn.alive else "ended"
    entries = [Entry(turn.time, word, f"{credential} {turn.how}", *turn.evidence.event[::-1])]
    grace = 0 if turn.alive else grace_of(turn, granted)
    if grace:
        entries.append(Entry(turn.time + grace, "grace over", f"{credential} has to be refused from here on"))
    return entries


def _next_steps(story: Story) -> list[str]:
    steps = [str((story.finding.get("remediation") or {}).get("desc", ""))]
    every = [n for root in story.lineage for n in root.walk()]
    left = [n for n in every if n.alive and n.state.startswith("residual")]
    if left:
        listed = ", ".join(_left(node) for node in left)
        steps.append(f"Still usable though what it came from has ended: {listed}.")
    for node in every:
        died, success = node.life.died, node.life.last_success
        if died and success and success.time > died.time:
            steps.append(f"Look at what {node.called} did since {iso(died.time)}: `{_hunt(node)}`")
    return [step for step in steps if step]


def _left(node: Node) -> str:
    until = f"until {iso(node.until)}" if node.until else "no end known"
    return f"{node.called} ({node.holder}, {until})"


def _hunt(node: Node) -> str:
    names = ", ".join(f"'{_escaped(name)}'" for name in (node.life.credential, *node.names))
    asked = (
        f"SELECT time, operation, outcome, place FROM activities FINAL WHERE credential IN ({names})"
        f" AND time >= '{_sql_time(node.since)}' ORDER BY time"
    )
    return f"gapwatch sql {for_shell(asked)}"


def _sql_time(time: int) -> str:
    """As ClickHouse reads a time in a comparison, in UTC."""
    return iso(time).replace("T", " ").removesuffix("Z")
