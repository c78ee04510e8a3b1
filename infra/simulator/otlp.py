"""The writer of agents' spans: export requests in OTLP/JSON, as frameworks and their instrumentations send
them.

Layouts, as recorded from real runs: pydantic-ai (the agent's name on every tool span), strands (on the
agent's span alone), Google ADK (agent span under a workflow's), the MCP SDK (client's and server's span of
one call). A request holds what ended together, so a parent comes in a later one than its children.
"""

from __future__ import annotations

from typing import NamedTuple

from infra.simulator.chance import Chance

INTERNAL, SERVER, CLIENT = 1, 2, 3
OK, ERROR = "{}", '{"message":"%s","code":2}'


class Style(NamedTuple):
    """A framework's habits. ``named``: its tool spans bear the agent's name. ``also``: how it renames
    tools."""

    scope: str
    version: str
    sdk: str
    named: bool
    also: str = "{}"


STYLES = {
    "pydantic-ai": Style("pydantic-ai", "2.68.0", "1.45.2", True, "toolset__{}"),
    "strands": Style("strands.telemetry.tracer", "", "1.45.1", False),
    "google-adk": Style("gcp.vertex.agent", "2.13.0", "1.44.0", True),
}


class Span(NamedTuple):
    """A span and where its id stands in findings."""

    uid: str
    body: str


class Otlp:
    """Spans and export requests of one service. Times in µs; ``ahead``: of its host's clock."""

    def __init__(self, service: str, style: str, chance: Chance, ahead: int = 0) -> None:
        self._chance = chance
        self.ahead = ahead
        self._style = STYLES.get(style, STYLES["strands"])
        instance = f"{chance.getrandbits(128):032x}"
        self._head = (
            '{"resourceSpans":[{"resource":{"attributes":[{"key":"telemetry.sdk.language",'
            '"value":{"stringValue":"python"}},'
            '{"key":"telemetry.sdk.name","value":{"stringValue":"opentelemetry"}},'
            f'{{"key":"telemetry.sdk.version","value":{{"stringValue":"{self._style.sdk}"}}}},'
            f'{{"key":"service.instance.id","value":{{"stringValue":"{instance}"}}}},'
            f'{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},'
            f'"scopeSpans":[{{"scope":{{"name":"%s","version":"{self._style.version}"}},"spans":['
        )

    def new_id(self) -> str:
        """Returns a drawn span id: 16 hex digits, never all zero."""
        return f"{self._chance.getrandbits(64) | 1:016x}"

    def new_trace(self) -> str:
        """Returns a drawn trace id: 32 hex digits, never all zero."""
        return f"{self._chance.getrandbits(128) | 1:032x}"

    def request(self, *spans: Span, scope: str = "") -> bytes:
        """Returns one export request."""
        body = ",".join(span.body for span in spans)
        return f"{self._head % (scope or self._style.scope)}{body}]}}]}}]}}".encode()

    def span(
        self, trace: str, span_id: str, parent: str, name: str, start: int, took: int,
        *attributes: tuple[str, str],
        kind: int = INTERNAL, status: str = OK,
    ) -> Span:  # fmt: skip
        """Makes one span. ``start`` and ``took`` are in µs; ``attributes`` are pairs of key and JSON-escaped
        text."""
        nanos = (start + self.ahead) * 1000 + self._chance.getrandbits(9)
        above = f'"parentSpanId":"{parent}",' if parent else ""
        pairs = ",".join(
            f'{{"key":"{key}","value":{{"stringValue":"{value}"}}}}' for key, value in attributes
        )
        return Span(
            f"{trace}:{span_id}",
            f'{{"traceId":"{trace}","spanId":"{span_id}",{above}"name":"{name}","kind":{kind},'
            f'"startTimeUnixNano":"{nanos}",'
            f'"endTimeUnixNano":"{nanos + took * 1000}","attributes":[{pairs}],"status":{status},'
            f'"flags":256}}',
        )

    def tool(
        self, trace: str, parent: str, agent: str, tool: str, start: int, took: int, refusal: str = ""
    ) -> Span:
        """Returns a tool's span; with a ``refusal`` the framework did not know the tool."""
        attributes = [
            ("gen_ai.operation.name", "execute_tool"),
            ("gen_ai.tool.name", tool),
            ("gen_ai.tool.call.id", f"call_{self.new_id()}"),
        ]
        if self._style.named:
            attributes.append(("gen_ai.agent.name", agent))
        attributes.append(("gen_ai.tool.status", "error" if refusal else "success"))
        status = ERROR % refusal if refusal else OK
        return self.span(
            trace, self.new_id(), parent, f"execute_tool {tool}", start, took, *attributes, status=status
        )

    def agent(self, trace: str, span_id: str, parent: str, agent: str, start: int, took: int) -> Span:
        """Makes the span of an agent's run, as the semantic conventions for GenAI name it."""
        return self.span(
            trace, span_id, parent, f"invoke_agent {agent}", start, took,
            ("gen_ai.operation.name", "invoke_agent"), ("gen_ai.agent.name", agent),
            ("gen_ai.conversation.id", f"conv-{trace[:8]}"),
        )  # fmt: skip

    def chat(self, trace: str, parent: str, offered: tuple[str, ...], start: int, took: int) -> Span:
        """Returns a call of the model, with the tools that it was offered."""
        tools = ",".join(f'{{\\"type\\":\\"function\\",\\"name\\":\\"{tool}\\"}}' for tool in offered)
        return self.span(
            trace, self.new_id(), parent, "chat scripted-1", start, took,
            ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "scripted-1"),
            ("gen_ai.tool.definitions", f"[{tools}]"),
            kind=CLIENT,
        )  # fmt: skip

    def mcp(self, trace: str, span_id: str, parent: str, tool: str, start: int, took: int, kind: int) -> Span:
        """Returns one side of a call over MCP."""
        if kind == CLIENT:
            return self.span(
                trace,
                span_id,
                parent,
                f"MCP send tools/call {tool}",
                start,
                took,
                ("mcp.method.name", "tools/call"),
                kind=kind,
            )
        return self.span(
            trace, span_id, parent, f"tools/call {tool}", start, took,
            ("mcp.method.name", "tools/call"), ("gen_ai.operation.name", "execute_tool"),
            ("gen_ai.tool.name", tool), kind=kind,
        )  # fmt: skip

    def hand_over(self, trace: str, parent: str, agent: str, to: str, start: int, took: int) -> Span:
        """Makes the span of a hand-off to another agent, as Google's ADK writes it."""
        arguments = f'{{\\"agent_name\\": \\"{to}\\"}}'
        return self.span(
            trace, self.new_id(), parent, "execute_tool transfer_to_agent", start, took,
            ("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", "transfer_to_agent"),
            ("gen_ai.agent.name", agent),
            ("gcp.vertex.agent.tool_call_args", arguments),
        )  # fmt: skip
