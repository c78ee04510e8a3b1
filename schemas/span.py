"""Span: what one OpenTelemetry span says about an agent's work, without arguments or results."""

from __future__ import annotations

from typing import Literal

import msgspec

SpanKind = Literal["agent", "tool", "handoff", "chat", "other"]


class Span(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One span of a trace. Times in µs.

    ``agent``: the agent's name where this span says it and may be trusted. ``tool``: the tool's name, on tool spans;
    ``server``: the MCP server where known. ``offered``: tool names that this span says were offered to the model,
    None where it says nothing of it. ``status``: ``ok`` (or unset) or ``error``. ``refused``: the span itself says
    that the call was not carried out.
    """

    kind: SpanKind
    parent: str = ""
    service: str = ""
    agent: str = ""
    tool: str = ""
    server: str = ""
    start: int = 0
    end: int = 0
    status: Literal["ok", "error"] = "ok"
    refused: bool = False
    offered: tuple[str, ...] | None = None
    operation: str = ""
    arrived: int = 0
    processed: int = 0
