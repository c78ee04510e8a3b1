"""`gapwatch exceptions`: which exceptions there are, until when, what they suppress; and their withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.claims import PolicyException
from schemas.evidence import Evidence
from schemas.inventory_model import VERSION
from streams.clickhouse import query
from streams.command.declare import Declared, written
from streams.site.errors import Stop
from streams.site.settings import Settings

LISTED = "SELECT * FROM exceptions ORDER BY state != 'holds', until, id"

SCOPE = ("control", "identity", "place", "action")
"""The fields that make an exception the same one."""


@dataclass(frozen=True)
class Held:
    """One exception as the view of that name shows it."""

    id: str
    control: str
    identity: str = ""
    place: str = ""
    action: str = ""
    owner: str = ""
    state: str = ""

    @classmethod
    def of(cls, row: dict[str, Any]) -> Held:
        """Returns an entry of a file, or a row of the view."""
        said = {name: str(row.get(name) or "") for name in SCOPE}
        same = PolicyException(
            said["control"], 0, Evidence(0, ""), said["identity"], said["place"], said["action"]
        )
        return cls(same.id, **said, owner=str(row.get("owner") or ""), state=str(row.get("state") or ""))


def exceptions(settings: Settings) -> list[Held]:
    """Returns all exceptions that were ever declared, those that hold first."""
    return [Held.of(row) for row in query.rows(settings, LISTED)]


def withdrawal(held: Held, owner: str, reason: str) -> dict[str, Any]:
    """Returns the entry that withdraws an exception."""
    scope = {name: value for name in SCOPE if (value := getattr(held, name))}
    return scope | {"owner": owner, "reason": reason, "withdrawn": True}


def withdrawn(settings: Settings, name: str, reason: str) -> Declared:
    """Returns the message that withdraws the exception of this id. Raises Stop where none of it holds."""
    held = [e for e in exceptions(settings) if e.state == "holds" and e.id == name]
    if not held:
        raise Stop(f"No exception {name} holds. `gapwatch exceptions` lists them.", code=2)
    entries = [withdrawal(e, e.owner, reason) for e in held]
    return written({"gapwatch": VERSION, "exceptions": entries}, len(entries))
