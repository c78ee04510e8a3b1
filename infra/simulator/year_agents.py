"""A year of agents: runs with chats and approved tools, delegates, MCP servers; and the cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.simulator.cases import Step
from infra.simulator.chance import Chance
from infra.simulator.otlp import CLIENT, SERVER, STYLES, Otlp
from infra.simulator.year_case import YearCase
from infra.simulator.year_play import Did, Play
from infra.simulator.year_stage import (
    SECOND,
    WORKS_FROM,
    WORKS_UNTIL,
    Line,
    moments,
)

TOOLS = (
    "search_tickets", "get_invoice", "post_comment", "read_file", "list_buckets", "query_db", "send_mail",
    "get_weather",
    "create_event", "translate", "get_rates", "open_issue",
)  # fmt: skip
AHEAD_MAX = 900_000
"""µs by which a host's clock is ahead or behind."""

Times = list[tuple[int, bytes]]


@dataclass
class Agent:
    """An agent of a service. ``delegate``: the name of the agent of the same service that it may hand over
    to."""

    service: str
    name: str
    chance: Chance
    number: int
    style: str
    tools: tuple[str, ...]
    delegate: str
    ahead: int
    quiet: tuple[int, int] = (1 << 62, 1 << 62)

    @property
    def identity(self) -> str:
        """The key of the agent, as findings name it."""
        return f"agent:{self.service}/{self.name}"

    @property
    def owner(self) -> str:
        """The team that the inventory declares as the agent's owner."""
        return f"team-{self.number % 40}"

    def declared(self) -> dict[str, Any]:
        """Returns what the inventory says of its tools and delegates."""
        also = STYLES[self.style].also
        tools = [{"name": t} | ({"also": [also.format(t)]} if also != "{}" else {}) for t in self.tools]
        return {"tools": tools, "delegates": [f"agent:{self.service}/{self.delegate}"]}


def agent_of(number: int, seed: int) -> Agent:
    """Makes the agent of a number; four share a host, and with it a framework and a clock."""
    host, place = divmod(number, 4)
    chance = Chance(f"{seed}/otel/{number}")
    style = list(STYLES)[host % len(STYLES)]
    ahead = round((Chance(f"{seed}/otel/host/{host}").random() * 2 - 1) * AHEAD_MAX)
    tools = tuple(TOOLS[(number * 5 + n) % len(TOOLS)] for n in range(4))
    return Agent(
        f"{style}-host-{host:03}",
        f"agent-{number:04}",
        chance,
        number,
        style,
        tools,
        f"agent-{host * 4 + (place + 1) % 4:04}",
        ahead,
    )


def hand_over_to_others(agents: list[Agent], gone: set[str]) -> None:
    """Gives agents whose delegate the inventory lets go of another one of the same host."""
    for agent in agents:
        if agent.delegate in gone:
            host = agents[agent.number // 4 * 4 :][:4]
            agent.delegate = next(a.name for a in host if a.name not in gone and a is not agent)


class Runs:
    """Runs of one agent, as export requests with the time at which each is sent."""

    def __init__(self, agent: Agent, chance: Chance) -> None:
        self.agent = agent
        self.asked = ""
        """The id of the last question to the model."""
        self.otlp = Otlp(agent.service, agent.style, chance, agent.ahead)
        self._server = Otlp(f"mcp-{agent.number % 7}", "strands", chance, agent.ahead)

    def run(
        self, time: int, tools: tuple[str, ...], refusal: str = "", more: tuple[str, ...] = ()
    ) -> tuple[str, list[str], Times]:
        """Returns the ids of the agent's span and of its tools' spans, and the requests: tools and chats as
        they end, the agent last. ``more``: offered to its model beside its tools."""
        otlp, agent = self.otlp, self.agent
        trace, top, root = (
            otlp.new_trace(),
            otlp.new_id(),
            otlp.new_id() if agent.style == "google-adk" else "",
        )
        offered = tuple(sorted({*agent.tools, *tools, *more})) if not refusal else agent.tools
        sent: Times = []
        uids: list[str] = []
        at = time + 20_000
        for n, tool in enumerate(tools):
            chat = otlp.chat(trace, top, offered, at, 900_000)
            called = otlp.tool(
                trace, top, agent.name, tool, at + 1_000_000, 400_000, refusal if n == len(tools) - 1 else ""
            )
            uids.append(called.uid)
            self.asked = chat.uid
            sent.append((at + 1_500_000, otlp.request(chat, called)))
            at += 1_600_000
        last = [otlp.agent(trace, top, root, agent.name, time, at - time)]
        if root:
            last.append(
                otlp.span(trace, root, "", f"invoke_workflow {agent.name}", time - 5_000, at - time + 9_000)
            )
        sent.append((at + 50_000, otlp.request(*last)))
        return last[0].uid, uids, sent

    def over_mcp(self, time: int, tool: str) -> tuple[str, Times]:
        """Tells one tool call over MCP as client and server see it; returns the event id and (time in µs,
        request) pairs."""
        otlp, trace = self.otlp, self.otlp.new_trace()
        top, sending, serving = otlp.new_id(), otlp.new_id(), otlp.new_id()
        client = otlp.mcp(trace, sending, top, tool, time + 30_000, 300_000, CLIENT)
        server = self._server.mcp(trace, serving, sending, tool, time + 60_000, 200_000, SERVER)
        agent = otlp.agent(trace, top, "", self.agent.name, time, 700_000)
        scope = "mcp-python-sdk"
        requests = [
            (time + 300_000, self._server.request(server, scope=scope)),
            (time + 400_000, otlp.request(client, scope=scope)),
            (time + 800_000, otlp.request(agent)),
        ]
        return client.uid, requests

    def handed_over(self, time: int, to: str) -> tuple[str, Times]:
        """Returns a hand-over, and the other's span below it."""
        otlp, trace = self.otlp, self.otlp.new_trace()
        top, other = otlp.new_id(), otlp.new_id()
        handoff = otlp.hand_over(trace, top, self.agent.name, to, time + 30_000, 5_000)
        below = otlp.agent(trace, other, top, to, time + 50_000, 400_000)
        agent = otlp.agent(trace, top, "", self.agent.name, time, 700_000)
        return handoff.uid, [
            (time + 100_000, otlp.request(handoff, scope=STYLES["google-adk"].scope)),
            (time + 500_000, otlp.request(below)),
            (time + 800_000, otlp.request(agent)),
        ]


class AgentLife:
    """An agent's days: runs with two of its tools; now and then it hands over, or calls over MCP."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._runs = Runs(agent, agent.chance)

    def day(self, start: int, calls: int) -> Iterator[Line]:
        """Yields the lines of one ordinary day with so many runs; ``start`` is its midnight in µs."""
        agent, draw = self._agent, self._agent.chance.random
        for time in moments(agent.chance, start, WORKS_FROM, WORKS_UNTIL - WORKS_FROM, calls):
            first = int(draw() * len(agent.tools))
            if agent.quiet[0] - SECOND * 60 <= time < agent.quiet[1]:
                continue
            for sent, body in self._run(time, first, draw()):
                yield Line(sent, body)

    def _run(self, time: int, first: int, luck: float) -> Times:
        tools = self._agent.tools
        if luck < 0.05:
            return self._runs.over_mcp(time, tools[first])[1]
        if luck < 0.08 and self._agent.style == "google-adk":
            return self._runs.handed_over(time, self._agent.delegate)[1]
        return self._runs.run(time, (tools[first], tools[first - 1]))[2]


class AgentPlay(Play):
    """A case around one agent."""

    def __init__(self, case: YearCase, number: int, day: int, seed: int, agent: Agent) -> None:
        super().__init__(case, number, day, seed)
        self.agent = agent
        self._runs = Runs(agent, self.chance)

    @property
    def identity(self) -> str:
        """The key of the agent that the case is played with."""
        return self.agent.identity

    @property
    def subject(self) -> str:
        """The subject that the finding of this case is about: the agent, or one of its tools."""
        return self.identity if self.case.about == "identity" else f"{self.identity} {self.case.credential}"

    def do(self, step: Step, time: int) -> Did:
        """Tells one step at a time in µs; returns its event id and the lines that were written of it."""
        agent, runs = self.agent, self._runs
        match step.verb:
            case "run" | "run_ahead":
                if step.verb == "run_ahead":
                    runs.otlp.ahead = 1_500_000
                uid, _, sent = runs.run(time, agent.tools[:1] if step.verb == "run" else ())
            case "call":
                tool = STYLES[agent.style].also.format(agent.tools[0]) if step.of == "also" else step.of
                _, (uid,), sent = runs.run(time, (tool,))
            case "offered":
                _, _, sent = runs.run(time, agent.tools[:1], more=(step.of,))
                uid = runs.asked
            case "call_refused":
                _, (uid,), sent = runs.run(time, (step.of,), f"Unknown tool: {step.of}")
            case "call_over_mcp":
                uid, sent = runs.over_mcp(time, step.of)
            case "hand_over":
                uid, sent = runs.handed_over(time, agent.delegate if step.of == "delegate" else step.of)
            case verb:
                raise ValueError(f"no such verb: {verb}")
        return Did(uid, tuple(sent))
