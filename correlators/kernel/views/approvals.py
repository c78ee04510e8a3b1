"""Approvals: what the declared catalogues in force at a time say of a call."""

from __future__ import annotations

from typing import Literal

from correlators.kernel.views.view import View
from schemas.declaration import ApprovedTool, Declaration
from schemas.dossier import Calls
from schemas.span import agent_name

Match = Literal["approved", "by name", "other server", "outside"]
"""``by name``: the approved tool names its server, and the call's is not known."""

WITHIN: tuple[Match | None, ...] = ("approved", "by name")

Catalogue = tuple[Declaration, ...]


class Records:
    """The declared catalogues about this identity, by the identity that each names, in order of recording."""

    def __init__(self, view: View) -> None:
        self._ordered = [
            sorted(many, key=lambda d: (d.recorded, d.uid)) for many in view.dossier.stated.values() if many
        ]

    @property
    def claims(self) -> bool:
        return any(d.tools is not None or d.delegates is not None for many in self._ordered for d in many)

    @property
    def latest(self) -> Catalogue:
        return tuple(many[-1] for many in self._ordered)

    def at(self, time: int) -> Catalogue:
        """The records in force: the latest recorded by then, before the first record the first."""
        return tuple(
            next((d for d in reversed(many) if d.recorded <= time), many[0]) for many in self._ordered
        )


def match_of(catalogue: Catalogue, tool: str, calls: Calls) -> Match | None:
    """How the records in force see a call; None where they say nothing of tools (or delegates)."""
    if calls.handoff:
        return _delegate(catalogue, tool, calls)
    stated = [d.tools for d in catalogue if d.tools is not None]
    if not stated:
        return None
    approved = [t for tools in stated for t in tools]
    inner = [name for name in calls.names if name != tool]
    found = _named(approved, tool)
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
