"""What a span says in the words of agents: its kind, the agent it names, the tool, and whether the call was
carried out.

Conventions read: OpenTelemetry GenAI (before and after 1.37) and MCP, OpenInference, OpenLLMetry
(``traceloop.*``), Google ADK (``gcp.vertex.agent.*``), LangGraph's agent name in association properties or
in a metadata text, pydantic-ai, crewAI, strands, Vercel's AI SDK (``ai.*``); MCP gateways of Docker,
ToolHive, agentgateway (``mcp.target``), Kuadrant (``mcp.server``). What vendors mark in words of their own is
read by ``schemas.sources.otel.marks``.
"""

from __future__ import annotations

import re

from schemas.sources.otel.marks import CLAUDE_CODE_TOOL, LOGFIRE_OPENAI, mark_of
from schemas.sources.otel.raw import CLIENT, SERVER, RawSpan
from schemas.sources.otel.refusals import UNKNOWN_TOOL
from schemas.sources.otel.steps import (
    ADK,
    LANGCHAIN,
    also_called,
    is_guardrail,
    is_step,
    is_unnamed_subagent,
    names_nobody,
    own_of,
    transfer_of,
)
from schemas.sources.otel.tools import decoded, offered_by
from schemas.span import Side, Span, SpanKind, bounded, lasting

UNTRUSTED_AGENT = "OpenAI Agent"
"""opentelemetry-instrumentation-openai-agents-v2 writes this constant on every span that is no agent's."""

CHATS = frozenset({"chat", "generate_content", "text_completion"})
ASKS_MODEL = CHATS | {"embeddings"}
RUNS = frozenset({"invoke_agent", "agent_call"})
OF_AGENTS = RUNS | {"create_agent", "invoke_workflow"}
"""Operations of the conventions that are no calls of tools."""
CALLS = frozenset({"execute_tool", "tool_call"})
"""By the conventions, and as Gemini CLI has them, which calls a run ``agent_call`` (google-gemini/gemini-cli,
telemetry)."""
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

TAKEN_AND_MARKED = "Multiple handoffs requested"
"""The OpenAI Agents SDK sets this error on a hand-off after it was carried out, because others were asked for
as well (openai/openai-agents-python, run internals)."""

CONVENTION = "execute_tool "
"""How the conventions name the span of a tool: the name says it, whatever attributes are missing."""
DOCKER_CALL = "mcp.tool.call"
LOCAL_CLIENTS = frozenset({"opentelemetry.instrumentation.openai_agents"})
SERVERS = ("fastmcp.server.name", "mcp.server.name", "mcp.target", "mcp.server")
NODE_MARKS = frozenset({"langgraph_step", "langgraph_node"})
CLAUDE_CODE_WAIT = "claude_code.tool.blocked_on_user"
"""Below the span of a tool: the wait for the person who may let it run, with what was decided."""
HIDDEN_TOOL = "mcp_tool"
"""Claude Code's word for every MCP tool of its user, unless details are switched on
(``OTEL_LOG_TOOL_DETAILS``)."""
DENIALS = frozenset({"reject", "denied", "abort", "cancel", "deny", "timed_out"})
"""Decisions by which a tool does not run (Claude Code, Gemini CLI, Codex)."""
ERROR_LENGTH_MAX = 80
"""``error.type`` is a class name or a code; longer is a message, which may quote arguments."""

_CALL = re.compile(r"\s*(?:MCP send )?tools/call\s+(.+)", re.DOTALL | re.IGNORECASE)
_EXECUTE = re.compile(r"\s*(?:execute_tool|running tool:?|Tool:)\s+(.+)", re.DOTALL | re.IGNORECASE)
"""Capitals and blanks are the sender's: a call is one however it is written."""
_HANDOFF = re.compile(r"handoff to (.+)", re.DOTALL)
_INVOKE = re.compile(r"invoke_agent (.+)|agent_run \[(.+)\]", re.DOTALL)
"""Since the conventions, and as Google ADK had it before."""
REFUSALS = ("http.response.status_code", "http.status_code", "http.status")
FAILURES = ("error.type", "rpc.response.status_code", "rpc.jsonrpc.error_code")
_DENIED = frozenset({"-32602", "-32601", "401", "403"})
"""Codes with which an MCP peer or a gateway in front of it refuses: invalid params (unknown or denied tool),
no such method, HTTP."""


def span_of(raw: RawSpan, arrived: int = 0, processed: int = 0) -> Span:
    """Returns the span without arguments and results."""
    if _is_rejection(raw):
        # It answers the call above it, as a refusal of a gateway does.
        return Span(
            "tool", raw.parent, bounded(raw.service), start=raw.start or raw.end, end=raw.end, status="error",
            arrived=arrived, processed=processed, denied=True,
        )  # fmt: skip
    offered = offered_by(raw)
    kind = _kind(raw, offered is not None)
    named = _tool(raw) if kind == "tool" else handoff_target(raw) if kind == "handoff" else ""
    denied = kind == "tool" and _denied(raw)
    error = denied or raw.error or bool(raw.text("error.type")) or raw.text("gen_ai.tool.status") == "error"
    if kind == "handoff" and named and raw.message == TAKEN_AND_MARKED:
        error = False
    return Span(
        kind=kind,
        parent=raw.parent,
        service=bounded(raw.service),
        agent=bounded(lasting(_agent(raw) if kind == "agent" else _trusted_agent(raw)))
        if kind != "other"
        else "",
        tool=bounded(named),
        server=bounded(raw.text(*SERVERS)) if kind == "tool" else "",
        start=raw.start or raw.end,
        end=raw.end,
        status="error" if error else "ok",
        refused=kind == "tool" and error and bool(UNKNOWN_TOOL.match(raw.message)),
        offered=offered,
        arrived=arrived,
        processed=processed,
        side=_side(raw) if kind == "tool" else "",
        denied=denied,
        step=is_step(raw, named) if kind == "tool" else kind == "other" and is_guardrail(raw),
        transfer=bounded(transfer_of(raw, named)) if kind == "tool" else "",
        deferred=kind == "tool" and bool(raw.text("pydantic_ai.tool.deferral.name")),
        hidden=kind == "tool" and _is_hidden(raw, named),
        own=own_of(raw, offered) if offered else (),
        also=also_called(raw.name, named) if raw.name == CLAUDE_CODE_TOOL else (),
    )


def _is_rejection(raw: RawSpan) -> bool:
    return raw.name == CLAUDE_CODE_WAIT and raw.text("decision").lower() in DENIALS


def _is_hidden(raw: RawSpan, tool: str) -> bool:
    if raw.name == CLAUDE_CODE_TOOL:
        return tool == HIDDEN_TOOL
    return raw.scope == ADK and tool == MERGED_TOOLS


def _kind(raw: RawSpan, offers: bool) -> SpanKind:
    operation = _operation(raw)
    inference = raw.text("openinference.span.kind").upper()
    loop = raw.text("traceloop.span.kind").lower()
    said = mark_of(raw).kind
    if raw.text("gen_ai.transfer.target.name"):
        return "handoff"
    if operation in HANDOFFS or loop == "handoff" or said == "handoff":
        # What names a tool and no agent is a call, whatever it is called.
        hides_tool = raw.text("gen_ai.tool.name", "tool.name") and not handoff_target(raw)
        return "tool" if hides_tool else "handoff"
    named = inference == "AGENT" and raw.text("tool.name")
    if operation in CALLS or inference == "TOOL" or loop == "tool" or _is_call(raw):
        named = "yes"
    if named or said == "tool":
        tool = _tool(raw)
        hands_over = tool == TRANSFER_TOOL and raw.scope == ADK and _is_own_class(raw)
        hands_over = hands_over or names_nobody(raw, tool)
        if hands_over or (not raw.text("gen_ai.tool.name", "tool.name") and _HANDOFF.fullmatch(raw.name)):
            return "handoff"
        return "tool"
    if _is_remote(raw):
        return "handoff"
    runs = operation in RUNS or inference == "AGENT" or loop == "agent" or _is_run(raw)
    if (runs or said == "agent") and not _is_node(raw) and (_agent(raw) or _is_subagent(raw)):
        return "agent"
    return "chat" if operation in CHATS or inference == "LLM" or offers else "other"


def _operation(raw: RawSpan) -> str:
    """The operation by the conventions, whose names are small letters."""
    return raw.text("gen_ai.operation.name").strip().lower()


def _says_otherwise(raw: RawSpan) -> bool:
    """Whether a span that names a tool shows that it is no call of it: by an operation of the conventions and
    what such an operation bears (the model that was asked, the source that was searched)."""
    operation = _operation(raw)
    if operation in ASKS_MODEL:
        return bool(raw.text("gen_ai.request.model", "gen_ai.response.model"))
    if operation == "retrieval":
        return bool(raw.text("gen_ai.data_source.id"))
    return operation in OF_AGENTS


def _is_own_class(raw: RawSpan) -> bool:
    """Google ADK's transfer is a function, or a class of its own; a server's tool is of another class."""
    return raw.text("gen_ai.tool.type") in ("", "FunctionTool", "TransferToAgentTool")


def _is_remote(raw: RawSpan) -> bool:
    """The call of an agent that runs elsewhere: ``gen_ai.agent.name`` is that agent's, the service is the
    caller's (semantic conventions, invoke agent client span). The OpenAI Agents SDK's instrumentation writes
    the same of agents that run here, with the address of the model."""
    return (
        raw.text("gen_ai.operation.name") == "invoke_agent"
        and raw.kind == CLIENT
        and bool(raw.parent and raw.text("server.address"))
        and raw.scope not in LOCAL_CLIENTS
        and bool(_agent(raw))
    )


def _is_subagent(raw: RawSpan) -> bool:
    return is_unnamed_subagent(raw, raw.text("agent.name"))


def _is_node(raw: RawSpan) -> bool:
    """OpenInference's tracer of LangChain calls every run an agent whose name holds that word: one inside a
    graph is a node, unless LangChain itself says that it is the agent."""
    if raw.scope != LANGCHAIN[0] or _graph_agent(raw):
        return False
    metadata = decoded(raw.attributes.get("metadata"))
    return isinstance(metadata, dict) and not metadata.keys().isdisjoint(NODE_MARKS)


def _is_call(raw: RawSpan) -> bool:
    """MCP's ``tools/call``, Vercel's, and tools of conventions that had no operation name yet (pydantic-ai's,
    strands')."""
    if (
        "tools/call" in (raw.text("mcp.method.name").lower(), raw.text("rpc.method").lower())
        or _CALL.fullmatch(raw.name)
        or raw.text("ai.toolCall.name")
        or (raw.name == DOCKER_CALL and raw.text("mcp.tool.name"))
    ):
        return True
    called = _EXECUTE.fullmatch(raw.name)
    named = raw.text("gen_ai.tool.name") or (
        called and (raw.text("tool.name") or raw.name.strip().lower().startswith(CONVENTION))
    )
    return bool(named) and not _says_otherwise(raw)


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
    if named and is_unnamed_subagent(raw, named):
        return ""
    if named and (named != UNTRUSTED_AGENT or invoked):
        return named
    if invoked:
        return invoked[1] or invoked[2]
    graph = _graph_agent(raw)
    if graph:
        return graph
    marked = mark_of(raw)
    if marked.kind == "agent":
        return marked.name or raw.name.removesuffix(".agent")
    if raw.text("traceloop.span.kind").lower() == "agent":
        return raw.text("traceloop.entity.name") or raw.name.removesuffix(".agent")
    if raw.text("openinference.span.kind").upper() == "AGENT":
        return raw.name if raw.scope != OPENAI_AGENTS else ""
    return "" if raw.text("traceloop.span.kind") or named else raw.text("gen_ai.agent.id")


def _trusted_agent(raw: RawSpan) -> str:
    """The acting agent as a span below it says; a server's span may only repeat what its caller claims."""
    if raw.kind == SERVER or _is_remote(raw):
        return ""
    named = raw.text("gen_ai.agent.name")
    return (
        (named if named != UNTRUSTED_AGENT else "")
        or (raw.service if raw.name == CLAUDE_CODE_TOOL else "")
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
    marked = mark_of(raw)
    if marked.kind == "tool" and marked.name:
        return marked.name
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
    """Returns the agent that a hand-off names; "" where the span does not tell."""
    named = raw.text("gen_ai.handoff.to_agent", "gen_ai.transfer.target.name")
    if named:
        return named if named != UNTRUSTED_AGENT else ""
    if raw.scope == LOGFIRE_OPENAI:
        return raw.text("to_agent")
    if _is_remote(raw):
        return _agent(raw)
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
    return "client" if raw.kind == CLIENT and _is_protocol(raw) else ""


def _is_protocol(raw: RawSpan) -> bool:
    """A span of MCP itself."""
    called = _CALL.fullmatch(raw.name) or raw.text("rpc.method") == "tools/call" or raw.name == DOCKER_CALL
    return bool(raw.text("mcp.method.name") or called)


def _denied(raw: RawSpan) -> bool:
    """Refused by the protocol, or by the gateway in front of it, in a span of the protocol: text of an error
    may be the tool's own. A server's span leaves its status unset where it answers 401 or 403 (semantic
    conventions, HTTP spans)."""
    if not _is_protocol(raw):
        return False
    codes = [str(raw.attributes.get(key)) for key in REFUSALS]
    if raw.error or raw.text("error.type"):
        codes += [str(raw.attributes.get(key)) for key in FAILURES]
    return not _DENIED.isdisjoint(codes)


def error_of(raw: RawSpan) -> str:
    """Returns the type of an error; never its message, which may quote arguments or results."""
    kind = raw.text("error.type")
    return kind if kind and len(kind) <= ERROR_LENGTH_MAX else "error"
