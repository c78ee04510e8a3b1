"""Definitions: tools whose definition a record approves by its digest, and the lists behind their calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from correlators.kernel.views.approvals import Catalogue, Records
from correlators.kernel.views.calls import Call, endings, parted
from correlators.kernel.views.offers import Listing, Offers, digests_in, shown_for
from correlators.kernel.views.view import View
from schemas.declaration import ApprovedTool


class DefinedTool(NamedTuple):
    """A tool of one agent and one server ("" any) that some record approves by a digest. ``names``: its name
    and those it also goes by."""

    agent: str
    name: str
    server: str
    names: frozenset[str]

    @property
    def subject(self) -> str:
        """What its verdict is about."""
        return " ".join(word for word in (self.agent, self.server, self.name, "definition") if word)

    @property
    def servers(self) -> tuple[str, ...]:
        """Its server, where the record names it."""
        return (self.server,) if self.server else ()

    def allowed(self, catalogue: Catalogue) -> set[str]:
        """Digests of its approved definitions; none where a record approves it by any definition, or not at
        all."""
        found = [tool for d in catalogue for tool in d.tools or () if self._is(tool)]
        return set() if any(not tool.digest for tool in found) else {written(tool.digest) for tool in found}

    def strays(self, listing: Listing, allowed: set[str]) -> bool:
        """Says whether a list shows another definition of it than these; of two under one name, either
        counts."""
        return bool(allowed) and bool(digests_in(listing, self.names) - allowed)

    def _is(self, tool: ApprovedTool) -> bool:
        return tool.name == self.name and (not tool.server or not self.server or tool.server == self.server)


def written(digest: str) -> str:
    """Returns a digest as lists have it, whoever wrote it."""
    digest = digest.strip().lower()
    return digest if ":" in digest else f"sha256:{digest}"


def defined_tools(records: Records, agent: str) -> list[DefinedTool]:
    """Returns every tool of which any record, in force or not, approves a digest."""
    names: dict[tuple[str, str], set[str]] = {}
    for tool in records.tools():
        if tool.digest:
            names.setdefault((tool.name, tool.server), set()).update((tool.name, *tool.also))
    return [
        DefinedTool(agent, name, server, frozenset(names[name, server])) for name, server in sorted(names)
    ]


def calls_of(view: View, offers: Offers, defined: DefinedTool) -> Iterator[tuple[Call, list[Listing], bool]]:
    """Yields the calls of a tool, each with the lists of which the model had one, and whether it is known
    which."""
    for key, calls in sorted(view.dossier.calls.items()):
        agent, tool = parted(key)
        ours = not defined.server or not calls.servers or defined.server in calls.servers
        if (
            calls.handoff
            or agent != defined.agent
            or not ours
            or defined.names.isdisjoint((tool, *calls.names))
        ):
            continue
        listings = offers.of(agent, defined.names, defined.servers or calls.servers)
        for call in endings(key, calls) if listings else ():
            yield (call, *shown_for(call, listings))
