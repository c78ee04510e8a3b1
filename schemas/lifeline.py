"""Lifeline: one credential from birth to death in one row, each moment with the vendor's event id."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.evidence import iso


class Moment(msgspec.Struct, frozen=True):
    """When (µs), by which event, and how or with what outcome ("" where that says nothing)."""

    time: int
    uid: str
    note: str = ""


class Lifeline(msgspec.Struct, frozen=True):
    """All that is known of one credential's life; None where unknown. ``expires`` in µs, 0 unknown or never.

    ``holder``, ``name``: what people call the identity and the credential; shown, never joined on.
    ``died``: the end that stands now (its own, its account's, or of what it dies with); ``note`` says how. An
    expiry is no death.
    ``first_use``, ``last_use``: any presentation, refused or not; ``last_use.note`` is its outcome.
    """

    credential: str
    identity: str
    kind: str = ""
    parent: str = ""
    issued: Moment | None = None
    expires: int = 0
    died: Moment | None = None
    first_use: Moment | None = None
    last_use: Moment | None = None
    last_success: Moment | None = None
    holder: str = ""
    name: str = ""

    def shown(self) -> dict[str, Any]:
        """Returns the lifeline as ``replay --credentials`` writes it: RFC 3339 times, null where unknown."""
        return {
            "credential": self.credential,
            "name": self.name or None,
            "identity": self.identity or None,
            "identity_name": self.holder or None,
            "kind": self.kind or None,
            "parent": self.parent or None,
            "issued": _moment(self.issued),
            "expires": iso(self.expires) or None,
            "died": _moment(self.died, "how"),
            "first_use": _moment(self.first_use),
            "last_use": _moment(self.last_use, "outcome"),
            "last_success": _moment(self.last_success),
        }

    def row(self) -> dict[str, Any]:
        """Returns the lifeline as the table ``credentials`` holds it: flat, times in µs (null where
        unknown)."""
        row: dict[str, Any] = {
            "credential": self.credential,
            "credential_name": self.name,
            "identity": self.identity,
            "identity_name": self.holder,
            "kind": self.kind,
            "parent": self.parent,
            "expires": self.expires or None,
        }
        moments = {"issued": "", "died": "how", "first_use": "", "last_use": "outcome", "last_success": ""}
        for name, note in moments.items():
            moment: Moment | None = getattr(self, name)
            row[f"{name}_time"] = moment.time if moment else None
            row[f"{name}_uid"] = moment.uid if moment else ""
            if note:
                row[f"{name}_{note}"] = moment.note if moment else ""
        return row


def _moment(moment: Moment | None, note: str = "") -> dict[str, str] | None:
    if moment is None:
        return None
    shown = {"time": iso(moment.time), "uid": moment.uid}
    return shown | {note: moment.note} if note else shown
