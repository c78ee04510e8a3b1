"""Declaration: what one inventory record claims about one identity, bitemporal.

``recorded`` says when the claim was made (µs), the periods inside say when it holds. A later record
supersedes the earlier one, field by field, from its recording on: what it does not mention stays as it was
said before, what it takes back (``cleared``) is said no more. All records are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from schemas import frozen


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """``value`` holds from ``start`` (0: always) until ``end`` (0: open), in µs, end excluded."""

    value: str = ""
    start: int = 0
    end: int = 0

    def covers(self, time: int) -> bool:
        """Says whether a time in µs lies in the period: from its start on, up to its end (0: open)."""
        return self.start <= time and (not self.end or time < self.end)


class ApprovedTool(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """A tool that an agent may call: its name, its MCP server ("" any), other names it is seen under, its
    digest."""

    name: str
    server: str = ""
    also: tuple[str, ...] = ()
    digest: str = ""


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, order=True):
    """``statuses``: a later entry holds from its start on (periods may be open-ended). None for tools,
    delegates, windows, scopes, places or secrets: the record says nothing of them, so nothing can contradict
    it. ``aliases``: other keys of the identity, all that hold. ``cleared``: fields that the record takes
    back: nothing is said of them from then on."""

    recorded: int
    uid: str
    owner: str = ""
    name: str = ""
    kind: str = ""
    environment: str = ""
    privilege: str = ""
    statuses: tuple[Period, ...] = ()
    windows: tuple[Period, ...] | None = None
    tools: tuple[ApprovedTool, ...] | None = None
    delegates: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    places: tuple[str, ...] | None = None
    secrets: tuple[str, ...] | None = None
    aliases: tuple[str, ...] = ()
    source: str = "inventory"
    arrived: int = 0
    processed: int = 0
    cleared: tuple[str, ...] = ()

    def says(self, field: str) -> bool:
        """Tells whether the record mentions this field, be it to take it back."""
        return field in self.cleared or getattr(self, field) != UNSAID[field]

    def status_at(self, time: int) -> Period | None:
        """Returns the status in force at ``time``: of the periods that cover it, the one that began last."""
        covering = [period for period in self.statuses if period.covers(time)]
        return max(covering, key=lambda period: (period.start, period.value)) if covering else None


UNSAID: dict[str, object] = {
    name: getattr(Declaration(0, ""), name)
    for name in Declaration.__struct_fields__
    if name not in ("recorded", "uid", "source", "arrived", "processed", "cleared")
}
"""What stands in each field of which a record says nothing."""


def in_order(records: Iterable[Declaration]) -> list[Declaration]:
    """Returns the records as they supersede each other: by when they were recorded, of one time by id."""
    return sorted(records, key=lambda d: (d.recorded, d.uid, repr(d)))


def in_effect(records: Iterable[Declaration]) -> tuple[Declaration, ...]:
    """Returns what all is said after each record, in order: of each field what the last record says that
    mentions it. A record that changes nothing is left out.

    Each field is decided by when it was recorded alone, so it does not matter in which order records come.
    """
    steps: list[Declaration] = []
    for record in in_order(records):
        before = steps[-1] if steps else None
        kept = {
            field: getattr(before, field) for field in UNSAID if before is not None and not record.says(field)
        }
        after = frozen.changed(record, cleared=(), **kept) if kept or record.cleared else record
        if before is None or any(getattr(after, field) != getattr(before, field) for field in UNSAID):
            steps.append(after)
    return tuple(steps)
