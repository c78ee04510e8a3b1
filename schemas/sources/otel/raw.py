"""RawSpan: a span as every wire tells it, with only the attributes that are read; nothing else is ever taken
out of a record."""

from __future__ import annotations

from typing import Any

import msgspec

NAME = "otel"
TRACE_BYTES, SPAN_BYTES = 16, 8
VALUE_DEPTH_MAX = 16
"""Attribute values nested deeper are cut: no convention nests more than three."""
NANOS_MAX = (1 << 63) - 1
INTERNAL, SERVER, CLIENT = 1, 2, 3
ERROR_CODES = (2, "2", "STATUS_CODE_ERROR")

READ_PREFIXES = ("llm.tools.",)
READ = frozenset({
    "gen_ai.operation.name", "gen_ai.agent.name", "gen_ai.agent.id", "gen_ai.agent.tools",
    "gen_ai.tool.name", "gen_ai.tool.definitions", "gen_ai.tool.status", "gen_ai.tool.call.arguments",
    "gen_ai.handoff.to_agent", "gen_ai.request.model", "gcp.vertex.agent.llm_request",
    "gcp.vertex.agent.tool_call_args", "model_request_parameters", "agent_name",
    "openinference.span.kind", "agent.name", "graph.node.id", "tool.name", "metadata",
    "traceloop.span.kind", "traceloop.entity.name", "traceloop.association.properties.lc_agent_name",
    "crewai.agent.role", "crewai.agent.tools", "mcp.method.name", "mcp.tool.name", "mcp.server.name",
    "fastmcp.server.name", "fastmcp.component.key", "error.type", "rpc.response.status_code",
    "rpc.jsonrpc.error_code",
})  # fmt: skip
"""The attributes that are read. Arguments are read for one thing: which agent a hand-off names."""


def is_read(key: str) -> bool:
    return key in READ or key.startswith(READ_PREFIXES)


class RawSpan(msgspec.Struct):
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

    def text(self, *keys: str) -> str:
        """The first of these attributes that is a text and not empty."""
        for key in keys:
            value = self.attributes.get(key)
            if value and isinstance(value, str):
                return value
        return ""


class Unreadable(ValueError):
    """A span (or a whole record) that cannot be read: the field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
