"""What a declaration would change, worked out before it is sent: by the code of the correlators, over the
dossiers that are stored.

Looked at are the dossiers that learn something of it, whomever these tell of it in turn, up to a number.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import orjson

from correlators.driver.normaliser import Normaliser, Record
from correlators.driver.partition import Judging, Partition
from correlators.kernel.catalogue import controls
from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from schemas.authority import INVENTORY
from schemas.declaration import Declaration, in_effect
from schemas.dossier import EMPTY, Dossier
from schemas.fact import WATCH, Fact, Tick
from schemas.finding import render_finding
from schemas.stored import encode
from schemas.verdict import Report
from streams.clickhouse import query
from streams.command.declare import Declared
from streams.command.previewed import Before, Change, Preview, field_changes
from streams.site.context import Site
from streams.site.settings import Settings

KEYS_MAX = 5_000
"""Dossiers that are looked at: some twenty seconds. What concerns more is said to."""

KEYS_AT_ONCE = 100
"""Keys in one query: they travel in its address, which servers bound to some ten thousand letters."""

BETWEEN = "\x1f"
"""Between keys in a parameter: no key has it."""

_SOME = (
    "SELECT key, bodies FROM {internal}.dossiers_live "
    "WHERE key IN (SELECT arrayJoin(splitByChar('\\x1f', {keys:String})))"
)
_WATCHED = "SELECT key, bodies FROM {internal}.dossiers_live WHERE startsWith(key, {watch:String})"
_FINDINGS = (
    "SELECT uid, status, severity_id, title FROM findings FINAL "
    "WHERE uid IN (SELECT arrayJoin(splitByChar('\\x1f', {keys:String})))"
)
SEEN = (
    *("credentials", "turns", "calls", "seen", "grants", "sessions", "members", "offered", "images", "made"),
    *("lent", "begun", "addresses"),
)
"""Fields of a dossier that only live evidence fills, or that lead to it."""


class Stored:
    """The dossiers that are stored, asked for as they are needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, Dossier] = {}
        watched = (_joined(row) for row in query.rows(settings, _WATCHED, {"watch": WATCH}))
        self._watch = encode(reduce(join, watched, EMPTY))
        self.truncated = False

    def fetch(self, keys: Iterable[str]) -> None:
        """Asks for the dossiers of these keys; beyond the limit they count as unknown."""
        missing = sorted({key for key in keys if BETWEEN not in key} - self._known.keys())
        if len(self._known) + len(missing) > KEYS_MAX:
            self.truncated = True
            missing = missing[: max(0, KEYS_MAX - len(self._known))]
        self._known |= dict.fromkeys(missing, EMPTY)
        for row in asked(self._settings, _SOME, missing):
            self._known[row["key"]] = _joined(row)

    def load(self, key: str) -> bytes | None:
        """Returns the bytes of a dossier that was asked for; None where nothing is stored."""
        if key.startswith(WATCH):
            return self._watch
        known = self._known.get(key, EMPTY)
        return encode(known) if known is not EMPTY else None

    def dossier(self, key: str) -> Dossier:
        """Returns a dossier as it is stored."""
        return self._known.get(key, EMPTY)


def asked(settings: Settings, sql: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yields the rows of a query for many keys."""
    for at in range(0, len(keys), KEYS_AT_ONCE):
        text = BETWEEN.join(keys[at : at + KEYS_AT_ONCE])
        yield from query.rows(settings, sql, {"keys": text})


def _joined(row: dict[str, Any]) -> Dossier:
    return reduce(join, (known_by(body) for body in row["bodies"]), EMPTY)


def preview(settings: Settings, site: Site, messages: Sequence[Declared]) -> Preview:
    """Returns what would be otherwise if these were declared now. Raises NotRunning where no ClickHouse
    answers, Stop where it refuses."""
    now = time.time_ns() // 1000
    stored = Stored(settings)
    partition = Partition(
        Judging(controls(), site.thresholds, None, authority=site.authority), load=stored.load
    )
    facts = facts_of(messages, site, now)
    keys = sorted({key for key, _ in facts if not key.startswith(WATCH)})
    # First what time alone has changed since: nothing of it is the declaration's doing.
    before = _settled(partition, stored, [(key, EMPTY) for key in keys], now)
    after = _settled(partition, stored, facts, now)
    return Preview(
        fields=_fields(stored, facts),
        changes=_changes(settings, before, after),
        strangers=_strangers(stored, facts),
        truncated=stored.truncated,
    )


def facts_of(messages: Iterable[Declared], site: Site, now: int) -> list[Fact]:
    """Returns what the messages teach, as if they came at this time (µs)."""
    normaliser = Normaliser(site.reads.key, trust=site.reads)
    for message in messages:
        normaliser.take(Record(message.content, INVENTORY, "default", arrived=now, processed=now))
    return normaliser.drain().facts


def _settled(partition: Partition, stored: Stored, facts: list[Fact], now: int) -> dict[str, Report]:
    """Judges until nobody tells anybody anything more."""
    reports: dict[str, Report] = {}
    tick: Tick | None = Tick(now)
    while facts or tick:
        stored.fetch(key for key, _ in facts if not key.startswith(WATCH))
        partition.take(facts, tick)
        settled = partition.settle()
        reports |= {report.uid: report for report in settled.reports if report.finding}
        facts, tick = settled.forwards, Tick(now) if partition.behind else None
    return reports


def _changes(settings: Settings, before: dict[str, Report], after: dict[str, Report]) -> list[Change]:
    """The findings that are otherwise, the gravest first."""
    was = {
        row["uid"]: Before(row["status"], row["severity_id"])
        for row in asked(settings, _FINDINGS, sorted(after))
    }
    was |= {uid: Before(shown["status"].lower(), shown["severity_id"]) for uid, shown in _shown(before)}
    found = [Change.of(uid, was.get(uid, Before()), shown) for uid, shown in _shown(after)]
    return sorted(
        (change for change in found if change.verb), key=lambda c: (-c.severity, c.verb, c.title, c.uid)
    )


def _shown(reports: dict[str, Report]) -> Iterator[tuple[str, dict[str, Any]]]:
    for uid, report in reports.items():
        yield uid, orjson.loads(render_finding(report, controls()[report.reported.control].CONTROL))


def _fields(stored: Stored, facts: Iterable[Fact]) -> dict[str, list[str]]:
    """By identity, what records say otherwise."""
    new: dict[str, list[Declaration]] = {}
    for key, fact in facts:
        new.setdefault(key, []).extend(fact.stated.get(key, ()))
    changed: dict[str, list[str]] = {}
    for key, records in sorted(new.items()):
        if records:
            known = stored.dossier(key).stated.get(key, ())
            before = in_effect(known)[-1] if known else Declaration(0, "")
            changed[key] = field_changes(before, in_effect((*known, *records))[-1])
    return changed


def _strangers(stored: Stored, facts: Iterable[Fact]) -> list[str]:
    """Identities that the files name and of which no log shows anything, under none of their keys."""
    named: dict[str, set[str]] = {}
    for key, fact in facts:
        claims = (*fact.stated, *fact.approvals, *fact.releases, *(e.identity for e in fact.exceptions))
        if key in claims:
            aliases = {alias for many in fact.stated.values() for d in many for alias in d.aliases}
            named.setdefault(key, {key}).update(aliases)
    return sorted(
        key
        for key, keys in named.items()
        if not any(getattr(stored.dossier(one), field) for one in keys for field in SEEN)
    )
