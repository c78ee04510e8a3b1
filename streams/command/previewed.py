"""What a declaration would change, as values and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from schemas.declaration import UNSAID, Declaration
from schemas.evidence import iso
from streams.screen.show import SEVERITY, SHORT_ID
from streams.site.foreign import shown

GRAVE = 4
"""OCSF severity_id of high: from there on nobody closes a finding unasked."""


class Before(NamedTuple):
    """How a finding stood: its status ("" for none) and severity."""

    status: str = ""
    severity: int = 0


@dataclass(frozen=True)
class Change:
    """One finding that would be otherwise, and how."""

    uid: str
    verb: str
    severity: int
    title: str
    why: str = ""

    @classmethod
    def of(cls, uid: str, before: Before, after: dict[str, Any]) -> Change:
        """Returns what becomes of a finding; the verb is empty where nothing that counts here does."""
        status, severity = str(after["status"]).lower(), int(after["severity_id"])
        verb = _VERBS.get((before.status, status), "")
        if not verb and status == "new" and severity != before.severity:
            verb = f"becomes {SEVERITY[severity][0]}"
        loud = max(severity, before.severity)
        return cls(uid, verb, loud, after["finding_info"]["title"], after.get("status_detail", ""))

    @property
    def closes_grave(self) -> bool:
        """Tells whether a finding of high or above would close."""
        return self.verb == "closes" and self.severity >= GRAVE

    def line(self) -> str:
        """Returns the change as one line."""
        why = f" ({self.why})" if self.why and self.verb in ("closes", "suppresses") else ""
        word = SEVERITY[self.severity][0]
        return shown(f"{self.verb:<12} {word:<8} {self.uid[:SHORT_ID]} {self.title}{why}")


_VERBS = {
    ("", "new"): "opens",
    ("", "suppressed"): "suppresses",
    ("new", "resolved"): "closes",
    ("new", "suppressed"): "suppresses",
    ("suppressed", "new"): "opens again",
    ("suppressed", "resolved"): "ends",
    ("resolved", "new"): "opens again",
    ("resolved", "suppressed"): "suppresses",
}


@dataclass(frozen=True)
class Preview:
    """``fields``: by identity, what records say otherwise; ``changes``: findings; ``strangers``: identities
    that no log shows; ``truncated``: more is concerned than was looked at."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    truncated: bool = False

    def lines(self) -> Iterator[str]:
        """Yields all of it in words."""
        for identity, changed in self.fields.items():
            if changed:
                yield shown(identity)
                yield from (f"  {shown(line)}" for line in changed)
        same = sum(not changed for changed in self.fields.values())
        if same:
            yield f"{same:,} identities are declared as they were."
        yield from (change.line() for change in self.changes)
        if not self.changes:
            yield "No finding opens or closes."
        if self.truncated:
            yield "More is concerned than was looked at here: other findings may open or close as well."

    def warnings(self) -> Iterator[str]:
        """Yields what is probably a mistake."""
        for key in self.strangers:
            yield shown(f"WARNING: no log shows {key}, or one of its aliases. Is that how logs name it?")


def field_changes(before: Declaration, after: Declaration) -> list[str]:
    """Returns a line for each field of which something else is said."""
    lines = []
    for name in UNSAID:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            lines.append(f"{'status' if name == 'statuses' else name}: {_difference(old, new)}")
    return lines


def _difference(old: Any, new: Any) -> str:
    if isinstance(old, tuple) and isinstance(new, tuple) and old and new:
        return ", ".join(
            [*(f"- {_said(v)}" for v in old if v not in new), *(f"+ {_said(v)}" for v in new if v not in old)]
        )
    return f"{_said(old)} → {_said(new)}"


def _said(value: Any) -> str:
    if value is None or value == "":
        return "(nothing said)"
    if isinstance(value, tuple):
        return ", ".join(map(_said, value)) or "(none)"
    if isinstance(value, msgspec.Struct):
        parts = {name: part for name in value.__struct_fields__ if (part := getattr(value, name))}
        times = {"start": "from", "end": "until"}
        return " ".join(
            f"{times[name]} {iso(part)}" if name in times else _said(part) for name, part in parts.items()
        )
    return str(value)
