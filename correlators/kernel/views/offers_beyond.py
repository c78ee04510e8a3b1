"""Beyond: what agents were offered that no record approves, and definitions that changed after an
approval."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from correlators.kernel.views.approvals import Catalogue, Records, renamed, same_name
from correlators.kernel.views.calls import endings, parted
from correlators.kernel.views.offers import Listing, Offers, digests_in
from correlators.kernel.views.view import View
from schemas.evidence import Evidence, micros
from schemas.span import agent_name

GONE = micros(timedelta(days=1))
"""What was not offered for so long, while others were, is offered no more: some hosts give a model only those
tools that fit its question."""


class Beyond(NamedTuple):
    """A tool that was offered and not approved: the first and the last time, and since when it is so no more
    (µs, 0: it is yet). ``gone``: later lists show that it is offered no more."""

    first: Evidence
    last: Evidence
    end: int = 0
    gone: bool = False


def beyond_of(view: View, records: Records, offers: Offers) -> dict[str, Beyond]:
    """Returns, by name, what was offered and not approved. What was called is told on its own."""
    found: dict[str, Beyond] = {}
    newest: dict[tuple[str, str], int] = {}
    where: dict[str, set[tuple[str, str]]] = {}
    known = _called(view) | _leads(view, records.latest)
    for listing in offers.judged_by(records):
        group = listing.agent, listing.server
        newest[group] = listing.evidence.time
        catalogue = records.recorded_by(listing.evidence.time)
        for name, _ in listing.tools:
            if not approves(catalogue, name, listing.server) and not _is_lead(name, known):
                old = found.get(name)
                found[name] = Beyond(old.first if old else listing.evidence, listing.evidence)
                where.setdefault(name, set()).add(group)
    return {name: _ended(one, name, where[name], newest, records.latest) for name, one in found.items()}


def _ended(
    one: Beyond, name: str, where: set[tuple[str, str]], newest: dict[tuple[str, str], int], now: Catalogue
) -> Beyond:
    if all(approves(now, name, server) for _, server in where):
        return one._replace(end=max(d.recorded for d in now))
    over = min(newest[group] for group in where)
    return one._replace(end=over, gone=True) if over > one.last.time + GONE else one


def approves(catalogue: Catalogue, name: str, server: str) -> bool:
    """Says whether a record approves what is offered under a name. Hosts put the name of the server before
    that of the tool; a call is judged by all of its names."""
    stated = [d.tools for d in catalogue if d.tools is not None]
    if not stated:
        return True
    return any(
        (name in (tool.name, *tool.also) or renamed(tool.name, name))
        and (not tool.server or not server or tool.server == server)
        for tools in stated
        for tool in tools
    )


def _called(view: View) -> set[str]:
    return {
        name
        for key, calls in view.dossier.calls.items()
        if any(call.ending == "executed" for call in endings(key, calls))
        for name in (parted(key)[1], *calls.names)
    }


def _leads(view: View, now: Catalogue) -> set[str]:
    """Agents to which it may hand over, or did: that is judged as a hand-off."""
    declared = {agent_name(key) for d in now for key in d.delegates or ()}
    taken = {parted(key)[1] for key, calls in view.dossier.calls.items() if calls.handoff}
    return declared | taken | {lead for calls in view.dossier.calls.values() for lead in calls.leads}


def _is_lead(name: str, known: set[str]) -> bool:
    return name in known or any(lead and (same_name(name, lead) or renamed(lead, name)) for lead in known)


Changes = dict[str, tuple[dict[str, Listing], int]]


def changes_of(records: Records, offers: Offers, agent: str) -> Changes:
    """Returns, by server, approved tools without an approved digest whose definition changed after the
    approval, each with the list that first showed the change; and when a record was made since (µs, 0:
    none)."""
    by_server: dict[str, list[Listing]] = {}
    for listing in offers.listings:
        if listing.agent == agent and listing.server:
            by_server.setdefault(listing.server, []).append(listing)
    found: Changes = {}
    approved = records.said_last
    for server, listings in by_server.items():
        changed = {
            name: first
            for name in {name for listing in listings for name, digest in listing.tools if digest}
            if approves(records.latest, name, server)
            and not records.has_digest(name)
            and (first := _first_change(listings, name, records.first))
        }
        if changed:
            last = max(listing.evidence.time for listing in changed.values())
            found[server] = changed, approved if approved > last else 0
    return found


def _first_change(listings: list[Listing], name: str, since: int) -> Listing | None:
    """The first list that shows another definition than before the first record, or else than the first
    list."""
    shown = [(one, digests) for one in listings if (digests := digests_in(one, (name,)))]
    before = [digests for one, digests in shown if one.evidence.time <= since] or [shown[0][1]]
    known = set[str]().union(*before)
    return next((one for one, digests in shown if digests - known), None)
