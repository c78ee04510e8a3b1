"""The two bases of wire models.

``Wire``, with which every source begins: whatever a vendor or an exporter wrote, a model comes of it. Exports
change the case of names (``protoPayload``, ``protopayload``, ``ProtoPayload``), put ``_`` into them and write
objects as text; all of these are read alike. What has a wrong type is as good as absent: a field that an
event cannot do without is looked for by the reader, which rejects the event where it is missing.

``Exact``, for a log of so many lines that a dict of each would cost more than all the rest: the vendor's own
spelling, straight from the bytes (docs/decisions/0013-two-bases-of-wire-models.md).
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from schemas.remembering import remembered

TEXT_MAX = 2_048
"""A longer text is no id, name or address that a vendor writes: it is cut, since dossiers keep it."""

RENAMED_MAX = 1_000
"""Fields of a part in which a name is looked for in another case. Vendors' parts have tens of fields; readers
ask for tens of names, and each goes through all fields."""

Fields = dict[str, Any]
"""A free-form part: its content differs per service and call."""


@remembered(16_384)
def plain(name: str) -> str:
    """Returns a field's name without the differences that exports make."""
    return name.replace("_", "").lower()


def as_fields(value: object) -> Fields:
    """Returns an object, also one that was written as text; {} for anything else."""
    if isinstance(value, str):
        value = _parsed(value)
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Returns a list, also one that was written as text, or one thing where a list should be; [] for
    nothing."""
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Returns a text, or a number that an export made of one; "" for anything else."""
    if isinstance(value, str):
        return value[:TEXT_MAX]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def as_number(value: object) -> int | None:
    """Returns a whole number, also one that was written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**63 else None
    if isinstance(value, str) and len(value) < 20 and value.strip().lstrip("-").isdecimal():
        return int(value)
    return None


def as_flag(value: object) -> bool | None:
    """Returns the value as a flag, of JSON's own or of the texts true and false; None for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _parsed(text: str) -> object:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return None


Text = Annotated[str, BeforeValidator(as_text)]
Number = Annotated[int | None, BeforeValidator(as_number)]
Flag = Annotated[bool | None, BeforeValidator(as_flag)]
Part = Annotated[Fields, BeforeValidator(as_fields)]
Items = Annotated[list[Any], BeforeValidator(as_list)]


class Wire(BaseModel):
    """A part of a record, validated from a dict with names in any case, or from its text. Never invalid.

    Frozen, so that a default part is shared: pydantic copies deeply what it cannot hash, for every event.
    """

    model_config = ConfigDict(extra="ignore", alias_generator=plain, validate_by_name=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> Fields:
        return {plain(name): content for name, content in as_fields(value).items()}


class Exact(BaseModel):
    """A part of a record in the vendor's own spelling, validated from its bytes: other fields are passed
    over, numbers are taken as text, and what has another type is an error that says where."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


def pick(part: object, *path: str) -> Any:
    """Returns what stands at a path of a free-form part, whatever the case of its names; None where nothing
    does."""
    for name in path:
        if not isinstance(part, dict):
            return None
        if name in part:
            part = part[name]
            continue
        if len(part) > RENAMED_MAX:
            return None
        wanted = plain(name)
        part = next((content for key, content in part.items() if plain(key) == wanted), None)
    return part


def text_at(part: object, *path: str) -> str:
    """Returns the text at a path of a free-form part; "" where there is none."""
    return as_text(pick(part, *path))
