"""The three-way table of an agent's tools: what its record approves, what it was offered, what it called.

Of each tool also who changed what was offered and when, and whether the approval is kept to by anybody: a
tool that nobody approved and that was offered, or carried out, shows that the catalogue is accepted and not
enforced; so does one that a gateway refused, and that the agent ran by another way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from correlators.kernel.views.approvals import WITHIN, Records, match_of
from correlators.kernel.views.calls import DENIED, endings, parted
from correlators.kernel.views.offers import Offers
from correlators.kernel.views.offers_beyond import approves
from correlators.kernel.views.view import View
from schemas.dossier import Calls

Approved = Literal["", "by name", "by digest"]
Enforced = Literal[
    "", "refused", "offered all the same", "carried out all the same",
    "refused by a gateway, carried out all the same",
]  # fmt: skip


class ToolRow(NamedTuple):
    """One tool of one agent. Times in µs, 0 never. ``digest``: of the definition that was shown last;
    ``changed``: when a list first showed it after another one; ``by``: the server whose list that was.
    ``denied``: a gateway, or the product, refused it last. ``enforced``: what became of a tool that is not
    approved, "" for one that is."""

    agent: str
    tool: str
    servers: tuple[str, ...] = ()
    approved: Approved = ""
    offered: tuple[int, int] = (0, 0)
    digest: str = ""
    changed: int = 0
    by: str = ""
    called: int = 0
    refused: int = 0
    denied: int = 0
    enforced: Enforced = ""


def tool_table(view: View) -> list[ToolRow]:
    """Returns a row for each tool that the latest record approves, that was offered, or that was called."""
    records, offers = Records(view), Offers(view.dossier.lists)
    if (
        not any(d.tools is not None for d in records.latest)
        and not offers.listings
        and not view.dossier.calls
    ):
        return []
    rows: dict[tuple[str, str], ToolRow] = {}
    for agent in offers.agents(view):
        for tool in {tool.name for d in records.latest for tool in d.tools or ()}:
            rows[agent, tool] = ToolRow(agent, tool)
    for listing in offers.listings:
        for name, digest in listing.tools:
            row = rows.get((listing.agent, name), ToolRow(listing.agent, name))
            at = listing.evidence.time
            turned = bool(digest and row.digest and digest != row.digest)
            rows[listing.agent, name] = row._replace(
                servers=_with(row.servers, listing.server),
                offered=(row.offered[0] or at, at),
                digest=digest or row.digest,
                changed=at if turned else row.changed,
                by=listing.server if turned else row.by,
            )
    for key, calls in view.dossier.calls.items():
        agent, tool = parted(key)
        if not calls.handoff:
            rows[agent, tool] = _called(rows.get((agent, tool), ToolRow(agent, tool)), key, calls)
    return [_judged(view, records, row) for _, row in sorted(rows.items())]


def _with(servers: tuple[str, ...], server: str) -> tuple[str, ...]:
    return tuple(sorted({*servers, server} - {""}))


def _called(row: ToolRow, key: str, calls: Calls) -> ToolRow:
    last = {"executed": row.called, "refused": row.refused, DENIED: row.denied}
    for call in endings(key, calls):
        for how in (call.ending, call.channel):
            if how in last:
                last[how] = max(last[how], call.evidence.time)
    servers = tuple(sorted({*row.servers, *calls.servers}))
    return row._replace(
        servers=servers, called=last["executed"], refused=last["refused"], denied=last[DENIED]
    )


def _judged(view: View, records: Records, row: ToolRow) -> ToolRow:
    """The row with what the latest record says of it. What only was offered is judged by its name."""
    if not any(d.tools is not None for d in records.latest):
        return row
    known = [
        c for key, c in view.dossier.calls.items() if parted(key) == (row.agent, row.tool) and not c.handoff
    ]
    if known:
        within = match_of(records.latest, row.tool, known[0]) in WITHIN
    else:
        within = all(approves(records.latest, row.tool, server) for server in row.servers or ("",))
    if within:
        return row._replace(approved=next(_how(records, row.tool), "by name"))
    enforced: Enforced = (
        "refused by a gateway, carried out all the same"
        if row.called and row.denied
        else "carried out all the same"
        if row.called
        else "refused"
        if row.refused
        else "offered all the same"
        if row.offered[1]
        else ""
    )
    return row._replace(enforced=enforced)


def _how(records: Records, name: str) -> Iterator[Approved]:
    for record in records.latest:
        for tool in record.tools or ():
            if name in (tool.name, *tool.also):
                yield "by digest" if tool.digest else "by name"
