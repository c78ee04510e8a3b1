"""The inventory, version 1: declared state, as people and systems of record write it. The strict model of its wire format.

Unknown fields, times without a zone and numbers where text is meant are errors that name their place.
``python -m schemas.inventory`` writes the JSON Schema (docs/inventory.schema.json).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from schemas.evidence import micros
from schemas.located import Located, Place, Unreadable, load, load_yaml
from schemas.rejected import Rejected

NAME = "inventory"
VERSION = "inventory/v1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _time(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("a time like 2026-11-22T09:00:00Z")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("a time like 2026-11-22T09:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError("a time with its zone, like 2026-11-22T09:00:00Z")
    since = micros(moment - _EPOCH)
    if since <= 0:
        raise ValueError("a time after 1970")
    return since


def _length(value: object) -> timedelta:
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError("a length of time like 30m, 24h or 90d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _word(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("text that is not empty, on one line")
    return value


def _key(value: str) -> str:
    if ":" not in value or "*" in value:
        raise ValueError("a key like aws:111122223333:role/name, whole (no *)")
    return _word(value)


Time = Annotated[
    int, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})
]
Length = Annotated[
    timedelta, BeforeValidator(_length), WithJsonSchema({"type": "string", "pattern": f"^{_LENGTH.pattern}$"})
]
Word = Annotated[str, AfterValidator(_word), Field(min_length=1)]
Key = Annotated[str, AfterValidator(_key), Field(min_length=3, pattern="^[^*]*:[^*]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Spell(_Strict):
    """Holds from ``from`` (else always) until ``until`` (else open), end excluded."""

    start: Time = Field(0, alias="from")
    end: Time = Field(0, alias="until")

    @model_validator(mode="after")
    def _forward(self) -> _Spell:
        if self.end and self.end <= self.start:
            raise ValueError("until must be later than from")
        return self


class Status(_Spell):
    """A later entry holds from its start on."""

    value: Literal["active", "inactive", "disabled", "decommissioned"]


class Window(_Spell):
    """When the identity may act at all."""

    @model_validator(mode="after")
    def _bounded(self) -> Window:
        if not self.start and not self.end:
            raise ValueError("a window needs from or until")
        return self


class Tool(_Strict):
    """A tool that an agent may call; ``also``: other names that it is seen under."""

    name: Word
    server: Word | None = None
    also: list[Word] = []
    digest: Word | None = None


class Image(_Strict):
    image: Word
    released: Word
    start: Time = Field(0, alias="from")


class Credential(_Strict):
    """A credential of the identity, and what the record says of its life."""

    id: Key
    issued: Time | None = None
    expires: Time | None = None
    revoked: Time | None = None
    exposed: Time | None = None


class RotationPolicy(_Strict):
    secret: Key
    every: Length
    overlap: Length | None = None


class Identity(_Strict):
    """One non-human identity as the record claims it to be."""

    id: Key
    name: Word | None = None
    kind: Literal["agent", "workload", "service_account", "role", "application", "token"] | None = None
    owner: Word | None = None
    environment: Word | None = None
    privilege: Literal["low", "normal", "high", "critical"] | None = None
    aliases: list[Key] = []
    status: list[Status] = []
    windows: list[Window] | None = None
    tools: list[Tool] | None = None
    delegates: list[Key] | None = None
    scopes: list[Word] | None = None
    places: list[Word] | None = None
    images: list[Image] = []
    credentials: list[Credential] = []
    rotation: list[RotationPolicy] = []


class Rotation(_Strict):
    """A cut-over: from ``at`` on the old credential is not to be used."""

    subject: Key
    at: Time
    successor: Key | None = None


class Approval(_Spell):
    identity: Key
    grant: Word
    approver: Word | None = None
    ticket: Word | None = None


class Release(_Strict):
    id: Word
    workload: Key
    at: Time
    image: Word | None = None
    window: Length | None = None


class Waiver(_Strict):
    """An exception: void past ``until`` and outside its scope. ``identity`` may end in ``*``."""

    control: Word
    owner: Word
    reason: Word
    until: Time
    identity: Word | None = None
    place: Word | None = None
    action: Word | None = None


class Inventory(_Strict):
    """A whole file (or message)."""

    gapwatch: Literal["inventory/v1"]
    recorded: Time | None = None
    identities: list[Identity] = []
    rotations: list[Rotation] = []
    approvals: list[Approval] = []
    releases: list[Release] = []
    exceptions: list[Waiver] = []


Record = Identity | Rotation | Approval | Release | Waiver
SECTIONS: dict[str, type[Record]] = {
    "identities": Identity,
    "rotations": Rotation,
    "approvals": Approval,
    "releases": Release,
    "exceptions": Waiver,
}


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
    """A fault as people read it: place, field, reason."""
    place = ".".join(part for part in (fault.place, fault.field) if part)
    return f"{place}: {fault.reason}" if place else fault.reason


class Entry:
    """One record of a file: its section, its model, and its content as written (for its digest)."""

    __slots__ = ("content", "record", "section")

    def __init__(self, section: str, record: Record, content: dict[str, Any]) -> None:
        self.section = section
        self.record = record
        self.content = content


def parse_inventory(data: bytes, name: str) -> tuple[int, list[Entry]]:
    """When it was recorded (µs, 0 not said) and every record. Raises ``InventoryError`` with every fault in it."""
    recorded, entries, faults = read_inventory(data)
    if faults:
        raise InventoryError(name, faults)
    return recorded, entries


def read_inventory(data: bytes) -> tuple[int, list[Entry], list[Rejected]]:
    """As ``parse_inventory``, but the records without a fault are given beside the faults of the others."""
    try:
        located = load(data)
    except Unreadable as error:
        return 0, [], [Rejected(NAME, _with_line(str(error), error.line))]
    recorded, entries, faults = _sections(located)
    if faults and not located.lines:
        try:
            return _sections(Located(located.value, load_yaml(data).lines))
        except Unreadable:
            pass
    return recorded, entries, faults


def _sections(located: Located) -> tuple[int, list[Entry], list[Rejected]]:
    document = located.value
    if not isinstance(document, dict):
        return 0, [], [Rejected(NAME, f"not an inventory: it does not begin with gapwatch: {VERSION}")]
    head = {k: v for k, v in document.items() if k not in SECTIONS}
    recorded = 0
    faults: list[Rejected] = []
    try:
        recorded = Inventory.model_validate(head).recorded or 0
    except ValidationError as error:
        faults.extend(_faults(error, (), located))
    if any(f.field in ("gapwatch", "recorded") for f in faults):
        return 0, [], faults
    entries: list[Entry] = []
    for section, model in SECTIONS.items():
        items = document.get(section, [])
        if not isinstance(items, list):
            faults.append(_fault((section,), "a list", located))
            continue
        for i, item in enumerate(items):
            try:
                entries.append(Entry(section, model.model_validate(item), item))
            except ValidationError as error:
                faults.extend(_faults(error, (section, i), located))
    faults.extend(_clashes(entries, document, located))
    return recorded, entries, faults


def _clashes(entries: list[Entry], document: dict[str, Any], located: Located) -> Iterator[Rejected]:
    """Of two records of one file about one thing neither is the later: say so instead of choosing."""
    claimed: dict[str, str] = {}
    declared: set[str] = set()
    for entry in list(entries):
        if not isinstance(entry.record, Identity):
            continue
        at = next(i for i, item in enumerate(document["identities"]) if item is entry.content)
        fault = ""
        if entry.record.id in declared:
            fault = f"{entry.record.id} is declared twice in this file"
        taken = next((a for a in entry.record.aliases if claimed.get(a, entry.record.id) != entry.record.id), None)
        if taken:
            fault = f"{taken} is already an alias of {claimed[taken]}"
        if fault:
            entries.remove(entry)
            yield _fault(("identities", at), fault, located)
            continue
        declared.add(entry.record.id)
        claimed |= dict.fromkeys(entry.record.aliases, entry.record.id)


def _faults(error: ValidationError, base: Place, located: Located) -> Iterator[Rejected]:
    for found in error.errors(include_url=False, include_input=False):
        yield _fault((*base, *found["loc"]), _reason(found), located)


def _reason(found: Any) -> str:
    match found["type"]:
        case "extra_forbidden":
            return "unknown field"
        case "missing":
            return "missing"
        case "string_type":
            return "text is meant here: put it in quotation marks"
        case "value_error":
            return f"not {found['ctx']['error']}" if str(found["ctx"]["error"]).startswith(("a ", "text ")) else str(found["ctx"]["error"])  # fmt: skip
        case "literal_error":
            return f"one of {found['ctx']['expected']} is meant"
        case _:
            return str(found["msg"])


def _fault(place: Place, reason: str, located: Located) -> Rejected:
    *around, last = place or ("",)
    if isinstance(last, int):
        around, last = list(place), ""
    path = ""
    for step in around:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return Rejected(NAME, _with_line(reason, located.line(place)), str(last), path)


def _with_line(reason: str, line: int) -> str:
    return f"{reason} (line {line})" if line else reason


def schema() -> str:
    """The JSON Schema of the format."""
    document = Inventory.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | document, indent=2) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
