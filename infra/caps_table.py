"""Writes docs/caps.md from the constants themselves: ``python -m infra.caps_table > docs/caps.md``.

The number is read from the module, the reason is the text under the constant; what happens at a cap of the
correlators stands here, because it is code elsewhere that does it.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.provider import Grace

ROOT = Path(__file__).parents[1]
CAP = re.compile(r"([A-Z_]+_(MAX|AGE|BEYOND|LIFE|SHOWN|SHARDS|SPAN)|AFTER_LIFE|PINNED|LEVELS|BURST|PACE)\Z")
"""How the names of caps and ages are told from other constants."""

HEAD = """# Caps and ages

Everything that is remembered, read or shown has a bound, each a named constant. This page is made from
them (`python -m infra.caps_table > docs/caps.md`), and a test keeps it current.

A cap keeps the smallest or the largest under a fixed order, so what is kept does not depend on the order of
arrival. A mark, where one is named, stands in the dossier (`marks`); evidence that was let go of is told in
the finding (`unmapped.evidence_truncated`).
"""

AT_IT = {
    "credential_in_two_places": {
        "SHOWN_MAX": "other new places are counted, and stand in `activities`",
        "NAMED_MAX": "the title counts the others",
    },
    "tied": {"NAMED_MAX": "it is not tied to older ones; of several that it may be of, the finding is low"},
    "learning": {"EACH_MAX": "what sorts later is not drafted, and the draft's review says so"},
    "places": {
        "FLEET_SPAN": "before it, several places of one credential are not taken for a fleet",
        "SHORT_LIFE": "what is good for longer has its first hours, and its fleet may be anywhere",
    },
    "caps": {
        "VOICES_MAX": "what the others say is let go of; mark `hearsay truncated`",
        "DOSSIER_BYTES_MAX": "credentials are let go of down to half the cap, the longest unseen first, "
        "those that had expired or that no record claims anything about; those with an end move into "
        "dossiers of their own; the others are kept in brief; then "
        "every part beside them is cut, the largest first; at the very last whole credentials. What was "
        "said stays said; marks `credentials truncated`, of those that no record "
        "claims anything about `spare credentials truncated`, and, by the part, such as `calls truncated`",
        "UNCLAIMED_AGE": "the dossier of the credential is deleted",
        "OBJECT_AGE": "the dossier of the object is deleted",
        "ENDED_AGE": "the dossier of the ended credential that nobody owns is deleted",
    },
    "gone": {
        "HOURS_BY_MINUTE_MAX": "of earlier uses that were let go of only the hour is known",
        "DAYS_BY_HOUR_MAX": "of earlier uses that were let go of only the day is known",
        "DAYS_MAX": "earlier uses that were let go of are forgotten",
    },
    "tools_beyond_approval": {"NAMES_SHOWN": "the others are counted"},
    "offers": {"SESSION_LIFE": "calls of a session that showed no list are not judged by it"},
    "tool_outside_catalog": {"NOBODYS_SHOWN": "the row names no more; each has a row of its own"},
    "correlator": {
        "LOCAL_ROUNDS_MAX": "the rest follows in the next settling; mark `lineage depth reached`",
    },
    "difference": {
        "LEFT_MAX": "a crowd that it left long ago is not told that it has left again",
        "BURST": "from here on additions are told at the pace",
        "PACE": "an addition waits for its time; what is held back is told before a stop, and after a crash",
    },
    "resting": {"BUSY_MAX": "the one settled longest ago rests as bytes until it is asked for"},
    "crowding": {"KNOWN_MAX": "findings are said as alarms until the crowd itself has counted them"},
    "crowds": {
        "PARTS_MAX": "the story says `about`, and no longer that it is no crowd; mark "
        "`crowd of severity {} is a sample`",
        "MEMBERS_MAX": "findings of the others are alarms of their own; mark `crowd truncated`",
    },
    "many_findings_at_once": {
        "NAMED_MAX": "the reason says `and others`",
        "EVIDENCE_MAX": "the others stand below the story in `findings_open` alone",
    },
    "homes": {"HOMES_MAX": "the others are told nothing: records named them, none of them owns it"},
    "apart": {
        "CREDENTIALS_MAX": "the longest unseen of them move into dossiers of their own, down to half, and "
        "are judged there; mark `credentials apart`",
    },
    "grants": {
        "SESSIONS_MAX": "sessions begun earlier are let go of; mark `sessions truncated`",
        "BEGUN_MAX": "operations begun earlier are let go of; mark `begun operations truncated`",
    },
    "join": {
        "TURNS_MAX": "turns in the middle are let go of; whether it is off now is untouched; at the cap, "
        "mark `turns full`",
        "DID_MAX": "ways first seen later are let go of and count as new; at the cap, mark `ways of writing "
        "full`",
        "STAYS_MAX": "places that sort later are not told apart; at the cap, mark `places full`",
        "STAY_DAYS_MAX": "later days are let go of; the last use says how long it stayed",
        "SERVICES_MAX": "what sorts later is not noted; a full set is taken for everything",
        "BESIDE_MAX": "of a credential judged apart, a run in flight at a rotation may be told as medium",
        "UNDID_MAX": "those in the middle are let go of; at the cap, mark `ways of writing full`",
        "LISTS_MAX": "older lists are let go of; at the cap, mark `lists of tools full`, and where all are "
        "of one month, `tools_beyond_approval` says so",
        "NAMES_MAX": "names, places and clients that sort later are let go of; at the cap, mark "
        "`names full`, of places and clients `clients full`",
        "DECLARATIONS_MAX": "declarations recorded earlier are let go of; at the cap, mark "
        "`declarations full`",
        "CLAIMS_MAX": "claims recorded earlier are let go of; at the cap, mark `claims full`",
        "DAYS_MAX": "earlier days are let go of: the source counts as watched since the first that is left",
        "SECRETS_MAX": "secrets read first later are let go of, and no sweep is told of; at the cap, mark "
        "`secrets full`",
        "MADE_MAX": "what was made earlier is taken for made by anybody",
        "CALLED_MAX": "the others are shown by the beginning of their id",
        "PASSAGES_MAX": "later addresses of it say nothing of a balancer",
        "PINNED": "later uses after that end are kept only as sightings are",
    },
    "kinds": {
        "CROWD_AGE": "the dossier of the crowd is deleted; what was said stays said",
        "SIBLINGS_AGE": "the dossier of siblings is deleted",
        "TRACE_AGE": "the dossier of the trace is deleted; what no agent claimed stays unattributed",
    },
    "lookups": {
        "MOMENTS_MAX": "nothing is inferred from refusals of these seconds; mark `glimpses truncated`",
    },
    "memory": {
        "FORGET_BEYOND": "credentials whose life is over are forgotten; what was said stays",
        "AFTER_LIFE": "so long after its expiry, or its last record if that came later, a life is over",
    },
    "rosters": {
        "MEMBERS_MAX": "the identities with the largest digests are let go of; mark `roster truncated`"
    },
    "siblings": {
        "CHILDREN_MAX": "those issued earlier move into a dossier of siblings, down to half, and are told "
        "there what ended their parent",
        "SIBLING_SHARDS": "each parts in the same way when it fills up",
        "GENERATIONS_MAX": "children issued earlier are let go of; mark `children truncated`",
    },
    "spans": {
        "SPANS_MAX": "of spans that decide (agents, tools, hand-offs, lists of tools) and of the others the "
        "first half each are kept, agents before all; mark `spans truncated`",
    },
    "weight": {
        "BRIEF_TEXT_MAX": "the rest of the text is let go of; mark `credentials truncated`",
        "BRIEF_MAX": "older ones are let go of; mark `credentials truncated`",
    },
    "sightings": {
        "LEVELS": "evidence between the first and last of a bucket is let go of, told as truncated; "
        "ClickHouse counts all of it",
        "OPERATIONS_MAX": "of operations that sort later the first and last use are not kept for themselves",
        "PLACES_MAX": "more places of one bucket are not told apart there",
        "KEPT_MAX": "follows from the levels",
    },
}
"""Per module of the correlators, per cap, what happens when it is reached."""

UNTOLD = {
    "DEPTH_MAX": "Nesting of one document: no format that is read nests so deep.",
}
"""Reasons of constants that carry none."""


@dataclass(frozen=True)
class Cap:
    """A bound as it stands in its module. ``value`` in words."""

    module: str
    name: str
    value: str
    reason: str

    @property
    def place(self) -> str:
        """The name of the module that holds this cap, without its packages."""
        return self.module.rpartition(".")[2]


def caps(package: str) -> list[Cap]:
    """Returns all caps of the modules in a folder, its rooms included, in order of module and place."""
    files = sorted((ROOT / package).rglob("*.py"))
    return [cap for file in files for cap in _caps_of(file)]


def _caps_of(file: Path) -> Iterator[Cap]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if not any(_named(statement) for statement in tree.body):
        return
    dotted = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(dotted)
    for statement, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if name := _named(statement):
            reason = _text(following) or UNTOLD.get(name, "")
            value = _words(getattr(module, name), ast.unparse(statement), reason)
            yield Cap(dotted, name, value, reason)


def _named(statement: ast.stmt) -> str:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    name = target.id if isinstance(target, ast.Name) else ""
    return name if CAP.match(name) else ""


def _text(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        return " ".join(value.split()).replace("|", "\\|") if isinstance(value, str) else ""
    return ""


def _words(value: object, source: str, reason: str) -> str:
    """A value as people read it: a time as a duration, bytes as KiB and MiB, a moment as a date."""
    if isinstance(value, Grace):
        value = value.length
    if isinstance(value, timedelta):
        return _span(value)
    name = source.partition(" ")[0].rstrip(":")
    if isinstance(value, int) and ("micros(" in source or name.endswith(("_SPAN", "_AGE"))):
        return _span(timedelta(microseconds=value))
    if isinstance(value, int) and value > LATE:
        micros = value // 1000 if name.startswith("NANOS") else value
        return f"{EPOCH + timedelta(seconds=micros // 10**6):%Y-%m-%d}"
    if isinstance(value, int) and reason.startswith(("Bytes", "A Kafka message")):
        return next((f"{value // size:,} {unit}" for unit, size in UNITS if not value % size), f"{value:,} B")
    if isinstance(value, int | float):
        return f"{value:,}"
    if isinstance(value, tuple):
        levels = (f"{_span(timedelta(microseconds=w))} × {b}, {e} each end" for w, b, e in value)
        return "; ".join(levels)
    return str(value)


LATE = 10**15
"""So large a number is a moment (µs since 1970), and no count."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = (("MiB", 2**20), ("KiB", 2**10), ("MB", 10**6), ("kB", 10**3))


def _at(cap: Cap) -> str:
    return AT_IT.get(cap.place, {}).get(cap.name, "")


def _span(span: timedelta) -> str:
    if span == timedelta(days=1):
        return "1 day"
    for unit, length in {
        "days": timedelta(days=1),
        "h": timedelta(hours=1),
        "min": timedelta(minutes=1),
    }.items():
        if span >= length and not span % length:
            return f"{span // length:,} {unit}"
    return f"{span.total_seconds():,g} s"


DRIVER = "correlators.driver"


def remembered() -> list[Cap]:
    """Returns the caps of what dossiers and controls remember: those of the correlators without their
    driver."""
    return [cap for cap in caps("correlators") if not cap.module.startswith(DRIVER)]


ROOMS = {
    "correlators": "What controls bound",
    "correlators.kernel": "How an identity is judged",
    "correlators.kernel.knowledge": "What is known of an identity",
    "correlators.kernel.routes": "What is told to others",
    "correlators.kernel.views": "What controls read",
    "correlators.driver": "From records to facts and reports",
    "schemas": "Records, keys and findings",
    "schemas.providers": "Pages of providers",
    "schemas.sources": "Readers of sources",
    "streams": "Parts of the pipeline",
}
"""Headings, by the innermost package that is named here."""


def _room(cap: Cap) -> str:
    return max((room for room in ROOMS if cap.module.startswith(f"{room}.")), key=len)


def _row(cap: Cap) -> str:
    at = _at(cap)
    then = f" **At it:** {at}." if at else ""
    place = cap.module.removeprefix(f"{_room(cap)}.").removesuffix(".__init__")
    return f"| `{place}` `{cap.name}` | {cap.value} | {cap.reason}{then} |"


def page() -> str:
    """Returns the whole page: a table for each room, in the order of ``ROOMS``."""
    by_room: dict[str, list[str]] = {}
    for cap in (cap for package in ("correlators", "schemas", "streams") for cap in caps(package)):
        by_room.setdefault(_room(cap), []).append(_row(cap))
    parts = [HEAD]
    for room, heading in ROOMS.items():
        if rows := by_room.get(room):
            head = "| cap | is | why, and what happens at it |\n|---|---|---|"
            parts += [f"## {heading}\n", f"In `{room.replace('.', '/')}/`.\n", head, *rows, ""]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
