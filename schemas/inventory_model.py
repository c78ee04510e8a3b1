"""The inventory, version 1: declared state, as people and systems of record write it. The strict model of
its wire format.

Unknown fields, times without a zone and numbers where text is meant are errors that name their place.
``python -m schemas.inventory`` writes the JSON Schema (docs/inventory.schema.json).
"""

from __future__ import annotations

import json
import operator
import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from schemas.addresses import system_of
from schemas.times import micros_of

VERSION = "inventory/v1"
_LENGTH = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _time(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("not a time like 2026-11-22T09:00:00Z")
    since = micros_of(value.strip(), zoned=True)
    if not since:
        said = "with its zone, " if micros_of(value.strip()) else ""
        raise ValueError(f"not a time {said}like 2026-11-22T09:00:00Z")
    return since


def _length(value: object) -> timedelta:
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError("not a length of time like 30m, 24h or 90d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _is_unsaid(value: object) -> bool:
    return value is None or value == []


LATER = Field(default=None, exclude_if=_is_unsaid)
"""A field that a record of an earlier release could not have. Where it says nothing, it is no part of the
record's id (its digest): else every record that was declared before would be another one after an upgrade."""


def _word(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("text on one line is meant, not empty")
    return value


def _key(value: str) -> str:
    if ":" not in value or "*" in value:
        raise ValueError("not a key like aws:111122223333:role/name, whole (no *)")
    return _word(value)


Time = Annotated[int, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
Length = Annotated[
    timedelta, BeforeValidator(_length), WithJsonSchema({"type": "string", "pattern": f"^{_LENGTH.pattern}$"})
]
Word = Annotated[str, AfterValidator(_word), Field(min_length=1)]
Key = Annotated[str, AfterValidator(_key), WithJsonSchema({"type": "string", "pattern": "^[^*]*:[^*]*$"})]


def _scope(value: str) -> str:
    if value.strip("*") == "":
        raise ValueError("* alone means nothing here: leave identity out, and it is about every identity")
    if "*" in value[:-1] or (":" not in value and not value.endswith("*")):
        raise ValueError("not a key like aws:111122223333:role/name, whole or with * at its end")
    return _word(value)


def _exact(value: str) -> str:
    if "*" in value:
        raise ValueError("* means nothing here: it is compared as it stands")
    return _word(value)


def _bare(value: str) -> str:
    if value.endswith("*"):
        raise ValueError("* means nothing here: names are compared as they stand")
    return _word(value)


_NUMBER = re.compile(r"(?:AS|ASN)?[ .:]?\d+(?:\.\d+)?", re.IGNORECASE)


def _place(value: str) -> str:
    if system := system_of(value):
        return f"AS{system}"
    if _NUMBER.fullmatch(value):
        raise ValueError("not a place: an autonomous system is written AS64500")
    return _exact(value)


Scope = Annotated[str, AfterValidator(_scope), WithJsonSchema({"type": "string", "pattern": "^[^*]+[*]?$"})]
Exact = Annotated[str, AfterValidator(_exact), WithJsonSchema({"type": "string", "pattern": "^[^*]+$"})]
Bare = Annotated[str, AfterValidator(_bare), WithJsonSchema({"type": "string", "pattern": "^(.*[^*])$"})]
"""A name as logs write it. Whoever ends it in a star means a pattern, and there is none."""
Spot = Annotated[str, AfterValidator(_place), WithJsonSchema({"type": "string", "pattern": "^[^*]+$"})]
"""A place: a network, an address, a gate (a VPC endpoint), a cluster, an autonomous system, or a name."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Period(_Strict):
    """Holds from ``from`` (else always) until ``until`` (else open), end excluded."""

    start: Time = Field(0, alias="from")
    end: Time = Field(0, alias="until")

    @model_validator(mode="after")
    def _forward(self) -> _Period:
        if self.end and self.end <= self.start:
            raise ValueError("until must be later than from")
        return self


class Status(_Period):
    """A later entry holds from its start on."""

    value: Literal["active", "inactive", "disabled", "decommissioned"]


class Window(_Period):
    """When the identity may act at all."""

    @model_validator(mode="after")
    def _bounded(self) -> Window:
        if not self.start and not self.end:
            raise ValueError("a window needs from or until")
        return self


class Tool(_Strict):
    """A tool that an agent may call; ``also``: other names that it is seen under."""

    name: Exact
    server: Exact | None = None
    also: list[Exact] = []
    digest: Word | None = None


class Image(_Strict):
    """A container image that a workload runs from a time on."""

    image: Exact
    released: Exact
    start: Time = Field(0, alias="from")


class Credential(_Strict):
    """A credential of the identity, and what the record says of its life."""

    id: Key
    issued: Time | None = None
    expires: Time | None = None
    revoked: Time | None = None
    exposed: Time | None = None


class RotationPolicy(_Strict):
    """How often a secret is to be rotated, and how long its old version may be used after that."""

    secret: Key
    every: Length
    overlap: Length | None = None


class Identity(_Strict):
    """One non-human identity as the record claims it to be. A field that a record does not mention stays as
    an earlier one left it; null (of a list of keys or periods also the empty one) takes it back.
    ``secrets``: those that it may read, by the names that logs give them."""

    id: Key
    name: Word | None = None
    kind: Literal["agent", "workload", "service_account", "role", "application", "token"] | None = None
    owner: Word | None = None
    environment: Word | None = None
    privilege: Literal["low", "normal", "high", "critical"] | None = None
    aliases: list[Key] | None = []
    status: list[Status] | None = []
    windows: list[Window] | None = None
    tools: list[Tool] | None = None
    delegates: list[Key] | None = None
    scopes: list[Bare] | None = None
    places: list[Spot] | None = None
    secrets: list[Bare] | None = LATER
    images: list[Image] = []
    credentials: list[Credential] = []
    rotation: list[RotationPolicy] = []

    @property
    def taken_back(self) -> frozenset[str]:
        """The fields of which the record says that nothing is to be said any more."""
        return frozenset(
            name
            for name in self.model_fields_set & CLEARABLE
            if getattr(self, name) is None or (name in ("aliases", "status") and not getattr(self, name))
        )


CLEARABLE = frozenset(Identity.model_fields) - {"id", "images", "credentials", "rotation"}
"""Fields that a later record replaces or takes back. The others are lists of records of their own: each entry
stands until a later one about the same thing."""


class Rotation(_Strict):
    """A cut-over: from ``at`` on the old credential is not to be used."""

    subject: Key
    at: Time
    successor: Key | None = None


class Approval(_Period):
    """A grant that an identity was given for a period: who approved it, under which ticket."""

    identity: Key
    grant: Bare
    approver: Word | None = None
    ticket: Word | None = None


class Release(_Strict):
    """``workload`` runs ``image`` from ``at`` on; ``digests``: of that image, one a platform. ``by``: who
    releases it. ``window``: for how long a roll-out may take, and what it brings is looked at."""

    id: Word
    workload: Key
    at: Time
    image: Word | None = None
    digests: list[Word] = Field(default=[], exclude_if=_is_unsaid)
    by: Key | None = LATER
    window: Length | None = None


class Network(_Strict):
    """Places under one name: an identity's ``places`` may say ``network/<name>``."""

    name: Exact
    places: list[Spot]


class PolicyException(_Strict):
    """An exception: void past ``until`` and outside its scope. ``identity`` may end in ``*``. The last record
    about the same scope (control, identity, place, action) counts; with ``withdrawn`` it ends the exception.
    """

    control: Word
    owner: Word
    reason: Word
    until: Time | None = None
    identity: Scope | None = None
    place: Spot | None = None
    action: Exact | None = None
    withdrawn: bool = Field(default=False, exclude_if=operator.not_)

    @model_validator(mode="after")
    def _ends(self) -> PolicyException:
        if self.until is None and not self.withdrawn:
            raise ValueError("until is missing: an exception ends")
        return self


class Inventory(_Strict):
    """A whole file (or message)."""

    gapwatch: Literal["inventory/v1"]
    recorded: Time | None = None
    identities: list[Identity] = []
    rotations: list[Rotation] = []
    approvals: list[Approval] = []
    releases: list[Release] = []
    exceptions: list[PolicyException] = []
    networks: list[Network] = []


Record = Identity | Rotation | Approval | Release | PolicyException | Network
SECTIONS: dict[str, type[Record]] = {
    "identities": Identity,
    "rotations": Rotation,
    "approvals": Approval,
    "releases": Release,
    "exceptions": PolicyException,
    "networks": Network,
}


def schema() -> str:
    """Returns the JSON Schema of the format."""
    document = Inventory.model_json_schema(by_alias=True)
    for model in (document, *document["$defs"].values()):
        for field in model["properties"].values():
            field.pop("default", None)
            field.pop("title", None)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | document, indent=2) + "\n"
