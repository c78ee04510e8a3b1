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

from correlators.kernel.knowledge.spans import SPANS_MARK
from correlators.kernel.views.approvals import same_name
from correlators.kernel.views.calls import call_key, handoff_key
from correlators.kernel.views.offers import list_key, tools_of
from schemas import frozen
from schemas.dossier import Calls, Dossier, Listed, Sightings
from schemas.evidence import Evidence
from schemas.fact import TRACE_PREFIX
from schemas.providers import CALLS
from schemas.span import OF_SERVICE, UNNAMED, Span, agent_key, agent_name, is_unnamed

TRACES_MARK = "traces truncated"
"""Told to each agent of a trace of which not all spans could be kept."""

SOURCE = CALLS
MERGED_MIN = 2
"""Answers are merged of two calls and more."""


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
        self.spans = paired(own_parents(spans))
        self._chains: dict[str, Chain] = {}

    def chain(self, span_id: str) -> Chain:
        """Returns the chain of a span; unsettled while a parent is not known, and for ever where parents go
        in a circle."""
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
        """Returns the key of the agent that acts in a span; "" while (or where) that is not known."""
        chain = self.chain(span_id)
        return self.named(chain.agent) if chain.agent else ""

    def named(self, span_id: str) -> str:
        """Returns the key of the agent that the span itself names."""
        span = self.spans[span_id]
        if span.agent:
            return agent_key(span.service, span.agent)
        return self._unnamed(span) if span.kind == "agent" else ""

    def _unnamed(self, span: Span) -> str:
        """An agent without a name bears that of the transfer above it; "" while that is not known."""
        if span.parent and span.parent not in self.spans:
            return ""
        above = self.chain(span.parent) if span.parent else ROOT
        if above.tools:
            return agent_key(span.service, self.spans[above.tools[0]].transfer)
        return agent_key(span.service, UNNAMED) if above.settled else ""

    def reached(self, start: Span, target: str, caller: str) -> tuple[str, ...]:
        """Returns the name and the key of the agent of the same service that ran from ``start`` on under a
        name."""
        for span_id, span in self.spans.items():
            if span.kind == "agent" and span.service == start.service and span.start >= start.start:
                key = self.named(span_id)
                if key and key != caller and same_name(agent_name(key), target):
                    return agent_name(key), key
        return ()

    def guarded(self, span_id: str) -> bool:
        """Says whether a guardrail stands between a span and the agent above it."""
        at, passed = self.spans[span_id].parent, set[str]()
        while at in self.spans and at not in passed and self.spans[at].kind != "agent":
            if self.spans[at].kind == "other" and self.spans[at].step:
                return True
            passed.add(at)
            at = self.spans[at].parent
        return False

    def asked_by(self, span_id: str) -> str:
        """Returns the key of the agent whose request this span answers, where the request itself says it."""
        parent = self.spans[span_id].parent
        asked = parent in self.spans and self.spans[parent].side in ("asked", "requested")
        return self.named(parent) if asked else ""

    def evidence(self, span_id: str, actor: str = "", mirrors: tuple[str, ...] = ()) -> Evidence:
        """Returns a call as evidence, compact because a busy agent keeps thousands: what the key tells is
        left to ``correlators.kernel.views.calls`` to write out."""
        span = self.spans[span_id]
        uid = f"{span.trace or self.id}:{span_id.partition(OF_SERVICE)[0]}"
        source = span.source or SOURCE
        return Evidence(
            span.start, uid, source, actor,
            arrived=span.arrived, processed=span.processed, mirrors=mirrors, asked=span.session,
        )  # fmt: skip

    def mirror(self, span_id: str, trace: str) -> str:
        """Returns a span as a mirror of one that was told in this trace: its id, with its own trace where
        that is another."""
        own = self.spans[span_id].trace or self.id
        span_id = span_id.partition(OF_SERVICE)[0]
        return span_id if own == trace else f"{own}:{span_id}"


def own_parents(spans: dict[str, Span]) -> dict[str, Span]:
    """Returns the spans, each below that one of its parent's id which its own service tells of, if it does.
    Returns the argument where each id is one service's."""
    doubled = [name for name in spans if OF_SERVICE in name]
    if not doubled:
        return spans
    named = {(name.partition(OF_SERVICE)[0], spans[name].service): name for name in doubled}
    return {
        name: frozen.changed(span, parent=named[span.parent, span.service])
        if (span.parent, span.service) in named
        else span
        for name, span in spans.items()
    }


def paired(spans: dict[str, Span]) -> dict[str, Span]:
    """Returns the spans with each answer below its request: the youngest that is open then; where none is,
    the youngest of all (it was answered twice). One request sent again before its answer is one."""
    shared: dict[str, list[tuple[int, bool, str]]] = {}
    for span_id, span in spans.items():
        if span.shared:
            shared.setdefault(span.shared, []).append((span.start, span.side != "requested", span_id))
    if not shared:
        return spans
    found = dict(spans)
    for messages in shared.values():
        opened: list[str] = []
        known: list[str] = []
        for _, answers, span_id in sorted(messages):
            span = spans[span_id]
            fitting = [i for i in (opened or known) if not answers or _answers(span, spans[i])]
            if answers and (fitting or opened):
                asked = (fitting or opened)[-1]
                found[span_id] = frozen.changed(span, parent=asked)
                if asked in opened:
                    opened.remove(asked)
            elif not answers and (same := [i for i in opened if spans[i].tool == span.tool]):
                found[span_id] = frozen.changed(span, parent=same[-1])
            elif not answers:
                opened.append(span_id)
                known.append(span_id)
    return found


def _answers(answer: Span, request: Span) -> bool:
    """By its form; a refusal answers either."""
    return answer.status == "error" or answer.kind == request.kind


class AgentCall(NamedTuple):
    """One call as it is told to one agent: the span whose id it bears, and every span of it (that one
    included)."""

    agent: str
    outer: str
    spans: tuple[str, ...]


def calls_of(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields for each agent its calls, the tools that it was offered, the agents it handed over to, and when
    it was seen."""
    trace = Trace(key, dossier.spans)
    calls = list(_agent_calls(trace))
    offers = _offers(trace)
    for call in calls:
        if _is_step(trace, call):
            continue
        taken = _taken(trace, call)
        if taken or _stands_beside(trace, call):
            yield call.agent, _withdrawn(trace, call)
        else:
            yield call.agent, _call(trace, call, offers.get(call.agent, {}))
        if taken:
            yield call.agent, _handed_over(trace, call.outer, call.agent, taken)
        yield from _disowned(trace, call)
    for agent, lists in offers.items():
        yield agent, _offered(trace, agent, lists)
    if SPANS_MARK in dossier.marks:
        for agent in sorted({call.agent for call in calls} | offers.keys()):
            yield agent, Dossier(marks=(TRACES_MARK,))
    for span_id, span in trace.spans.items():
        if span.kind == "agent":
            agent = trace.named(span_id)
            if not agent:
                continue
            yield agent, Dossier(seen=trace.evidence(span_id, agent))
            yield from _delegated(trace, span_id, (agent_name(agent), agent))
        elif span.kind == "handoff":
            yield from _handoff(trace, span_id)


def passed_on(key: str, dossier: Dossier) -> Dossier:
    """Returns the spans of a trace that is a part of another, for that other."""
    trace = key.removeprefix(TRACE_PREFIX)
    return Dossier(
        spans={
            i: span if span.trace else frozen.changed(span, trace=trace) for i, span in dossier.spans.items()
        }
    )


def unattributed(dossier: Dossier) -> int:
    """Returns how many tool spans of a trace belong to no call of any agent, as far as its spans are known.

    A trace that is a part of another counts there.
    """
    if dossier.addresses:
        return 0
    trace = Trace("", dossier.spans)
    claimed = {
        span_id for call in _agent_calls(trace) if not is_unnamed(call.agent) for span_id in call.spans
    }
    return sum(span.kind == "tool" and span_id not in claimed for span_id, span in trace.spans.items())


def _agent_calls(trace: Trace) -> Iterator[AgentCall]:
    """Calls by their settled agent, and calls by the name that their own span bears."""
    groups: dict[tuple[str, str], list[str]] = {}
    for span_id, span in trace.spans.items():
        if span.kind != "tool":
            continue
        chain = trace.chain(span_id)
        claims = {(trace.named(tool), tool) for tool in chain.tools if trace.named(tool)}
        if chain.agent and (agent := trace.named(chain.agent)):
            claims.add((agent, chain.tools[-1]))
        claims.update(_own(trace, chain))
        if not claims and chain.settled and not chain.agent and (nobody := _nobody(trace, chain.tools[-1])):
            claims.add((nobody, chain.tools[-1]))
        for claim in claims:
            groups.setdefault(claim, []).append(span_id)
    for (agent, outer), members in groups.items():
        yield AgentCall(agent, outer, tuple(sorted(members)))


def _own(trace: Trace, chain: Chain) -> Iterator[tuple[str, str]]:
    """A service's own call below another service: its own agent made it, whatever stands above. A span of MCP
    is one end of the call above it."""
    for i, tool in enumerate(chain.tools):
        above = chain.tools[i + 1] if i + 1 < len(chain.tools) else chain.agent
        span = trace.spans[tool]
        if above and not span.side and span.service and trace.spans[above].service not in ("", span.service):
            yield trace.named(tool) or agent_key(span.service, UNNAMED), tool
            return


def _nobody(trace: Trace, outer: str) -> str:
    """The key for a call that names no agent and stands below none; "" where its service did not make it, but
    served it, or is not known."""
    span = trace.spans[outer]
    return agent_key(span.service, UNNAMED) if span.service and span.side != "server" else ""


def _is_step(trace: Trace, call: AgentCall) -> bool:
    """A framework's own step; not where a server serves it, or another tool's span is part of it."""
    return all(trace.spans[span_id].step for span_id in call.spans)


def _taken(trace: Trace, call: AgentCall) -> tuple[str, ...]:
    """The agent that took over where the tool is a transfer; () where none did, or a server served it."""
    outer = trace.spans[call.outer]
    if not outer.transfer or any(trace.spans[span_id].side for span_id in call.spans):
        return ()
    return trace.reached(outer, outer.transfer, call.agent)


def _stands_beside(trace: Trace, call: AgentCall) -> bool:
    """The answers of several calls at once, each of which has a span of its own beside it."""
    outer = trace.spans[call.outer]
    if not outer.hidden or not outer.parent:
        return False
    beside = (
        s for s in trace.spans.values() if s.parent == outer.parent and s.kind == "tool" and not s.hidden
    )
    return sum(1 for _ in beside) >= MERGED_MIN


def _withdrawn(trace: Trace, call: AgentCall) -> Dossier:
    """What was taken for a call is none."""
    evidence = Sightings((trace.evidence(call.outer),))
    key = call_key(call.agent, trace.spans[call.outer].tool)
    return Dossier(
        calls={key: Calls(channels={"disowned": evidence})}, seen=trace.evidence(call.outer, call.agent)
    )


def _handed_over(trace: Trace, span_id: str, agent: str, names: tuple[str, ...]) -> Dossier:
    executed = {"executed": Sightings((trace.evidence(span_id),))}
    calls = Calls(tuple(sorted(n for n in names if n)), (), True, executed)
    return Dossier(calls={handoff_key(agent, names[0]): calls}, seen=trace.evidence(span_id, agent))


def _call(trace: Trace, call: AgentCall, lists: dict[str, tuple[str, ...]]) -> Dossier:
    spans = [trace.spans[span_id] for span_id in call.spans]
    tool = trace.spans[call.outer].tool
    home = trace.spans[call.outer].trace or trace.id
    mirrors = tuple(sorted(trace.mirror(span_id, home) for span_id in call.spans if span_id != call.outer))
    servers = tuple(sorted({span.server for span in spans if span.server}))
    lists = {s: names for s, names in lists.items() if trace.spans[s].server in ("", *servers)}
    evidence = Sightings((trace.evidence(call.outer, mirrors=mirrors),))
    lead = _leads(trace, call)
    channels = {c for span in spans for c in _channels(span, tool, lists, bool(lead))}
    calls = Calls(
        names=tuple(sorted({span.tool for span in spans if span.tool and _may_name(trace, call, span)})),
        servers=servers,
        channels=dict.fromkeys(sorted(channels), evidence),
        leads=(lead,) if lead else (),
        also=tuple(sorted({name for span in spans for name in span.also})),
    )
    return Dossier(calls={call_key(call.agent, tool): calls}, seen=trace.evidence(call.outer, call.agent))


def _may_name(trace: Trace, call: AgentCall, span: Span) -> bool:
    """Whether a span may say what a call goes by: one of the same service, or one end of it over MCP. To any
    other service that is called by the way it is another thing."""
    return bool(span.side) or span.service in ("", trace.spans[call.outer].service)


def _leads(trace: Trace, call: AgentCall) -> str:
    served = any(trace.spans[span_id].side for span_id in call.spans)
    return "" if served else trace.spans[call.outer].transfer


def _channels(span: Span, tool: str, lists: dict[str, tuple[str, ...]], leads: bool) -> Iterator[str]:
    """What one span says of how its call ended; ``correlators.kernel.views.calls`` ranks what several say.

    ``lists``: what was offered by this server, or by nobody in particular. ``leads``: the call may hand over.
    """
    if span.side == "asked":
        return
    if span.side == "requested":
        yield "unanswered"
        return
    if span.status == "ok":
        plain = "transferring" if span.transfer and leads else "executed"
        ended = {"server": "served", "client": "sent", "": plain}[span.side]
        yield "deferred" if span.deferred else "hidden" if span.hidden else ended
        return
    yield "undecided"
    if span.denied:
        yield "declined" if span.refused else "denied"
        return
    if span.refused or any(tool not in offered for offered in lists.values()):
        yield "refused"
    if any(tool in offered for offered in lists.values()):
        yield "executed"


def _disowned(trace: Trace, call: AgentCall) -> Iterator[tuple[str, Dossier]]:
    """The call, told by its own span's name, is another agent's of the same service, or a mirror of an outer
    call. What another service's spans say takes nothing away."""
    chain = trace.chain(call.outer)
    own = trace.spans[call.outer].service
    agent = trace.named(chain.agent) if chain.agent else ""
    if is_unnamed(call.agent):
        owned = not agent or agent == call.agent or trace.spans[chain.agent].service != own
    elif chain.agent:
        owned = (agent == call.agent and chain.tools[-1] == call.outer) or any(
            owner == (call.agent, call.outer) for owner in _own(trace, chain)
        )
        owned = owned or (trace.spans[chain.agent].service != own and agent != call.agent)
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
    """The earliest offer of each tool, and each list of them (what is given with every question to a model is
    one list) with when it was given."""
    earliest: dict[str, Evidence] = {}
    listed: dict[str, Listed] = {}
    for span_id in sorted(lists, key=lambda s: (trace.spans[s].start, s)):
        evidence = trace.evidence(span_id)
        for tool in lists[span_id]:
            earliest.setdefault(call_key(agent, tool), evidence)
        span = trace.spans[span_id]
        tools = tools_of(span)
        key = list_key(agent, span.server, tools, span.start)
        seen = listed[key].seen.kept if key in listed else ()
        listed[key] = Listed(tools, Sightings((*seen, evidence)))
    return Dossier(offered=earliest, lists=listed)


def _delegated(trace: Trace, span_id: str, names: tuple[str, ...]) -> Iterator[tuple[str, Dossier]]:
    """The span of an agent below that of another, told to the one that delegated. One below a tool or a
    guardrail belongs to that: only a transfer hands over."""
    parent = trace.spans[span_id].parent
    agent = trace.agent(parent) if parent in trace.spans else ""
    if not agent or agent in names or trace.guarded(span_id):
        return
    tools = trace.chain(parent).tools
    if tools and not any(trace.spans[tool].transfer for tool in tools):
        return
    yield agent, _handed_over(trace, span_id, agent, names)


def _handoff(trace: Trace, span_id: str) -> Iterator[tuple[str, Dossier]]:
    """A hand-off; one that ended in an error was carried out where the agent that it names ran after it."""
    agent = trace.agent(span_id)
    span = trace.spans[span_id]
    if not agent or agent == span.tool:
        return
    taken = trace.reached(span, span.tool, agent) if span.tool else ()
    channel = "undecided" if span.status == "error" and not taken else "executed"
    names = (span.tool,) if span.tool else ()
    calls = Calls(names, (), True, {channel: Sightings((trace.evidence(span_id),))})
    yield agent, Dossier(calls={handoff_key(agent, span.tool): calls}, seen=trace.evidence(span_id, agent))
