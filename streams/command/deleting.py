"""`gapwatch safe-to-delete KEY`: whether anybody would miss a credential, and what nobody can see of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import orjson

from correlators.kernel.views.deletion import Answer, Known, deletion
from correlators.kernel.views.ends import off_intervals
from correlators.kernel.views.progress import Progress, rotation_progress
from correlators.kernel.views.view import View
from schemas.evidence import iso
from schemas.naming import spoken
from schemas.providers import refusals_hidden, source_of, unseen
from streams.clickhouse import query
from streams.command.explain import loader
from streams.command.lineage import Family, Node
from streams.site.errors import Stop
from streams.site.foreign import for_json, shown
from streams.site.settings import Settings

CODES: Mapping[Answer, int] = {"safe": 0, "not safe": 1, "cannot be known": 2}
"""Exit codes; every other one says that the question was not answered."""

LIKE_MAX = 10
"""Credentials that are named where a word fits several."""

BETWEEN = "\x1f"
"""Stands in no key."""

_FIND = """SELECT credential, identity, toString(kind) AS kind FROM credentials FINAL
WHERE credential = {key:String} OR endsWith(credential, concat('/', {key:String})) OR identity = {key:String}
   OR credential IN (SELECT key FROM names WHERE name = {key:String})
   OR identity IN (SELECT key FROM names WHERE name = {key:String})
ORDER BY credential != {key:String}, credential LIMIT 200"""

_ROTATED = """SELECT identity, subject, value, reason, evidence, hangs_on FROM ledger
WHERE control = 'old_version_used_after_rotation' AND (subject = {key:String} OR identity = {key:String})"""

_USES = r"""SELECT identity, place, client,
uniqExactIf(uid, outcome IN ('succeeded', 'failed', 'forbidden')) AS accepted,
uniqExactIf(uid, outcome = 'unauthenticated') AS refused,
toUnixTimestamp64Micro(maxIf(activities.time,
  outcome IN ('succeeded', 'failed', 'forbidden'))) AS last_accepted,
toUnixTimestamp64Micro(maxIf(activities.time, outcome = 'unauthenticated')) AS last_refused
FROM activities
WHERE credential IN (SELECT arrayJoin(splitByChar('\x1f', {names:String}))) AND action != 'service'
GROUP BY identity, place, client ORDER BY last_accepted DESC, last_refused DESC LIMIT 50"""

_SEEN = """SELECT w.source AS source, toUnixTimestamp64Micro(max(w.watermark)) AS watermark,
any(s.lag_seconds) AS lag, any(s.cannot_show) AS cannot_show FROM watermarks_at(at = now64(6)) AS w
LEFT JOIN (SELECT * FROM sources FINAL) AS s ON s.source = w.source GROUP BY source"""


def safe_to_delete(settings: Settings, key: str, as_json: bool) -> int:
    """Prints the answer with its evidence, and returns its exit code. Raises Stop where nothing, or more than
    one credential, goes by this name."""
    found = query.rows(settings, _FIND, {"key": key})
    rotated = query.rows(settings, _ROTATED, {"key": key})
    exact = [row for row in found if row["credential"] == key] or found
    if len(exact) > 1:
        some = ", ".join(row["credential"] for row in exact[:LIKE_MAX])
        raise Stop(f"Several credentials go by {shown(key)}: {some}. Name one of them.", code=2)
    if exact:
        said = _of_credential(settings, exact[0])
    elif rotated:
        said = _of_secret(key, rotated)
    else:
        raise Stop(
            f"Nothing is known of {shown(key)}, so it cannot be known whether it is safe to delete. Name a "
            "credential by its key, its id or its name: SELECT credential FROM credentials_current.",
            code=2,
        )
    if as_json:
        sys.stdout.write(for_json(orjson.dumps(said).decode()) + "\n")
    else:
        _print(said)
    return CODES[said["answer"]]


def _of_secret(key: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of a secret the ledger says it, as the reads of its versions are judged there."""
    values = {row["value"] for row in rows}
    answer: Answer = (
        "not safe" if "violated" in values else "safe" if values == {"proven"} else "cannot be known"
    )
    return {
        "key": key,
        "answer": answer,
        "reasons": [row["reason"] for row in rows],
        "evidence": [uid for row in rows for uid in row["evidence"]],
        "uses": [],
        "ends_with_it": [],
        "outlives_it": [],
        "cannot_be_seen": [],
    }


def _of_credential(settings: Settings, row: Mapping[str, Any]) -> dict[str, Any]:
    name, now = str(row["credential"]), time.time_ns() // 1000
    family = Family(loader(settings), now, settings.thresholds)
    view = family.view(row["identity"] or name)
    kept = next((n for n, c in view.credentials.items() if n == name or name in c.names), "")
    names = (name, *view.credentials[kept].names) if kept else (name,)
    uses = query.rows(settings, _USES, {"names": BETWEEN.join(names)})
    hidden, notes = _sight(settings, name, str(row["kind"]), now)
    below = [n for tree in family.trees(view.key, [name]) for n in tree.walk() if n.life.credential in names]
    dying = [n for node in below for n in _dying(node)]
    outlives = [n for node in below for n in node.walk() if n is not node and n.alive and n not in dying]
    progress = _progress(view, kept)
    proven = query.rows(settings, _ROTATED, {"key": progress.change.shown}) if progress else []
    known = Known(
        now=now,
        window=settings.thresholds.unused,
        last_use=max((int(u["last_accepted"]) for u in uses), default=0),
        refused=max((int(u["last_refused"]) for u in uses), default=0),
        ended=_ended(view, kept, now),
        rotated=progress.change.at if progress else 0,
        moved=tuple(c.name for c in progress.moved) if progress else (),
        staying=tuple(c.name for c in progress.staying) if progress else (),
        proven=bool(proven) and all(p["value"] == "proven" for p in proven),
        dying=tuple(n.life.credential for n in dying),
        hidden=tuple(hidden),
    )
    answer, reasons = deletion(known)
    return {
        "key": name,
        "name": spoken(name),
        "identity": row["identity"],
        "owner": view.owner or None,
        "answer": answer,
        "reasons": list(reasons),
        "last_accepted": iso(known.last_use) or None,
        "evidence": sorted({uid for p in proven for uid in p["evidence"]}),
        "uses": [_use(u) for u in uses],
        "ends_with_it": [n.life.credential for n in dying],
        "outlives_it": [n.life.credential for n in outlives],
        "cannot_be_seen": [*hidden, *notes],
    }


def _dying(node: Node) -> list[Node]:
    """What lives, and would end with it."""
    return [n for child in node.children if child.edge == "dies_with" for n in child.walk() if n.alive]


def _progress(view: View, name: str) -> Progress | None:
    lasts = (many[-1] for many in rotation_progress(view) if many)
    return next((p for p in lasts if name and name in p.change.olds and not p.change.back), None)


def _ended(view: View, name: str, now: int) -> int:
    periods = off_intervals(view.turns_of(name)) if name else []
    return periods[-1].start if periods and not periods[-1].end and periods[-1].start <= now else 0


def _sight(settings: Settings, name: str, kind: str, now: int) -> tuple[list[str], list[str]]:
    """Why uses may not be seen at all, and what else is not shown."""
    source = source_of(name)
    seen = {row["source"]: row for row in query.rows(settings, _SEEN)}
    hidden, notes = [], []
    if why := unseen(name, kind):
        hidden.append(f"its uses are in no log here: {why}")
    if not source:
        hidden.append("no log is known that would show a use of it")
    elif source not in seen:
        hidden.append(f"no {source} records are collected that would show a use of it")
    else:
        row = seen[source]
        mark = int(row["watermark"])
        if row["lag"] is not None and now - mark > int(row["lag"]) * 1_000_000:
            hidden.append(f"the {source} log has been read up to {iso(mark)} only")
        notes.append(f"what the {source} log does not show: {row['cannot_show']}")
    if why := refusals_hidden(name):
        notes.append(why)
    return hidden, notes


def _use(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "identity": row["identity"],
        "place": row["place"],
        "client": row["client"],
        "accepted": int(row["accepted"]),
        "refused": int(row["refused"]),
        "last_accepted": iso(int(row["last_accepted"])) or None,
        "last_refused": iso(int(row["last_refused"])) or None,
    }


def _print(said: Mapping[str, Any]) -> None:
    print(f"{shown(said.get('name') or said['key'])} ({shown(said['key'])}): {str(said['answer']).upper()}")
    for reason in said["reasons"]:
        print(f"  {shown(reason)}")
    if said.get("owner"):
        print(f"Owner: {shown(said['owner'])}")
    _section("Who used it, the latest first", [_as_line(use) for use in said["uses"]])
    _section("Ends with it", said["ends_with_it"])
    _section("Lives on without it", said["outlives_it"])
    _section("Events that prove it", said["evidence"])
    _section("What cannot be seen", said["cannot_be_seen"])


def _as_line(use: Mapping[str, Any]) -> str:
    who = " ".join(part for part in (use["identity"], use["place"], use["client"]) if part) or "unnamed"
    last = use["last_accepted"] or f"never accepted, refused {use['last_refused']}"
    return f"{last}  {who}  ({use['accepted']} accepted, {use['refused']} refused)"


def _section(title: str, lines: list[str]) -> None:
    if lines:
        print(f"{title}:")
        for line in lines:
            print(f"  {shown(line)}")
