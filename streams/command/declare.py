"""`gapwatch declare`: inventory files, checked as a whole and then sent to the topic of the inventory."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import yaml

from streams.files.paths import STANDARD_INPUT, files
from streams.kafka.producing import RawProducer
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.settings import Settings

if TYPE_CHECKING:
    from schemas.inventory import Entry

INVENTORY = "inventory"
MARK = b"inventory/v1"
SUFFIXES = (".yaml", ".yml", ".json")
WHOLE_BYTES = 2**19
"""A file up to this size is one message, as it is."""
ENTRIES_PER_MESSAGE = 200
"""Identities in one message: some 200 KB, well below what a broker takes, however large the file is."""


@dataclass(frozen=True)
class Declared:
    """One message for the inventory's topic."""

    source: str
    content: bytes
    entries: int


def declare(settings: Settings, paths: Sequence[str]) -> int:
    """Sends every declaration in the files and returns how many entries they have.

    Nothing is sent where one file is wrong: raises Stop with file, place and reason.
    """
    messages = messages_of(paths)
    send(settings, messages)
    return entries_in(messages)


def send(settings: Settings, messages: Iterable[Declared]) -> None:
    """Sends messages to the topic of the inventory."""
    settings = datafolder.attached(settings)
    producer = RawProducer(settings, datafolder.run_folder(settings))
    producer.send_all((message.source, message.content) for message in messages)


def entries_in(messages: Iterable[Declared]) -> int:
    """Returns how many entries the messages have."""
    return sum(message.entries for message in messages)


def messages_of(paths: Sequence[str]) -> list[Declared]:
    """Returns the messages of all files; in a folder those that may be an inventory by their name are read.

    Raises Stop, naming file, place and reason, where one is not valid.
    """
    named = {Path(path) for path in paths}
    found = [path for path in files(paths) if path in named or path.suffix in SUFFIXES]
    messages = [message for path in found for message in declarations(path)]
    _agree(found)
    if not messages:
        raise Stop(
            f"No inventory in {', '.join(paths)}: it is a YAML or JSON file with `gapwatch: "
            f"{MARK.decode()}`.",
            2,
        )
    return messages


def _agree(paths: Sequence[Path]) -> None:
    """Raises Stop where two files of one time give one alias to two identities: neither is the later one."""
    from schemas.inventory import parse_inventory
    from schemas.inventory_model import Identity

    given: dict[tuple[int, str], tuple[str, Path]] = {}
    for path in paths if len(paths) > 1 else ():
        if str(path) == STANDARD_INPUT:
            continue
        recorded, entries = parse_inventory(path.read_bytes(), str(path))
        for record in [entry.record for entry in entries if isinstance(entry.record, Identity)]:
            for alias in record.aliases or ():
                other, where = given.setdefault((recorded, alias), (record.id, path))
                if other != record.id:
                    raise Stop(
                        f"{alias} is an alias of {other} ({where}) and of {record.id} ({path}): name it once."
                        "\nNothing was declared.",
                        code=2,
                    )


def declarations(path: Path) -> list[Declared]:
    """Returns the messages of one file; `-` is standard input. Raises Stop, naming file, place and reason,
    where it is not valid."""
    from schemas.inventory import InventoryError, parse_inventory

    try:
        content = sys.stdin.buffer.read() if str(path) == STANDARD_INPUT else path.read_bytes()
    except OSError as error:
        raise Stop(f"Cannot read {path}: {error.strerror}.", code=2) from None
    try:
        _, entries = parse_inventory(content, str(path))
    except InventoryError as error:
        raise Stop(f"{error}\nNothing was declared.", code=2) from None
    _check_controls(entries, path)
    if len(content) <= WHOLE_BYTES:
        return [Declared(INVENTORY, content, len(entries))]
    return list(_messages(document_of(content)))


def document_of(content: bytes) -> dict[str, Any]:
    """Returns a valid inventory as what YAML or JSON says."""
    document: dict[str, Any] = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return document


def written(document: dict[str, Any], entries: int) -> Declared:
    """Returns a document as one message."""
    content = orjson.dumps(document, option=orjson.OPT_UTC_Z, default=_as_text)
    return Declared(INVENTORY, content, entries)


def _check_controls(entries: Iterable[Entry], path: Path) -> None:
    """Raises Stop for an exception from a control that does not exist: it would suppress nothing."""
    from correlators.kernel.catalogue import controls
    from schemas.inventory import PolicyException

    for entry in entries:
        record = entry.record
        if isinstance(record, PolicyException) and record.control not in controls():
            near = get_close_matches(record.control, controls(), n=1)
            hint = f"did you mean {near[0]}?" if near else "`gapwatch controls` lists them"
            raise Stop(
                f"{path}: {entry.section}[{entry.index}].control: there is no control {record.control}; "
                f"{hint}\nNothing was declared.",
                code=2,
            )


def _messages(document: dict[str, Any]) -> Iterator[Declared]:
    """The document as JSON, in parts of some entries each; every part stands for itself."""
    lists = {key: value for key, value in document.items() if isinstance(value, list)}
    common = {key: value for key, value in document.items() if key not in lists}
    networks = {key: lists[key] for key in ("networks",) if key in lists}
    for key, entries in lists.items():
        for start in range(0, len(entries), ENTRIES_PER_MESSAGE):
            part = entries[start : start + ENTRIES_PER_MESSAGE]
            # An identity may name a network of its file.
            yield written(common | (networks if key == "identities" else {}) | {key: part}, len(part))


def _as_text(value: object) -> str:
    if isinstance(value, (dt.date, dt.timedelta)):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot stand in an inventory")
