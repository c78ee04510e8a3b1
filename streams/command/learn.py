"""`gapwatch learn`: what was seen, as the draft of an inventory. It approves nothing: no draft can be
declared as it stands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

import orjson
import yaml

from correlators.driver.normaliser import Record
from correlators.driver.replaying import Replaying
from correlators.kernel.catalogue import controls
from correlators.kernel.knowledge.join import join
from correlators.kernel.learning import REVIEW, draft_of, rhythm_of
from correlators.kernel.routes.kinds import kind_of
from correlators.kernel.routes.routing import judged_elsewhere
from correlators.kernel.stored import known_by
from correlators.kernel.views.view import View
from schemas.dossier import EMPTY, Dossier
from schemas.inventory_model import VERSION
from schemas.sources import detect
from streams.clickhouse import query
from streams.command.options import one_of
from streams.command.replay import RECORD_LIMIT
from streams.command.replay_key import replay_key
from streams.command.tabled import show_rows
from streams.files.paths import Reader, files
from streams.site.context import site_of
from streams.site.errors import Stop
from streams.site.settings import Settings

_ALL = "SELECT key, bodies FROM {internal}.dossiers_live WHERE NOT startsWith(key, 'trace:') ORDER BY key"

HEAD = f"""# What gapwatch saw, for a person to look at. Nothing here is approved: each entry bears a
# line `{REVIEW}: …`, and no inventory has such a field. Keep what is meant, name the owners, take
# these lines out, and look whether the rest can be declared: gapwatch declare --dry-run FILE
"""


def learn(
    settings: Settings, paths: list[str], instance: str | None, as_json: bool = False, as_csv: bool = False
) -> None:
    """Prints the draft of all identities that no record declares: of a run, or, where paths are given, of
    these log files. JSON has an entry a line, CSV a field of an entry. Raises Stop where nothing was
    seen."""
    one_of(as_json, as_csv)
    drafts, rhythms = draft(settings, seen_in(settings, paths, instance) if paths else known_to(settings))
    if not drafts:
        raise Stop("Nothing was seen that is not declared already.")
    if as_json or as_csv:
        rows = drafts if as_json else [row for entry in drafts for row in flat(entry)]
        show_rows(rows, ("identity", "field", "value"), as_json, as_csv, "")
        return
    sys.stdout.write(written(drafts, rhythms))


def flat(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a row for each field of an entry, for each value where the field is a list."""
    for field, value in entry.items():
        for one in value if isinstance(value, list) else [value]:
            said = one if isinstance(one, str) else orjson.dumps(one).decode()
            yield {"identity": entry["id"], "field": field, "value": said}


def draft(settings: Settings, known: Iterable[tuple[str, Dossier]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Returns an entry for each identity in order of key, and how each source speaks, in words."""
    drafts: list[dict[str, Any]] = []
    rhythms: list[str] = []
    for key, dossier in sorted(known, key=lambda one: one[0]):
        rhythms.extend(rhythm_of(key, dossier))
        if kind_of(key) or dossier.members or judged_elsewhere(key, dossier):
            continue
        drafted = draft_of(View(key, dossier, settings.thresholds))
        if drafted is not None:
            drafts.append(drafted)
    return drafts, rhythms


def written(drafts: list[dict[str, Any]], rhythms: list[str]) -> str:
    """Returns the draft as YAML, the rhythms of the sources as comments above it."""
    said = "".join(f"# {rhythm}\n" for rhythm in rhythms)
    document = {"gapwatch": VERSION, "identities": drafts}
    return HEAD + said + yaml.safe_dump(document, sort_keys=False, allow_unicode=False, width=10_000)


def known_to(settings: Settings) -> Iterator[tuple[str, Dossier]]:
    """Yields every dossier of a run."""
    rest = b""
    for chunk in query.ask(settings, query.placed(settings, _ALL), "JSONEachRow"):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (_row(line) for line in lines if line)
    if rest.strip():
        yield _row(rest)


def _row(line: bytes) -> tuple[str, Dossier]:
    row = orjson.loads(line)
    return row["key"], reduce(join, (known_by(body) for body in row["bodies"]), EMPTY)


def seen_in(settings: Settings, paths: list[str], instance: str | None) -> Iterator[tuple[str, Dossier]]:
    """Yields every dossier that log files teach."""
    site = site_of(settings, replay_key(settings, paths, ()))
    replaying = Replaying(controls(), site.reads, site.thresholds, RECORD_LIMIT, 0, site.authority)
    reader = Reader(detect, RECORD_LIMIT)
    for path in files(paths):
        for source, piece in reader.read(path, True):
            if not piece.trouble:
                replaying.take(Record(piece.content, source, instance or "default"))
    replaying.drain(last=True)
    replaying.settle()
    yield from replaying.known()
