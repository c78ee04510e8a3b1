"""The inventory, version 1: declared state, as people and systems of record write it
(docs/inventory.schema.json).

Unknown fields, times without a zone and numbers where text is meant are faults that name their place, and
their line. ``python -m schemas.inventory`` prints the JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from schemas.document import Document, Place, Unreadable, load, load_yaml
from schemas.inventory_model import (
    SECTIONS,
    VERSION,
    Approval,
    Identity,
    Inventory,
    Network,
    PolicyException,
    Record,
    Release,
    Rotation,
    schema,
)
from schemas.rejected import Rejected

__all__ = [
    "NAME",
    "NETWORK",
    "Approval",
    "Entry",
    "Identity",
    "InventoryError",
    "Network",
    "PolicyException",
    "Release",
    "Rotation",
    "parse_inventory",
    "read_inventory",
    "schema",
    "written",
]

NAME = "inventory"


class InventoryError(ValueError):
    """An inventory with faults; as text, the first ones, each with its place."""

    SHOWN = 10

    def __init__(self, name: str, faults: list[Rejected]) -> None:
        self.faults = faults
        shown = [f"{name}: {written(fault)}" for fault in faults[: self.SHOWN]]
        if len(faults) > self.SHOWN:
            shown.append(f"{name}: and {len(faults) - self.SHOWN} more")
        super().__init__("\n".join(shown))


def written(fault: Rejected) -> str:
    """Returns a fault as people read it: place, field, reason."""
    place = ".".join(part for part in (fault.place, fault.field) if part)
    return f"{place}: {fault.reason}" if place else fault.reason


class Entry:
    """One record of a file, and where it stands."""

    __slots__ = ("index", "record", "section")

    def __init__(self, section: str, index: int, record: Record) -> None:
        self.section = section
        self.index = index
        self.record = record


def parse_inventory(data: bytes, name: str) -> tuple[int, list[Entry]]:
    """Returns when it was recorded (µs, 0 not said) and every record. Raises ``InventoryError`` with every
    fault in it."""
    recorded, entries, faults = read_inventory(data)
    if faults:
        raise InventoryError(name, faults)
    return recorded, entries


def read_inventory(data: bytes) -> tuple[int, list[Entry], list[Rejected]]:
    """Returns what ``parse_inventory`` does, but with the records without a fault beside the faults of the
    others."""
    try:
        document = load(data)
    except Unreadable as error:
        return 0, [], [Rejected(NAME, _with_line(str(error), error.line))]
    recorded, entries, faults = _sections(document)
    # JSON is read once more for its lines, ten times slower: not where all of it stands in one.
    if faults and not document.lines and b"\n" in data.strip():
        try:
            return _sections(Document(document.value, load_yaml(data).lines))
        except Unreadable:
            pass
    return recorded, entries, faults


def _sections(document: Document) -> tuple[int, list[Entry], list[Rejected]]:
    content = document.value
    if not isinstance(content, dict) or "gapwatch" not in content:
        return 0, [], [Rejected(NAME, f"not an inventory: it does not begin with gapwatch: {VERSION}")]
    head = {k: v for k, v in content.items() if k not in SECTIONS}
    recorded = 0
    faults: list[Rejected] = []
    try:
        recorded = Inventory.model_validate(head).recorded or 0
    except ValidationError as error:
        faults.extend(_faults(error, (), document))
    if any(f.field in ("gapwatch", "recorded") for f in faults):
        return 0, [], faults
    entries: list[Entry] = []
    for section, model in SECTIONS.items():
        items = content.get(section, [])
        if not isinstance(items, list):
            faults.append(_fault((section,), "a list is meant", document))
            continue
        for i, item in enumerate(items):
            try:
                entries.append(Entry(section, i, model.model_validate(item)))
            except ValidationError as error:
                faults.extend(_faults(error, (section, i), document))
    clashes = dict(_clashes(entries)) | dict(_unknown_networks(entries))
    faults.extend(_fault((entry.section, entry.index), reason, document) for entry, reason in clashes.items())
    return recorded, [entry for entry in entries if entry not in clashes], faults


def _clashes(entries: list[Entry]) -> Iterator[tuple[Entry, str]]:
    """Of two records of one file about one thing neither is the later: say so instead of choosing."""
    claimed: dict[str, str] = {}
    declared: set[str] = set()
    for entry in entries:
        if not isinstance(entry.record, Identity):
            continue
        own = entry.record.id
        taken = next((a for a in entry.record.aliases or () if claimed.get(a, own) != own), None)
        round_about = next((a for a in entry.record.aliases or () if a in _homes(own, claimed)), None)
        if own in declared:
            yield entry, f"{own} is declared twice in this file"
        elif taken:
            yield entry, f"{taken} is an alias of {claimed[taken]} and of {own}: name it once"
        elif round_about:
            yield entry, f"{own} and {round_about} are aliases of each other: name one as the identity"
        else:
            declared.add(own)
            claimed |= dict.fromkeys((a for a in entry.record.aliases or () if a != own), own)


NETWORK = "network/"
"""Before the name of a network, among the places of an identity."""


def _unknown_networks(entries: list[Entry]) -> Iterator[tuple[Entry, str]]:
    """A place that names a network which its file does not describe would approve nothing."""
    known = {entry.record.name for entry in entries if isinstance(entry.record, Network)}
    for entry in entries:
        for place in (entry.record.places or ()) if isinstance(entry.record, Identity) else ():
            if place.startswith(NETWORK) and place.removeprefix(NETWORK) not in known:
                yield entry, f"{place} is not among the networks of this file"


def _homes(key: str, claimed: dict[str, str]) -> list[str]:
    """Whose alias a key is, and whose alias that is, up to the last."""
    homes: list[str] = []
    while key in claimed and claimed[key] not in homes:
        key = claimed[key]
        homes.append(key)
    return homes


def _faults(error: ValidationError, base: Place, document: Document) -> Iterator[Rejected]:
    for found in error.errors(include_url=False, include_input=False):
        yield _fault((*base, *found["loc"]), _reason(found), document)


def _reason(found: Any) -> str:
    match found["type"]:
        case "extra_forbidden":
            return "unknown field"
        case "missing":
            return "missing"
        case "string_type":
            return "text is meant here: put it in quotation marks"
        case "value_error":
            return str(found["ctx"]["error"])
        case "model_type" | "model_attributes_type":
            return "fields are meant here, like {name: value}"
        case "list_type":
            return "a list is meant"
        case "literal_error":
            return f"one of {found['ctx']['expected']} is meant"
        case _:
            return str(found["msg"])


def _fault(place: Place, reason: str, document: Document) -> Rejected:
    *around, last = place or ("",)
    if isinstance(last, int):
        around, last = list(place), ""
    path = ""
    for step in around:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return Rejected(NAME, _with_line(reason, document.line(place)), str(last), path)


def _with_line(reason: str, line: int) -> str:
    return f"{reason} (line {line})" if line else reason


if __name__ == "__main__":
    print(schema(), end="")
