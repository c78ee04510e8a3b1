"""`gapwatch declare`: inventory files, checked as a whole and then sent to the topic of the inventory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from streams.files.paths import files
from streams.kafka.producing import RawProducer
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.settings import Settings

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
    settings = datafolder.attached(settings)
    messages = _messages_of(paths)
    producer = RawProducer(settings, datafolder.run_folder(settings))
    producer.send_all((message.source, message.content) for message in messages)
    return sum(message.entries for message in messages)


def checked(paths: Sequence[str]) -> int:
    """Returns how many entries the files have, and sends nothing; raises Stop as ``declare`` does."""
    return sum(message.entries for message in _messages_of(paths))


def _messages_of(paths: Sequence[str]) -> list[Declared]:
    found = [path for path in files(paths) if path.suffix in SUFFIXES and (path.is_file())]
    messages = [message for path in found for message in declarations(path)]
    if not messages:
        raise Stop(
            f"No inventory in {', '.join(paths)}: it is a YAML or JSON file with `gapwatch: "
            f"{MARK.decode()}`.",
            2,
        )
    return messages


def declarations(path: Path) -> list[Declared]:
    """Returns the messages of one file. Raises Stop, naming file, place and reason, where it is not valid."""
    from schemas.inventory import InventoryError, parse_inventory

    try:
        content = path.read_bytes()
    except OSError as error:
        raise Stop(f"Cannot read {path}: {error.strerror}.", code=2) from None
    try:
        _, entries = parse_inventory(content, str(path))
    except InventoryError as error:
        raise Stop(f"{error}\nNothing was declared.", code=2) from None
    if len(content) <= WHOLE_BYTES:
        return [Declared(INVENTORY, content, len(entries))]
    return list(_messages(yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))))


def _messages(document: dict[str, Any]) -> Iterator[Declared]:
    """The document as JSON, in parts of some entries each; every part stands for itself."""
    lists = {key: value for key, value in document.items() if isinstance(value, list)}
    common = {key: value for key, value in document.items() if key not in lists}
    for key, entries in lists.items():
        for start in range(0, len(entries), ENTRIES_PER_MESSAGE):
            part = entries[start : start + ENTRIES_PER_MESSAGE]
            content = orjson.dumps(common | {key: part}, option=orjson.OPT_UTC_Z, default=_as_text)
            yield Declared(INVENTORY, content, len(part))


def _as_text(value: object) -> str:
    if isinstance(value, (dt.date, dt.timedelta)):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot stand in an inventory")
