"""A pack: the ledger, its events, and the queries that give them, as files of one folder. The same rows give
the same bytes, whenever and wherever they are written."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from schemas.evidence import iso, origin_of
from streams.evidence.ledger import EVENTS, PAGE_ROWS, Chosen, Progress, Row, as_of, events, rows
from streams.evidence.oscal import assessment_results
from streams.evidence.statement import opened, signed, statement
from streams.site.disk import trouble_with
from streams.site.errors import Stop
from streams.site.foreign import for_cell, json_bytes, shown
from streams.site.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

STATEMENT, ENVELOPE = "statement.json", "statement.dsse.json"
FILES = (
    "assessment-results.json",
    "controls.csv",
    "events.csv",
    "ledger.csv",
    "ledger.ocsf.jsonl",
    "queries.sql",
)
"""What a statement speaks for."""
_LEDGER = (
    "uid", "value", "judged", "aged", "control", "control_version", "identity", "identity_name", "owner",
    "credential", "subject", "title", "reason", "severity", "start", "end", "nist", "csf",
    "indicators", "events",
)  # fmt: skip
_CONTROLS = ("control", "control_version", "control_title", "nist", "csf", "indicators")
_EVENTS = (
    "uid", "time", "source", "instance", "identity", "actor_name", "credential", "operation", "service",
    "outcome", "action", "place", "client", "target", "resource", "error", "topic", "partition", "offset",
    "line", "arrived",
)  # fmt: skip
_MILLIS = ("start", "end")


@dataclass(frozen=True)
class Packed:
    """What a pack holds: how many rows, by value, how many events, and how many that are not stored."""

    values: dict[str, int]
    events: int
    missing: int


def pack(
    settings: Settings,
    chosen: Chosen,
    folder: Path,
    key: Ed25519PrivateKey | None,
    progress: Progress = lambda what, done, of: None,
) -> Packed:
    """Writes a pack into a folder that is empty, or holds another pack. Raises Stop where no row is chosen,
    and where the folder cannot be written."""
    _prepare(folder)
    if not chosen.as_of:
        chosen = replace(chosen, as_of=as_of(settings))
    ledger = list(rows(settings, chosen, progress))
    if not ledger:
        raise Stop(
            "No row of the ledger is chosen, so there is nothing to pack. "
            "`gapwatch sql 'SELECT control, identity FROM assurance_current'` lists what there is."
        )
    wanted = {event for row in ledger for event in row.events}
    stored = events(settings, wanted, progress)
    found = {(row["uid"], origin_of(row["source"], row["instance"])) for row in stored}
    found |= {(uid, "") for uid, _ in found} & wanted
    files = _files(ledger, stored, chosen)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    document = assessment_results(ledger, found, digests, chosen.as_of)
    files["assessment-results.json"] = _document(document)
    digests["assessment-results.json"] = hashlib.sha256(files["assessment-results.json"]).hexdigest()
    files[STATEMENT] = statement(ledger, digests)
    if key is not None:
        files[ENVELOPE] = signed(files[STATEMENT], key)
    _write(folder, files, progress)
    values = {value: sum(row.value == value for row in ledger) for value in sorted({r.value for r in ledger})}
    return Packed(values, len(stored), len(wanted - found))


def checked(folder: Path, key: Ed25519PublicKey | None) -> list[str]:
    """Returns what is wrong with a pack: files that are not what its statement says, files that it does not
    name. Raises Stop where there is no statement, or where it is not signed by the key."""
    said = _content(folder, STATEMENT)
    if key is not None and opened(_content(folder, ENVELOPE), key) != said:
        raise Stop(f"{folder / STATEMENT} is not the statement that was signed: it was changed.")
    try:
        named = {each["name"]: each["digest"]["sha256"] for each in orjson.loads(said)["subject"]}
    except (ValueError, KeyError, TypeError):
        raise Stop(f"{folder / STATEMENT} is no statement of a pack: it was changed.") from None
    wrong = []
    for name, digest in sorted(named.items()):
        path = folder / name
        if name not in FILES or not path.is_file():
            wrong.append(f"{name} is not there")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            wrong.append(f"{name} was changed")
    return wrong + [f"{name} is not named by the statement" for name in FILES if name not in named]


def _files(ledger: Sequence[Row], stored: list[dict[str, Any]], chosen: Chosen) -> dict[str, bytes]:
    controls = {row.control: row for row in ledger}
    return {
        "controls.csv": _table(_CONTROLS, (_shown(controls[name], _CONTROLS) for name in sorted(controls))),
        "events.csv": _table(_EVENTS, stored),
        "ledger.csv": _table(_LEDGER, (_shown(row, _LEDGER) for row in ledger)),
        "ledger.ocsf.jsonl": b"".join(
            json_bytes(orjson.dumps(row.ocsf, option=orjson.OPT_SORT_KEYS)) + b"\n" for row in ledger
        ),
        "queries.sql": _queries(chosen),
    }


def _queries(chosen: Chosen) -> bytes:
    """The queries, each with what filled it: as parameters of ClickHouse's HTTP interface, which escapes
    them as fields of tab-separated text."""
    first = {**chosen.parameters(), "after": "", "rows": str(PAGE_ROWS)}
    filled = "".join(f"-- param_{name} = {orjson.dumps(text).decode()}\n" for name, text in first.items())
    return (
        "-- The rows of the ledger, a page at a time: `after` is the last uid of the page before.\n"
        f"{filled}{chosen.sql};\n\n"
        "-- The events that the rows name, by id, with U+001F between the ids.\n"
        f'-- param_uids = "…"\n{EVENTS};\n'
    ).encode()


def _shown(row: Row, columns: Iterable[str]) -> dict[str, Any]:
    return {name: _field(row, name) for name in columns}


def _field(row: Row, name: str) -> Any:
    value = getattr(row, name)
    if name in _MILLIS:
        return iso(value * 1000)
    if name == "events":
        return [f"{origin}:{uid}" if origin else uid for uid, origin in value]
    return value


def _table(columns: Sequence[str], many: Iterable[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in many)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return for_cell(" ".join(map(str, value)))
    return for_cell("" if value is None else value)


def _document(document: dict[str, Any]) -> bytes:
    return json_bytes(orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)) + b"\n"


def _prepare(folder: Path) -> None:
    """Makes the folder; it may hold nothing but an earlier pack, which is replaced."""
    own = {*FILES, STATEMENT, ENVELOPE}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = sorted(path.name for path in folder.iterdir() if path.name.removesuffix(".part") not in own)
    except OSError as error:
        raise Stop(
            f"{folder} cannot be made or read: {error.strerror}. Name another --out.", code=2
        ) from None
    if others:
        raise Stop(
            f"{folder} holds {shown(others[0])}, which is no file of a pack. Name an empty folder as --out.",
            code=2,
        )
    if trouble := trouble_with(folder):
        raise Stop(trouble)


def _write(folder: Path, files: Mapping[str, bytes], progress: Progress) -> None:
    """Writes all files beside the old ones before it replaces them; the statement comes last."""
    name = ""
    try:
        for count, (name, content) in enumerate(files.items(), 1):
            with (folder / f"{name}.part").open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            progress("files", count, len(files))
        # A folder whose statement does not fit is seen; one whose signature is of another pack is, too.
        for old in (ENVELOPE, STATEMENT):
            (folder / old).unlink(missing_ok=True)
        for name in files:
            (folder / f"{name}.part").replace(folder / name)
    except OSError as error:
        for left in files:
            (folder / f"{left}.part").unlink(missing_ok=True)
        raise Stop(
            f"{folder / name} cannot be written: {error.strerror}. The pack is not whole; make room or name "
            "another --out, and run it again."
        ) from None


def _content(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise Stop(
            f"{folder / name} cannot be read: {error.strerror}. Name the folder of a pack"
            f"{' that was signed' if name == ENVELOPE else ''}.",
            code=2,
        ) from None
