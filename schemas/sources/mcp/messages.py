"""JSON-RPC messages of the Model Context Protocol, 2025-11-25 and 2026-07-28: what each says of a call.

https://modelcontextprotocol.io/specification
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

import orjson

from schemas.activity import Outcome
from schemas.sources.mcp.definitions import offered_by
from schemas.sources.mcp.envelope import FORBIDDEN, UNAUTHENTICATED, Envelope
from schemas.sources.otel.refusals import INVALID_ARGUMENTS, UNKNOWN_TOOL
from schemas.span import SPAN_BYTES, TRACE_BYTES, Side, Span, derived_id
from schemas.wire import as_fields, as_list, text_at

CALL, LIST = "tools/call", "tools/list"
META = "_meta"
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
INPUT_REQUIRED = "input_required"
"""The call was not carried out yet: the client answers what is asked and calls again, which is another
request."""

REFUSED = frozenset({-32602, -32601})
"""Invalid params (an unknown tool, or one that this caller may not use), and no such method."""

SHOWN = 200
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}.*")

Kind = Literal["call", "list"]


class Answer(NamedTuple):
    """How a request ended. ``offered``: names of tools, and their digests."""

    kind: Kind
    outcome: Outcome
    error: str = ""
    side: Side = "server"
    failed: bool = False
    refused: bool = False
    denied: bool = False
    offered: tuple[tuple[str, ...], tuple[str, ...]] | None = None


INTEGERS = (-(2**63), 2**64)
"""The whole numbers that our JSON library reads and writes as such: from the first to before the second."""


class Ids(NamedTuple):
    """One request and its answer, as a trace of two spans."""

    trace: str
    asked: str
    answered: str


def ids_of(envelope: Envelope, number: object, tool: str = "") -> Ids:
    """Returns the ids by which request and answer share: the session (or the exchange) and the id of the
    message. Ids that are numbers and ids that are texts are told apart; 3.0 is the number 3 (JSON has one
    kind of number, and JavaScript writes both as 3). A client may use an id again, so each message is a span
    of its own time: which answer is to which request is settled where all are known."""
    if isinstance(number, float) and number.is_integer() and INTEGERS[0] <= number < INTEGERS[1]:
        number = int(number)
    trace = derived_id(TRACE_BYTES, "mcp", envelope.server, envelope.link, orjson.dumps(number).decode())
    asked = derived_id(SPAN_BYTES, "asked", trace, envelope.time, tool)
    return Ids(trace, asked, derived_id(SPAN_BYTES, "answered", trace, envelope.time))


def is_id(number: object) -> bool:
    """Says whether a value can be the id of a JSON-RPC request: a text or a number."""
    return isinstance(number, str | int | float) and not isinstance(number, bool)


def above(message: dict[str, Any], envelope: Envelope) -> tuple[str, str]:
    """Returns the trace and the span in which the request was made, as the client says; "" and "" for
    none."""
    traceparent = text_at(message, "params", META, "traceparent") or envelope.traceparent
    found = _TRACEPARENT.fullmatch(traceparent.strip().lower())
    return (found[1], found[2]) if found else ("", "")


def client_of(message: dict[str, Any], envelope: Envelope) -> str:
    """Returns the client, by its own account."""
    params = as_fields(message.get("params"))
    info = as_fields(as_fields(params.get(META)).get(CLIENT_INFO)) or as_fields(params.get("clientInfo"))
    name, version = text_at(info, "name"), text_at(info, "version")
    return (f"{name}/{version}" if name and version else name)[:SHOWN] or envelope.client


def answer_of(message: dict[str, Any], status: int) -> Answer | None:
    """Returns what an answer says of a call or of offered tools; None for the answers to other requests."""
    refusal = refusal_of(status)
    if refusal:
        return refusal
    error = message.get("error")
    if isinstance(error, dict):
        return _failed(error)
    result = message.get("result")
    if not isinstance(result, dict) or result.get("resultType") == INPUT_REQUIRED:
        return None
    if isinstance(result.get("tools"), list):
        return Answer("list", "succeeded", offered=offered_by(result["tools"]))
    if isinstance(result.get("task"), dict):
        return Answer("call", "succeeded", side="client")
    if "isError" in result or "structuredContent" in result or isinstance(result.get("content"), list):
        return _returned(result)
    return None


def refusal_of(status: int) -> Answer | None:
    """Returns the gateway (or the server's HTTP layer) refused the request."""
    if status == UNAUTHENTICATED:
        return Answer("call", "unauthenticated", "401", failed=True, denied=True)
    return Answer("call", "forbidden", "403", failed=True, denied=True) if status == FORBIDDEN else None


def _failed(error: dict[str, Any]) -> Answer:
    code = error.get("code")
    denied = code in REFUSED if isinstance(code, int) else False
    shown = str(code) if isinstance(code, int) else "error"
    return Answer(
        "call", "forbidden" if denied else "failed", shown, failed=True, refused=denied, denied=denied
    )


def _returned(result: dict[str, Any]) -> Answer:
    """``isError`` says that the tool ran and failed; but servers also answer so to an unknown tool."""
    if result.get("isError") is not True:
        return Answer("call", "succeeded")
    first = next(iter(as_list(result.get("content"))), None)
    # The handler of a tool is not reached where its arguments do not validate.
    if INVALID_ARGUMENTS.match(text_at(first, "text")[:SHOWN]):
        return Answer("call", "failed", "invalid arguments", failed=True)
    if UNKNOWN_TOOL.match(text_at(first, "text")[:SHOWN]):
        return Answer("call", "forbidden", "unknown tool", failed=True, refused=True)
    return Answer("call", "failed", "tool_error")


def asked_span(envelope: Envelope, tool: str, parent: str, shared: str) -> Span:
    """Returns the request: of a tool, or ("") of the list of them."""
    return Span(
        "tool" if tool else "other",
        parent,
        envelope.caller.service,
        envelope.caller.agent,
        tool,
        envelope.server,
        envelope.time,
        envelope.time,
        side="requested",
        source="mcp",
        shared=shared,
        session=envelope.session,
    )


def answered_span(envelope: Envelope, answer: Answer, shared: str) -> Span:
    """Returns the span of a request and its answer: a tool call, or a list of tools that were offered."""
    names, digests = answer.offered or (None, ())
    return Span(
        "tool" if answer.kind == "call" else "other",
        "",
        envelope.caller.service,
        envelope.caller.agent if answer.kind == "list" else "",
        "",
        envelope.server,
        envelope.time,
        envelope.time,
        "error" if answer.failed else "ok",
        answer.refused,
        names,
        side=answer.side,
        denied=answer.denied,
        source="mcp",
        digests=digests,
        shared=shared,
        session=envelope.session,
    )
