"""Offers: which tools an agent was shown, by which definitions, and which of them was in force at a call.

A list of tools is one thing that is known once, however often it is given: what it holds stands under its
digest, and beside it when it was given, in which session of the server. Who is shown a tool in a session is
held to what that session showed: another session of the same agent may have been shown something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from correlators.kernel.knowledge.fullness import full_lists
from correlators.kernel.views.approvals import Records
from correlators.kernel.views.calls import Call, parted
from correlators.kernel.views.view import View
from schemas.dossier import Listed
from schemas.evidence import Evidence, micros
from schemas.span import SPAN_BYTES, Span, derived_id, is_unnamed

Tools = tuple[tuple[str, str], ...]


def tools_of(span: Span) -> Tools:
    """Returns the tools that a span says were offered, each with its digest ("" not shown); without what the
    framework itself gives to its model."""
    digests = span.digests or ("",) * len(span.offered or ())
    every = zip(span.offered or (), digests, strict=False)
    return tuple((name, digest) for name, digest in every if name not in span.own)


MONTH = micros(timedelta(days=30))


def list_key(agent: str, server: str, tools: Tools, time: int) -> str:
    """Returns the key of a list in an agent's dossier, as it was given in one month. It names the agent,
    for two agents may be one identity."""
    digest = derived_id(SPAN_BYTES, *(word for tool in tools for word in tool))
    return f"{agent}\t{server}\t{time // MONTH:05d} {digest}"


class Listing(NamedTuple):
    """One giving of a list: by whose server ("" not known), to which agent, in which session."""

    evidence: Evidence
    agent: str
    server: str
    tools: Tools

    @property
    def session(self) -> str:
        """The session in which it was given, "" for none."""
        return self.evidence.asked


class Offers:
    """All lists that are remembered of an identity, in order of time."""

    def __init__(self, lists: dict[str, Listed]) -> None:
        self._full = {group for group in full_lists(lists) if len(_months(lists, group)) == 1}
        self.listings = sorted(_listings(lists), key=lambda one: (one.evidence.time, one.evidence.uid))
        self.truncated = any(listed.seen.truncated for listed in lists.values())

    def agents(self, view: View) -> list[str]:
        """Returns the agents whose calls or lists are on record, and the identity itself."""
        keys = (*view.dossier.lists, *view.dossier.calls)
        return sorted({view.key, *(agent for key in keys if not is_unnamed(agent := parted(key)[0]))})

    def judged_by(self, records: Records) -> list[Listing]:
        """Returns the lists that were given while a record was in force."""
        return [one for one in self.listings if one.evidence.time >= records.first]

    def judged(self, records: Records) -> Listing | None:
        """Returns the last of the lists that a record was in force for."""
        return next(reversed(self.judged_by(records)), None)

    def flapping(self, agent: str, server: str) -> bool:
        """Says whether a server makes its list anew so often that not all of one month are remembered."""
        return f"{agent}\t{server}" in self._full

    def of(self, agent: str, names: Iterable[str], servers: Iterable[str]) -> list[Listing]:
        """Returns the lists of these servers (none named: of any server that is known) that show a
        definition of one of these names."""
        wanted, named = set(names), set(servers)
        return [
            one
            for one in self.listings
            if one.agent == agent
            and one.server
            and (not named or one.server in named)
            and any(name in wanted and digest for name, digest in one.tools)
        ]


def digests_in(listing: Listing, names: Iterable[str]) -> set[str]:
    """Returns the digests of the definitions under these names in a list."""
    wanted = set(names)
    return {digest for name, digest in listing.tools if name in wanted and digest}


SESSION_LIFE = micros(timedelta(days=1))
"""A session that was shown a list longer ago is over: clients connect anew each day, and most each run."""


def shown_for(call: Call, listings: list[Listing]) -> tuple[list[Listing], bool]:
    """Returns the lists of which the model had one at a call, and whether it is known which: the last
    before the call in its session. Where its session showed none, the last of each session of its agent."""
    before = [one for one in listings if one.evidence.time < call.evidence.time]
    own = [one for one in before if call.session and one.session == call.session]
    if own or not before:
        return own[-1:], True
    last = {one.session: one for one in before}
    young = [one for one in last.values() if one.evidence.time > call.evidence.time - SESSION_LIFE]
    return young or before[-1:], False


def _months(lists: Mapping[str, Listed], group: str) -> set[str]:
    return {key.rpartition("\t")[2].partition(" ")[0] for key in lists if key.rpartition("\t")[0] == group}


def _listings(lists: Mapping[str, Listed]) -> Iterator[Listing]:
    for key, listed in lists.items():
        agent, server, _ = key.split("\t", 2)
        yield from (Listing(evidence, agent, server, listed.tools) for evidence in listed.seen.kept)
