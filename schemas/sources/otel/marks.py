"""What a span is by a vendor's own mark, where no convention says it: a tool's call, or an agent's run.

| mark | vendor, source |
|---|---|
| ``langfuse.observation.type`` | langfuse.com/docs, observation types |
| ``span.type``, ``entity.type`` | monocle2ai/monocle, entities; VoltAgent (voltagent.dev, observability) |
| ``mlflow.spanType`` | mlflow.org, span types; the value is JSON in a text |
| ``langsmith.span.kind`` | docs.langchain.com, trace with OpenTelemetry |
| ``braintrust.span_attributes`` | braintrust.dev, OpenTelemetry; an object in a text, or its member alone |
| ``lmnr.span.type`` | lmnr-ai/lmnr, attributes |
| ``agentops.span.kind`` | AgentOps-AI/agentops, semconv |
| ``genkit:metadata:subtype`` | genkit.dev, spans of actions |
| ``confident.span.type`` | confident-ai.com, OpenTelemetry |
| ``honeyhive_event_type`` | docs.honeyhive.ai, event types |
| ``gen_ai.span.kind`` | alibaba/loongsuite, Alibaba Cloud ARMS |
| ``mastra.span.type`` | mastra.ai, span types |
| ``spring.ai.kind`` | docs.spring.io/spring-ai, observability |
| ``au.span.kind`` | agentuniverse-ai/agentUniverse, tool instrumentor |
| ``lk.function_tool.name``, ``lk.agent_name`` | livekit/agents, trace types |
| ``haystack.tool.name`` | deepset-ai/haystack, tracing of the agent's steps |
| the name of the span, by its scope | Logfire's of the OpenAI Agents SDK; Claude Code |
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from schemas.sources.otel.raw import RawSpan
from schemas.sources.otel.tools import decoded

LOGFIRE_OPENAI = "logfire.openai_agents"
LOGFIRE_SPANS = (("Agent run:", "agent"), ("Function:", "tool"), ("Handoff:", "handoff"))
CLAUDE_CODE_TOOL = "claude_code.tool"

ANY = frozenset({"*"})
"""The attribute is there for spans of this kind alone, whatever it holds."""
TOOL, AGENT = frozenset({"tool"}), frozenset({"agent"})


class Mark(NamedTuple):
    """``kind``: ``tool``, ``agent``, ``handoff``, or "" for no mark; ``name``: of the tool or the agent, ""
    where only the span's own name tells it."""

    kind: str = ""
    name: str = ""


class Vendor(NamedTuple):
    """An attribute, the values by which it marks tools and agents (in small letters), and where their names
    stand. ``unless``: an attribute beside which the mark says nothing."""

    mark: str
    tool: frozenset[str] = frozenset()
    agent: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    unless: str = ""


VENDORS = (
    Vendor("langfuse.observation.type", TOOL, AGENT, ("entity.1.name", "name")),
    Vendor(
        "span.type",
        TOOL | {"agentic.tool.invocation", "agentic.mcp.invocation"},
        frozenset({"agentic.invocation"}),
        ("entity.1.name", "name"),
    ),
    # VoltAgent: what runs inside an agent has a type of its own beside that of the agent.
    Vendor("entity.type", agent=AGENT, names=("entity.name",), unless="span.type"),
    Vendor("mlflow.spanType", TOOL, AGENT),
    Vendor("langsmith.span.kind", TOOL, AGENT),
    Vendor("braintrust.span_attributes", TOOL),
    Vendor("braintrust.span_attributes.type", TOOL, names=("braintrust.span_attributes.name",)),
    Vendor("lmnr.span.type", TOOL),
    Vendor("agentops.span.kind", TOOL, AGENT, ("agentops.entity.name", "operation.name")),
    Vendor("genkit:metadata:subtype", TOOL | {"tool.v2"}, AGENT, ("genkit:name",)),
    Vendor(
        "confident.span.type", TOOL, AGENT,
        ("confident.tool.name", "confident.agent.name", "confident.span.name"),
    ),
    Vendor("honeyhive_event_type", TOOL, names=("honeyhive_event_name",)),
    Vendor("gen_ai.span.kind", TOOL, AGENT),
    Vendor("mastra.span.type", frozenset({"tool_call", "mcp_tool_call"}), frozenset({"agent_run"})),
    Vendor(
        "spring.ai.kind", frozenset({"tool_call", "mcp_server_tool_call"}),
        names=("spring.ai.tool.definition.name",),
    ),
    Vendor("au.span.kind", TOOL, AGENT, ("au.tool.name", "au.agent.name")),
    Vendor("lk.function_tool.name", ANY, names=("lk.function_tool.name",)),
    Vendor("lk.agent_name", agent=ANY, names=("lk.agent_name",), unless="lk.function_tool.name"),
    # A strategy that asks a person names the tool too; whether it then ran, the tool's own span says.
    Vendor(
        "haystack.tool.name", ANY, names=("haystack.tool.name",),
        unless="haystack.agent.hook.human_in_the_loop.strategy.decision",
    ),
)  # fmt: skip
MARKS = frozenset(vendor.mark for vendor in VENDORS)
_QUOTED = re.compile(r"(?:agent run|tool|mcp_tool): '(.+?)'.*", re.DOTALL)
"""Mastra's own names of spans."""


def mark_of(raw: RawSpan) -> Mark:
    """Returns what a vendor's mark says of the span."""
    if raw.scope == LOGFIRE_OPENAI:
        kind = next((kind for start, kind in LOGFIRE_SPANS if raw.name.startswith(start)), "")
        return Mark(kind, raw.text("name", "tool_name"))
    if raw.name == CLAUDE_CODE_TOOL and raw.text("tool_name"):
        return Mark("tool", raw.text("tool_name"))
    if MARKS.isdisjoint(raw.attributes):
        return Mark()
    for vendor in VENDORS:
        said, name = _said(raw, vendor.mark)
        if not said or (vendor.unless and raw.attributes.get(vendor.unless)):
            continue
        kind = "tool" if _is_one_of(said, vendor.tool) else "agent" if _is_one_of(said, vendor.agent) else ""
        if kind:
            quoted = _QUOTED.fullmatch(raw.name) if vendor.mark == "mastra.span.type" else None
            return Mark(kind, name or raw.text(*vendor.names) or (quoted[1] if quoted else ""))
    return Mark()


def _said(raw: RawSpan, mark: str) -> tuple[str, str]:
    """The value of a mark in small letters, and the name beside it where it is an object. Some vendors write
    every value as JSON in a text."""
    value: Any = raw.attributes.get(mark)
    if isinstance(value, str) and value[:1] in ('"', "{"):
        value = decoded(value)
    name: Any = ""
    if isinstance(value, dict):
        value, name = value.get("type"), value.get("name")
    return (value.lower() if isinstance(value, str) else ""), (name if isinstance(name, str) else "")


def _is_one_of(said: str, values: frozenset[str]) -> bool:
    return values is ANY or said in values
