"""What a span says in the words of agents: its kind, the agent it names, the tool, and whether the call was
carried out.

Conventions read: OpenTelemetry GenAI (before and after 1.37) and MCP, OpenInference, OpenLLMetry
(``traceloop.*``), Google ADK (``gcp.vertex.agent.*``), LangGraph's agent name in association properties or
in a metadata text, pydantic-ai, crewAI, strands, Vercel's AI SDK (``ai.*``).
"""

from __future__ import annotations

import re

from schemas.sources.otel.raw import CLIENT, SERVER, RawSpan
from schemas.sources.otel.tools import decoded, offered_by
from schemas.span import Side, Span, SpanKind, bounded

UNTRUSTED_AGENT = "OpenAI Agent"
"""opentelemetry-instrumentation-openai-agents-v2 writes this constant on every span that is no agent's."""

CHATS = frozenset({"chat", "generate_content", "text_completion"})
HANDOFFS = frozenset({"handoff", "agent_handoff"})
MERGED_TOOLS = "(merged tools)"
"""Google ADK's span around the answers of several calls at once, each of which has a span of its own."""

OPENAI_AGENTS = "openinference.instrumentation.openai_agents"
"""Marks its whole workflow as an agent too: one without a node of the graph, named after the workflow."""

VERCEL_AGENTS = frozenset({"ai.generateText", "ai.streamText"})
"""Calls of Vercel's AI SDK that run tools; agents are told apart by the ``functionId`` that they set."""

TRANSFER_TOOL = "transfer_to_agent"
"""Google ADK's own tool of this name is its hand-off. Only this exact name: ``transfer_to_bank`` is a
tool."""

ERROR_LENGTH_MAX = 80
"""``error.type`` is a class name or a code; longer is a message, which may quote arguments."""

_CALL = re.compile(r"(?:MCP send )?tools/call (.+)", re.DOTALL)
_EXECUTE = re.compile(r"(?:execute_tool|running tool:?|Tool:) (.+)", re.DOTALL)
_HANDOFF = re.compile(r"handoff to (.+)", re.DOTALL)
_INVOKE = re.compile(r"invoke_agent (.+)|agent_run \[(.+)\]", re.DOTALL)
"""Since the conventions, and as Google ADK had it before."""
UNKNOWN_TOOL = re.compile(
    r"\W*(?:unknown tool\b|no such tool\b|tool \S{1,120} (?:was )?not found\b|tool not found\b)",
    re.IGNORECASE,
)
_DENIED = frozenset({"-32602", "-32601", "401", "403"})
"""Codes with which an MCP peer or a gateway in front of it refuses: invalid params (unknown or denied tool),
no such method, HTTP."""


def span_of(raw: RawSpan, arrived: int = 0, processed: int = 0) -> Span:
    """The span without arguments and results."""
    offered = offered_by(raw)
    kind = _kind(raw, offered is not None)
    tool = (
        bounded(_tool(raw)) if kind == "tool" else bounded(handoff_target(raw)) if kind == "handoff" else ""
    )
    error = raw.error or bool(raw.text("error.type")) or raw.text("gen_ai.tool.status") == "error"
    return Span(
        kind=kind,
        parent=raw.parent,
        service=bounded(raw.service),
        agent=bounded(_agent(raw) if kind == "agent" else _trusted_agent(raw) if kind != "other" else ""),
        tool=tool,
        server=bounded(raw.text("fastmcp.server.name", "mcp.server.name")) if kind == "tool" else "",
        start=raw.start or raw.end,
        end=raw.end,
        status="error" if error else "ok",
        refused=kind == "tool" and error and bool(UNKNOWN_TOOL.match(raw.message)),
        offered=offered,
        arrived=arrived,
        processed=processed,
        side=_side(raw) if kind == "tool" else "",
        denied=kind == "tool" and error and _denied(raw),
    )


def _kind(raw: RawSpan, offers: bool) -> SpanKind:
    operation = raw.text("gen_ai.operation.name")
    inference = raw.text("openinference.span.kind").upper()
    loop = raw.text("traceloop.span.kind").lower()
    if operation in HANDOFFS or loop == "handoff":
        return "handoff"
    if operation == "execute_tool" or inference == "TOOL" or loop == "tool" or _is_call(raw):
        if raw.text("gen_ai.tool.name") == MERGED_TOOLS:
            return "other"
        if _tool(raw) == TRANSFER_TOOL or (
            not raw.text("gen_ai.tool.name", "tool.name") and _HANDOFF.fullmatch(raw.name)
        ):
            return "handoff"
        return "tool"
    if (operation == "invoke_agent" or inference == "AGENT" or loop == "agent" or _is_run(raw)) and _agent(
        raw
    ):
        return "agent"
    return "chat" if operation in CHATS or inference == "LLM" or offers else "other"


def _is_call(raw: RawSpan) -> bool:
    """MCP's ``tools/call``, Vercel's, and tools of conventions that had no operation name yet (pydantic-ai's,
    strands')."""
    if (
        raw.text("mcp.method.name") == "tools/call"
        or _CALL.fullmatch(raw.name)
        or raw.text("ai.toolCall.name")
    ):
        return True
    named = raw.text("gen_ai.tool.name") or (_EXECUTE.fullmatch(raw.name) and raw.text("tool.name"))
    return not raw.text("gen_ai.operation.name") and bool(named)


def _is_run(raw: RawSpan) -> bool:
    """The span of a whole LangGraph agent (nodes inside it bear its name too, as metadata), Vercel's, or that
    of pydantic-ai, Google ADK and strands before they had operation names."""
    if raw.text("agent_name") and raw.name.endswith("run"):
        return True
    if raw.text("ai.operationId") in VERCEL_AGENTS or "agent.tools" in raw.attributes:
        return True
    if (run := _INVOKE.fullmatch(raw.name)) and run[2]:
        return True
    return raw.text("openinference.span.kind") == "CHAIN" and bool(raw.name) and raw.name == _graph_agent(raw)


def _agent(raw: RawSpan) -> str:
    """The name of the agent whose span this is; "" where none is said (a workflow or task that also claims
    ``invoke_agent``)."""
    named = raw.text(
        "gen_ai.agent.name", "agent.name", "graph.node.id", "agent_name", "crewai.agent.role",
        "ai.telemetry.functionId",
    )  # fmt: skip
    invoked = _INVOKE.fullmatch(raw.name)
    if named and (named != UNTRUSTED_AGENT or invoked):
        return named
    if invoked:
        return invoked[1] or invoked[2]
    graph = _graph_agent(raw)
    if graph:
        return graph
    if raw.text("traceloop.span.kind").lower() == "agent":
        return raw.text("traceloop.entity.name") or raw.name.removesuffix(".agent")
    if raw.text("openinference.span.kind").upper() == "AGENT":
        return raw.name if raw.scope != OPENAI_AGENTS else ""
    return "" if raw.text("traceloop.span.kind") or named else raw.text("gen_ai.agent.id")


def _trusted_agent(raw: RawSpan) -> str:
    """The acting agent as a span below it says; a server's span may only repeat what its caller claims."""
    if raw.kind == SERVER:
        return ""
    named = raw.text("gen_ai.agent.name")
    return (
        (named if named != UNTRUSTED_AGENT else "")
        or raw.text("ai.telemetry.functionId")
        or _graph_agent(raw)
    )


def _graph_agent(raw: RawSpan) -> str:
    named = raw.text("traceloop.association.properties.lc_agent_name")
    metadata = raw.attributes.get("metadata")
    if named or not metadata or (isinstance(metadata, str) and "lc_agent_name" not in metadata):
        return named
    value = decoded(metadata)
    name = value.get("lc_agent_name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""


def _tool(raw: RawSpan) -> str:
    named = raw.text("gen_ai.tool.name", "tool.name", "mcp.tool.name", "ai.toolCall.name")
    if named:
        return named
    found = _CALL.fullmatch(raw.name) or _EXECUTE.fullmatch(raw.name)
    if found:
        return found[1]
    return (
        raw.text("traceloop.entity.name")
        or raw.text("fastmcp.component.key")
        or raw.name.removesuffix(".tool")
        or "(unnamed)"
    )


def handoff_target(raw: RawSpan) -> str:
    """The agent that a hand-off names; "" where the span does not tell."""
    named = raw.text("gen_ai.handoff.to_agent")
    if named:
        return named if named != UNTRUSTED_AGENT else ""
    found = _HANDOFF.fullmatch(raw.name)
    if found:
        return found[1]
    for key in ("gen_ai.tool.call.arguments", "gcp.vertex.agent.tool_call_args"):
        arguments = decoded(raw.attributes.get(key))
        target = arguments.get("agent_name") if isinstance(arguments, dict) else None
        if isinstance(target, str):
            return target
    return ""


def _side(raw: RawSpan) -> Side:
    if raw.kind == SERVER:
        return "server"
    return (
        "client" if raw.kind == CLIENT and (raw.text("mcp.method.name") or _CALL.fullmatch(raw.name)) else ""
    )


def _denied(raw: RawSpan) -> bool:
    """Refused by the protocol, in a span of the protocol: text of an error may be the tool's own."""
    if not (raw.text("mcp.method.name") or _CALL.fullmatch(raw.name)):
        return False
    codes = (
        raw.attributes.get(k) for k in ("error.type", "rpc.response.status_code", "rpc.jsonrpc.error_code")
    )
    return any(str(code) in _DENIED for code in codes if code is not None)


def error_of(raw: RawSpan) -> str:
    """The type of an error; never its message, which may quote arguments or results."""
    kind = raw.text("error.type")
    return kind if kind and len(kind) <= ERROR_LENGTH_MAX else "error"
