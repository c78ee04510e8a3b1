"""Declaration: what one inventory record claims about one identity, bitemporal.

``recorded`` says when the claim was made (µs), the periods inside say when it holds. A later record
supersedes the earlier one from its recording on; both are kept.
"""

from __future__ import annotations

import msgspec


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
    it. ``aliases``: other keys of the identity, all that hold."""

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

    def status_at(self, time: int) -> Period | None:
        """Returns the status in force at ``time``: of the periods that cover it, the one that began last."""
        covering = [period for period in self.statuses if period.covers(time)]
        return max(covering, key=lambda period: (period.start, period.value)) if covering else None
