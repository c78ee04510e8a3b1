"""Traces: which agent made which call. Monotone: every new span only adds to what was told.

The agent of a call is the nearest agent span above it (after a hand-off that is the one that acts), and is
told once the chain of parents is known up to there: parents are fixed in the spans, so that never changes. A
tool span that bears an agent's name itself is told at once, for the agent's own span comes last, sometimes
hours later; where the chain then says otherwise (a name inherited from the root), the call is told as
``disowned`` too, which outranks everything.

One call may be up to four spans (the agent's tool span, the MCP clients', the server's): tool spans with no
agent between. It bears the id of the outermost, and all others are its mirrors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from correlators.kernel.views.calls import call_key, handoff_key
from schemas import struct
from schemas.dossier import Calls, Dossier, Sightings
from schemas.evidence import Evidence
from schemas.fact import TRACE_PREFIX
from schemas.span import Span, agent_key

SOURCE = "otel"


class Chain(NamedTuple):
    """Above and with a span: its nearest agent span ("" none), whether that is sure, and the tool spans up
    to it, outermost last."""

    agent: str
    settled: bool
    tools: tuple[str, ...]


NOWHERE = Chain("", False, ())
ROOT = Chain("", True, ())


class Trace:
    """The spans of one trace, with their chains worked out once."""

    def __init__(self, key: str, spans: dict[str, Span]) -> None:
        self.id = key.removeprefix(TRACE_PREFIX)
        self.spans = spans
        self._chains: dict[str, Chain] = {}

    def chain(self, span_id: str) -> Chain:
        """The chain of a span; unsettled while a parent is not known, and for ever where parents go in a
        circle."""
        path: list[str] = []
        passed: set[str] = set()
        above, at = NOWHERE, span_id
        while at in self.spans:
            if at in self._chains:
                above = self._chains[at]
                break
            if at in passed:
                above = self._circle(path, at)
                break
            path.append(at)
            passed.add(at)
            parent = self.spans[at].parent
            if self.spans[at].kind == "agent" or not parent:
                above = ROOT
                break
            at = parent
        for known in reversed(path):
            above = self._chains[known] = self._below(known, above)
        return self._chains.get(span_id, NOWHERE)

    def _circle(self, path: list[str], entry: str) -> Chain:
        """Each span of a circle has the others above it, as it had before the circle closed. Takes them off
        the path."""
        start = path.index(entry)
        circle = path[start:]
        del path[start:]
        for i, span_id in enumerate(circle):
            above = circle[i:] + circle[:i]
            self._chains[span_id] = Chain("", False, tuple(s for s in above if self.spans[s].kind == "tool"))
        return self._chains[entry]

    def _below(self, span_id: str, above: Chain) -> Chain:
        kind = self.spans[span_id].kind
        if kind == "agent":
            return Chain(span_id, True, ())
        return Chain(above.agent, above.settled, (span_id, *above.tools)) if kind == "tool" else above

    def agent(self, span_id: str) -> str:
        """The key of the agent that acts in a span; "" while (or where) that is not known."""
        chain = self.chain(span_id)
        return self.named(chain.agent) if chain.agent else ""

    def named(self, span_id: str) -> str:
        """The key of the agent that the span itself names."""
        span = self.spans[span_id]
        return agent_key(span.service, span.agent) if span.agent else ""

    def asked_by(self, span_id: str) -> str:
        """The key of the agent whose request this span answers, where the request itself says it."""
        parent = self.spans[span_id].parent
        asked = parent in self.spans and self.spans[parent].side == "asked"
        return self.named(parent) if asked else ""

    def evidence(self, span_id: str, actor: str = "", mirrors: tuple[str, ...] = ()) -> Evidence:
        """Compact, for a busy agent keeps thousands: what its key tells is left to
        ``correlators.kernel.views.calls`` to write out."""
        span = self.spans[span_id]
        uid = f"{span.trace or self.id}:{span_id}"
        source = span.source or SOURCE
        return Evidence(
            span.start, uid, source, actor, arrived=span.arrived, processed=span.processed, mirrors=mirrors
        )

    def mirror(self, span_id: str, trace: str) -> str:
        """A span as a mirror of one that was told in this trace: its id, with its own trace where that is
        another."""
        own = self.spans[span_id].trace or self.id
        return span_id if own == trace else f"{own}:{span_id}"


class Told(NamedTuple):
    """One call as it is told to one agent: the span whose id it bears, and every span of it (that one
    included)."""

    agent: str
    outer: str
    spans: tuple[str, ...]


def calls_of(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Per agent: its calls, the tools that it was offered, the agents it handed over to, and when it was
    seen."""
    trace = Trace(key, dossier.spans)
    told = list(_told(trace))
    offers = _offers(trace)
    for call in told:
        yield call.agent, _call(trace, call, offers.get(call.agent, {}))
        yield from _disowned(trace, call)
    for agent, lists in offers.items():
        yield agent, _offered(trace, agent, lists)
    for span_id, span in trace.spans.items():
        if span.kind == "agent":
            agent = trace.named(span_id)
            yield agent, Dossier(seen=trace.evidence(span_id, agent))
            yield from _delegated(trace, span_id, span.parent, (span.agent, agent))
        elif span.kind == "handoff":
            yield from _delegated(trace, span_id, span_id, (span.tool,))


def passed_on(key: str, dossier: Dossier) -> Dossier:
    """The spans of a trace that is a part of another, for that other."""
    trace = key.removeprefix(TRACE_PREFIX)
    return Dossier(
        spans={
            i: span if span.trace else struct.changed(span, trace=trace) for i, span in dossier.spans.items()
        }
    )


def unattributed(dossier: Dossier) -> int:
    """How many tool spans of a trace belong to no call of any agent, as far as its spans are known.

    A trace that is a part of another counts there.
    """
    if dossier.addresses:
        return 0
    trace = Trace("", dossier.spans)
    claimed = {span_id for call in _told(trace) for span_id in call.spans}
    return sum(span.kind == "tool" and span_id not in claimed for span_id, span in trace.spans.items())


def _told(trace: Trace) -> Iterator[Told]:
    """Calls by their settled agent, and calls by the name that their own span bears."""
    groups: dict[tuple[str, str], list[str]] = {}
    for span_id, span in trace.spans.items():
        if span.kind != "tool":
            continue
        chain = trace.chain(span_id)
        claims = {(trace.named(tool), tool) for tool in chain.tools if trace.named(tool)}
        if chain.agent:
            claims.add((trace.named(chain.agent), chain.tools[-1]))
        for claim in claims:
            groups.setdefault(claim, []).append(span_id)
    for (agent, outer), members in groups.items():
        yield Told(agent, outer, tuple(sorted(members)))


def _call(trace: Trace, call: Told, lists: dict[str, tuple[str, ...]]) -> Dossier:
    spans = [trace.spans[span_id] for span_id in call.spans]
    tool = trace.spans[call.outer].tool
    home = trace.spans[call.outer].trace or trace.id
    mirrors = tuple(sorted(trace.mirror(span_id, home) for span_id in call.spans if span_id != call.outer))
    servers = tuple(sorted({span.server for span in spans if span.server}))
    lists = {s: names for s, names in lists.items() if trace.spans[s].server in ("", *servers)}
    evidence = Sightings((trace.evidence(call.outer, mirrors=mirrors),))
    calls = Calls(
        names=tuple(sorted({span.tool for span in spans if span.tool})),
        servers=servers,
        channels=dict.fromkeys(sorted({c for span in spans for c in _channels(span, tool, lists)}), evidence),
    )
    return Dossier(calls={call_key(call.agent, tool): calls}, seen=trace.evidence(call.outer, call.agent))


def _channels(span: Span, tool: str, lists: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """What one span says of how its call ended; ``correlators.kernel.views.calls`` ranks what several say.

    ``lists``: what was offered by this server, or by nobody in particular.
    """
    if span.side == "asked":
        return
    if span.status == "ok":
        yield {"server": "served", "client": "sent", "": "executed"}[span.side]
        return
    yield "undecided"
    if span.denied:
        yield "denied"
    if span.refused or any(tool not in offered for offered in lists.values()):
        yield "refused"
    if any(tool in offered for offered in lists.values()):
        yield "executed"


def _disowned(trace: Trace, call: Told) -> Iterator[tuple[str, Dossier]]:
    """The call, told by its own span's name, is another agent's, or a mirror of an outer call."""
    chain = trace.chain(call.outer)
    if chain.agent:
        owned = trace.named(chain.agent) == call.agent and chain.tools[-1] == call.outer
    else:
        owned = all(trace.named(tool) != call.agent for tool in chain.tools[1:])
    if not owned:
        tool = trace.spans[call.outer].tool
        evidence = Sightings((trace.evidence(call.outer),))
        yield call.agent, Dossier(calls={call_key(call.agent, tool): Calls(channels={"disowned": evidence})})


def _offers(trace: Trace) -> dict[str, dict[str, tuple[str, ...]]]:
    """Per agent the lists of tools it was offered, by the span that says so."""
    offers: dict[str, dict[str, tuple[str, ...]]] = {}
    for span_id, span in trace.spans.items():
        if span.offered is not None:
            agent = trace.named(span_id) or trace.agent(span_id) or trace.asked_by(span_id)
            if agent:
                offers.setdefault(agent, {})[span_id] = span.offered
    return offers


def _offered(trace: Trace, agent: str, lists: dict[str, tuple[str, ...]]) -> Dossier:
    earliest: dict[str, Evidence] = {}
    for span_id in sorted(lists, key=lambda s: (trace.spans[s].start, s)):
        evidence = trace.evidence(span_id)
        for tool in lists[span_id]:
            earliest.setdefault(call_key(agent, tool), evidence)
    return Dossier(offered=earliest)


def _delegated(
    trace: Trace, span_id: str, start: str, names: tuple[str, ...]
) -> Iterator[tuple[str, Dossier]]:
    """A hand-off, or the span of an agent below that of another, told to the one that delegated. ``start``:
    where the chain begins."""
    agent = trace.agent(start) if start in trace.spans else ""
    if not agent or agent in names:
        return
    span = trace.spans[span_id]
    channel = "undecided" if span.status == "error" and span.kind == "handoff" else "executed"
    calls = Calls(
        tuple(sorted(n for n in names if n)), (), True, {channel: Sightings((trace.evidence(span_id),))}
    )
    yield agent, Dossier(calls={handoff_key(agent, names[0]): calls}, seen=trace.evidence(span_id, agent))
