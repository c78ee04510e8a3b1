"""Approvals: what the declared catalogues in force at a time say of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from correlators.kernel.views.view import View
from schemas.declaration import ApprovedTool, Declaration
from schemas.dossier import Calls
from schemas.span import agent_name

Match = Literal["approved", "by name", "other server", "other tool", "outside"]
"""``by name``: the approved tool names its server, and the call's is not known. ``other tool``: by the name
that the agent gives it is approved, the server names another."""

WITHIN: tuple[Match | None, ...] = ("approved", "by name")

Catalogue = tuple[Declaration, ...]


class Records:
    """The declared catalogues about this identity, by the identity that each names, in order of recording."""

    def __init__(self, view: View) -> None:
        self._said_last = [view.said_last(identity, "tools") for identity in view.dossier.stated]
        self._ordered = [
            sorted(many, key=lambda d: (d.recorded, d.uid)) for many in view.dossier.stated.values() if many
        ]

    @property
    def claims(self) -> bool:
        """Whether any of these records says which tools or delegates are approved."""
        return any(d.tools is not None or d.delegates is not None for many in self._ordered for d in many)

    @property
    def first(self) -> int:
        """When the first record that speaks of tools was made (µs)."""
        return min(d.recorded for many in self._ordered for d in many if d.tools is not None)

    @property
    def said_last(self) -> int:
        """When each of the identities that are named had its tools said last, the earliest of these (µs)."""
        return min(self._said_last, default=0)

    def tools(self) -> Iterator[ApprovedTool]:
        """Returns every tool that any record approves or approved."""
        yield from (tool for many in self._ordered for d in many for tool in d.tools or ())

    def has_digest(self, name: str) -> bool:
        """Says whether a record approves the definition of what goes by this name."""
        return any(tool.digest and name in (tool.name, *tool.also) for tool in self.tools())

    def recorded_by(self, time: int) -> Catalogue:
        """Returns the records in force that were made by then; none before the first."""
        made = ([d for d in many if d.recorded <= time] for many in self._ordered)
        return tuple(many[-1] for many in made if many)

    @property
    def latest(self) -> Catalogue:
        """The last record of each identity that is named, whatever the time."""
        return tuple(many[-1] for many in self._ordered)

    def at(self, time: int) -> Catalogue:
        """Returns the records in force: the latest recorded by then, before the first record the first."""
        return tuple(
            next((d for d in reversed(many) if d.recorded <= time), many[0]) for many in self._ordered
        )


def match_of(catalogue: Catalogue, tool: str, calls: Calls) -> Match | None:
    """Returns how the records in force see a call; None where they say nothing of tools (or delegates)."""
    if calls.handoff:
        return _delegate(catalogue, tool, calls)
    stated = [d.tools for d in catalogue if d.tools is not None]
    if not stated:
        return None
    approved = [t for tools in stated for t in tools]
    inner = [name for name in calls.names if name != tool]
    found = _named(approved, tool) or [t for name in calls.also for t in _named(approved, name)]
    strange = [name for name in inner if not _named(approved, name) and not renamed(name, tool)]
    if found and strange:
        return "other tool"
    if not found and inner:
        each = [_named(approved, name) for name in inner]
        found = [t for tools in each for t in tools] if all(each) else []
    if not found:
        return "outside"
    servers = {t.server for t in found}
    if "" in servers:
        return "approved"
    if not calls.servers:
        return "by name"
    return "approved" if servers.issuperset(calls.servers) else "other server"


def _named(approved: list[ApprovedTool], name: str) -> list[ApprovedTool]:
    return [tool for tool in approved if name == tool.name or name in tool.also]


def renamed(inner: str, outer: str) -> bool:
    """Says whether one name is the other with something before it, as frameworks add the server's name."""
    short, long = sorted((_words(inner), _words(outer)), key=len)
    return bool(short) and long[-len(short) :] == short


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^0-9a-z]+", name.casefold()) if word]


def same_name(one: str, other: str) -> bool:
    """Says whether a transfer's name for an agent is the agent's: tools are named in small letters without
    blanks."""
    return "_".join(one.casefold().split()) == "_".join(other.casefold().split())


def leads_within(catalogue: Catalogue, calls: Calls) -> bool:
    """Says whether every agent to which the tool hands over is a declared delegate."""
    names = [agent_name(key) for d in catalogue for key in d.delegates or ()]
    return bool(calls.leads) and all(any(same_name(n, lead) for n in names) for lead in calls.leads)


def _delegate(catalogue: Catalogue, target: str, calls: Calls) -> Match | None:
    """By whole key where the agent's own span was seen, else by name. A hand-off that names nobody is only
    outside no delegates at all."""
    stated = [d.delegates for d in catalogue if d.delegates is not None]
    if not stated:
        return None
    delegates = {key for keys in stated for key in keys}
    keys = {name for name in calls.names if name.startswith("agent:")}
    if not calls.names:
        return None if delegates else "outside"
    known = keys <= delegates if keys else target in {agent_name(key) for key in delegates}
    return "approved" if known else "outside"
