"""RawSpan: a span as every wire tells it, with only the attributes that are read; nothing else is ever taken
out of a record."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.span import SPAN_BYTES as SPAN_BYTES
from schemas.span import TRACE_BYTES as TRACE_BYTES

NAME = "otel"
VALUE_DEPTH_MAX = 16
"""Attribute values nested deeper are cut: no convention nests more than three."""
NANOS_MAX = (1 << 63) - 1
"""The latest time (ns) that fits the 64 bits of OTLP."""
INTERNAL, SERVER, CLIENT = 1, 2, 3
ERROR_CODES = (2, "2", "STATUS_CODE_ERROR")

READ_PREFIXES = ("llm.tools.",)
FUNCTIONS = "llm.request.functions."
"""OpenLLMetry's numbered tools: ``llm.request.functions.0.name``."""
READ = frozenset({
    "gen_ai.operation.name", "gen_ai.agent.name", "gen_ai.agent.id", "gen_ai.agent.tools",
    "gen_ai.tool.name", "gen_ai.tool.definitions", "gen_ai.tool.status", "gen_ai.tool.call.arguments",
    "gen_ai.handoff.to_agent", "gen_ai.request.model", "gcp.vertex.agent.llm_request",
    "gcp.vertex.agent.tool_call_args", "model_request_parameters", "agent_name",
    "openinference.span.kind", "agent.name", "graph.node.id", "tool.name", "metadata",
    "traceloop.span.kind", "traceloop.entity.name", "traceloop.association.properties.lc_agent_name",
    "crewai.agent.role", "crewai.agent.tools", "mcp.method.name", "mcp.tool.name", "mcp.server.name",
    "fastmcp.server.name", "fastmcp.component.key", "error.type", "rpc.response.status_code",
    "rpc.jsonrpc.error_code", "agent.tools", "ai.operationId", "ai.telemetry.functionId", "ai.toolCall.name",
    "ai.prompt.tools", "gen_ai.tool.type", "tool.parameters", "input.value", "langfuse.observation.type",
    "span.type", "entity.1.name", "entity.2.name", "entity.2.type", "name", "from_agent", "to_agent",
    "tool_name", "rpc.method", "mcp.target", "mcp.server", "server.address", "http.response.status_code",
    "http.status_code", "http.status", "gen_ai.transfer.target.name", "gen_ai.transfer.mode",
    "pydantic_ai.tool.deferral.name", "gen_ai.response.model", "gen_ai.data_source.id", "decision",
    "entity.type", "entity.name", "mlflow.spanType", "langsmith.span.kind", "braintrust.span_attributes",
    "braintrust.span_attributes.type", "braintrust.span_attributes.name", "lmnr.span.type",
    "agentops.span.kind", "agentops.entity.name", "operation.name", "genkit:metadata:subtype", "genkit:name",
    "confident.span.type", "confident.tool.name", "confident.agent.name", "confident.span.name",
    "honeyhive_event_type", "honeyhive_event_name", "gen_ai.span.kind", "mastra.span.type", "spring.ai.kind",
    "spring.ai.tool.definition.name", "au.span.kind", "au.tool.name", "au.agent.name",
    "lk.function_tool.name", "lk.agent_name", "haystack.tool.name",
    "haystack.agent.hook.human_in_the_loop.strategy.decision",
})  # fmt: skip
"""The attributes that are read. Arguments are read for one thing: which agent a hand-off names."""


def is_read(key: str) -> bool:
    """Says whether an attribute of a span is read; the contents of prompts and results never are."""
    return (
        key in READ or key.startswith(READ_PREFIXES) or (key.startswith(FUNCTIONS) and key.endswith(".name"))
    )


class Attributed(msgspec.Struct):
    """What has attributes."""

    def text(self, *keys: str) -> str:
        """Returns the first of these attributes that is a text and not empty."""
        for key in keys:
            value = self.attributes.get(key)  # type: ignore[attr-defined]
            if value and isinstance(value, str):
                return value
        return ""


class RawSpan(Attributed):
    """A span as every wire tells it. Ids in lower hex, "" for none; times in µs, 0 unknown."""

    trace: str
    span_id: str
    parent: str
    name: str
    kind: int
    start: int
    end: int
    error: bool
    message: str
    scope: str
    service: str
    attributes: dict[str, Any]


LOG_READ = READ | {
    "event.name", "tool_name", "function_name", "success", "decision", "mcp_server_name", "call_id",
    "tool_use_id", "gen_ai.tool.call.id", "session.id", "decision_type", "error_type", "error",
    "tool_parameters", "mcp_server", "mcp_tool_name", "conversation.id", "gen_ai.conversation.id",
    "gen_ai.input.messages", "gen_ai.output.messages", "user.account_uuid", "user.account_id", "user.id",
    "organization.id", "installation.id", "tool_type", "extension_name", "model", "request_id",
    "event.sequence", "status", "server_name", "status_code", "http.response.status_code", "prompt.id",
}  # fmt: skip
"""The attributes of log records that are read. Of messages only the names and ids of calls are taken."""


def is_read_of_log(key: str) -> bool:
    """Says whether an attribute of a log record is read."""
    return key in LOG_READ or key.startswith(READ_PREFIXES)


class RawLog(Attributed):
    """A log record as every wire tells it. Ids as in ``RawSpan``, "" for none; ``time`` in µs.

    ``body``: only of events of the GenAI conventions, else None.
    """

    trace: str
    span_id: str
    time: int
    event: str
    service: str
    attributes: dict[str, Any]
    body: Any = None
    scope: str = ""


GENAI_EVENTS = "gen_ai."


class Unreadable(ValueError):
    """A span (or a whole record) that cannot be read: the field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
