"""What a log record says in the words of agents: the tools that a model was offered and asked for, what was
answered, and the results of tools that agents on the command line report.

Read: ``gen_ai.choice`` and ``gen_ai.tool.message`` (conventions before 1.37), since then
``gen_ai.client.inference.operation.details``, and ``….tool_result``, ``….tool_call``, ``….tool_decision``
of agents that write events instead of spans. A model's asking is no call: it counts once it was answered,
and as executed only where the tool is known to have been offered, for an answer may say that there is no
such tool. Hand-offs are left to the spans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas import frozen
from schemas.sources.otel.genai import DENIALS, HIDDEN_TOOL, UNTRUSTED_AGENT
from schemas.sources.otel.raw import GENAI_EVENTS, INTERNAL, SPAN_BYTES, TRACE_BYTES, RawLog, RawSpan
from schemas.sources.otel.refusals import UNKNOWN_TOOL
from schemas.sources.otel.steps import SERVED, also_called, is_form_of_log, is_step_of_log
from schemas.sources.otel.tools import decoded, offered_by
from schemas.span import Span, bounded, derived_id

CHOICE, ANSWER = "gen_ai.choice", "gen_ai.tool.message"
DETAILS = "gen_ai.client.inference.operation.details"
DONE = ("tool_result", "tool_call")
DECIDED = "tool_decision"

CALLED = ".tool.call"
"""GitHub Copilot Chat: ``copilot_chat.tool.call`` (code.visualstudio.com, monitoring agents)."""

CLAUDE_CODE = "claude_code."
GEMINI = ("gemini_cli.", "qwen-code.")
"""Gemini CLI and what was made from it name a server's tool ``mcp_SERVER_TOOL`` (google-gemini/gemini-cli,
docs/tools/mcp-server.md)."""
PREFIXED = re.compile(r"mcp__(.+?)__(.+)", re.DOTALL)

ACCEPTED = frozenset({"accept", "auto_accept", "modify", "approved", "allow"})

BEFORE_THE_RUN = frozenset({"InputValidationError", "AbortError", "PermissionDenied"})
"""Claude Code: what goes wrong before a tool runs (monitoring, ``tool_result``: ``error_type``)."""
AFTER_THE_RUN = frozenset({
    "mcp_tool_error", "discovered_tool_execution_error", "web_fetch_processing_error", "web_search_failed",
    "file_write_failure", "memory_tool_execution_error",
})  # fmt: skip
"""Gemini CLI: errors of a tool that ran. Not ``shell_execute_error``, by which no shell could be started, nor
what is found wrong with arguments and paths before (google-gemini/gemini-cli, tools/tool-error.ts)."""
ANSWERED = re.compile(r"status code \d{3}")
"""A page was fetched, for its server answered."""

CALLS_MAX = 1_000
"""Calls in one message: more is no message of a model."""
ANSWER_SHOWN = 200
"""Letters of an answer that are looked at, for the words that say that there is no such tool."""


class LogSpan(NamedTuple):
    """A span that logs tell of, with the id under which other records name it."""

    span_id: str
    span: Span


def spans_of(log: RawLog, arrived: int = 0, processed: int = 0) -> tuple[str, list[LogSpan]]:
    """Returns the trace, and what the record says in it as spans; none for what says nothing of agents."""
    record = _LogReader(log, arrived, processed)
    kind = log.event.rpartition(".")[2]
    if log.event.startswith(GENAI_EVENTS):
        return record.trace, list(record.messages())
    if kind in DONE or kind == DECIDED or log.event.endswith(CALLED):
        return record.trace, list(record.done(kind))
    return record.trace, []


class _LogReader:
    def __init__(self, log: RawLog, arrived: int, processed: int) -> None:
        self._log = log
        self._times: Any = {"start": log.time, "end": log.time, "arrived": arrived, "processed": processed}
        self._talk = log.text("gen_ai.conversation.id", "conversation.id", "session.id")
        self.trace = log.trace or derived_id(TRACE_BYTES, "log", log.service, self._talk or log.time)

    def messages(self) -> Iterator[LogSpan]:
        log = self._log
        if log.event == CHOICE:
            yield from self._asked(_tool_calls(log.body))
        elif log.event == ANSWER and isinstance(log.body, dict):
            yield from self._answered(log.body.get("id"), log.body.get("content"))
        elif log.event == DETAILS:
            yield from self._offered()
            yield from self._asked(_parts(log.attributes.get("gen_ai.output.messages"), "tool_call"))
            for part in _parts(log.attributes.get("gen_ai.input.messages"), "tool_call_response"):
                yield from self._answered(part.get("id"), part.get("response", part.get("result")))

    def _asked(self, calls: Iterator[dict[str, Any]]) -> Iterator[LogSpan]:
        for n, call in zip(range(CALLS_MAX), calls, strict=False):
            inner = call.get("function")
            name = (inner if isinstance(inner, dict) else call).get("name")
            if isinstance(name, str) and name and not is_form_of_log(self._log, name):
                span_id = self._call_id(call.get("id")) or self._own("asked", n)
                yield LogSpan(span_id, self._span("tool", bounded(name), side="asked"))

    def _answered(self, call: object, text: object) -> Iterator[LogSpan]:
        """Whether it ran is not said: so it ended in doubt, which a list of offered tools resolves."""
        asked = self._call_id(call)
        if asked:
            unknown = isinstance(text, str) and bool(UNKNOWN_TOOL.match(text[:ANSWER_SHOWN]))
            span = Span(
                "tool", asked, bounded(self._log.service), status="error", refused=unknown, **self._times
            )
            yield LogSpan(derived_id(SPAN_BYTES, "answer", self.trace, call), span)

    def _offered(self) -> Iterator[LogSpan]:
        raw = RawSpan(self.trace, "", "", "", INTERNAL, 0, 0, False, "", "", "", self._log.attributes)
        offered = offered_by(raw)
        if offered is not None:
            yield LogSpan(self._own("offered"), self._span("chat", "", offered=offered))

    def done(self, kind: str) -> Iterator[LogSpan]:
        """Yields a tool that an agent ran (or that was denied), as it says itself: it goes by its service's
        name. A server's tool is told by the product's name for it, and below that by the server's."""
        log = self._log
        tool = bounded(log.text("tool_name", "function_name", "gen_ai.tool.name"))
        decided = log.text("decision", "decision_type").lower()
        denied = decided in DENIALS
        if not tool or (kind == DECIDED and not denied):
            return
        failed = str(log.attributes.get("success", "true")).lower() == "false" and not ran(log, decided)
        call = log.text("tool_use_id", "call_id", "gen_ai.tool.call.id")
        span_id = derived_id(SPAN_BYTES, "done", self.trace, call or log.time, tool)
        more: dict[str, Any] = {"status": "error" if failed or denied else "ok", "denied": denied}
        agent = self._agent() or bounded(log.service)
        server, inner = served_by(log, tool)
        hidden = tool == HIDDEN_TOOL and log.event.startswith(CLAUDE_CODE) and not inner
        more["also"] = () if server or log.text(*SERVED) else also_called(log.event, tool)
        span = self._span(
            "tool", tool, agent, server=server, step=is_step_of_log(log, tool), hidden=hidden, **more
        )
        yield LogSpan(span_id, span)
        if inner and inner != tool:
            below = frozen.changed(span, parent=span_id, tool=inner)
            yield LogSpan(derived_id(SPAN_BYTES, "inner", span_id), below)

    def _span(self, kind: Any, tool: str, agent: str | None = None, **more: Any) -> Span:
        named = self._agent() if agent is None else agent
        return Span(kind, self._log.span_id, bounded(self._log.service), named, tool, **self._times, **more)

    def _agent(self) -> str:
        named = self._log.text("gen_ai.agent.name")
        return bounded(named) if named != UNTRUSTED_AGENT else ""

    def _call_id(self, call: object) -> str:
        return derived_id(SPAN_BYTES, "asked", self.trace, call) if isinstance(call, str) and call else ""

    def _own(self, what: str, number: int = 0) -> str:
        return derived_id(SPAN_BYTES, what, self.trace, self._log.span_id or self._log.time, number)


REQUESTED = frozenset({
    "claude_code.api_request", "codex.api_request", "gemini_cli.api_response", "qwen-code.api_response",
})  # fmt: skip
"""A coding agent's model answered it: the agent is at work, whatever it then does (Claude Code, Codex, Gemini
CLI: telemetry). What failed has an event of its own, or says so."""
CONNECTION = "claude_code.mcp_server_connection"
CONNECTED = "connected"


class Act(NamedTuple):
    """What a coding agent did that is no call of a tool: a request to its model, a connection to a server (by
    its name, which is told only where details are on)."""

    uid: str
    agent: str
    operation: str
    succeeded: bool
    server: str = ""


def act_of(log: RawLog) -> Act | None:
    """Returns what the record says that its agent did; None where it says nothing of the kind."""
    trace = _LogReader(log, 0, 0).trace
    number = log.text("request_id", "event.sequence") or str(log.attributes.get("event.sequence") or "")
    uid = f"{trace}:{derived_id(SPAN_BYTES, 'act', trace, log.event, log.time, number)}"
    if log.event == CONNECTION:
        said = log.text("status")
        return Act(
            uid, bounded(log.service), f"mcp_server_connection {bounded(said)}".rstrip(), said == CONNECTED,
            bounded(log.text("server_name", "mcp_server_name")),
        )  # fmt: skip
    if log.event not in REQUESTED:
        return None
    code = log.attributes.get("http.response.status_code", log.attributes.get("status_code"))
    failed = bool(log.text("error", "error.type")) or str(code or "200")[:1] != "2"
    failed = failed or str(log.attributes.get("success", "true")).lower() == "false"
    return Act(uid, bounded(log.service), f"api_request {bounded(log.text('model'))}".rstrip(), not failed)


WHOSE = (
    ("session", ("session.id", "conversation.id", "gen_ai.conversation.id")),
    ("user", ("user.account_uuid", "user.account_id", "user.id")),
    ("organization", ("organization.id",)),
    ("installation", ("installation.id",)),
)
"""By which attributes coding agents say for whom they work (Claude Code and Codex, monitoring; Gemini CLI,
telemetry). Addresses of mail are not read."""


def whose(log: RawLog) -> str:
    """Returns for whom an agent works, in words: its session, its user's account, the organisation."""
    named = ((what, log.text(*keys)) for what, keys in WHOSE)
    return ", ".join(f"{what} {bounded(text)}" for what, text in named if text)


def served_by(log: RawLog, tool: str) -> tuple[str, str]:
    """Returns the MCP server of a tool and its name there; "" and "" where no server is told. Claude Code and
    Codex name such a tool ``mcp__SERVER__TOOL``; the former gives both parts beside it as well. Gemini CLI
    gives the server beside its own joined name."""
    parameters = decoded(log.attributes.get("tool_parameters"))
    named = parameters if isinstance(parameters, dict) else {}
    server = named.get("mcp_server_name") or log.text("mcp_server_name", "mcp.server.name", "mcp_server")
    inner = named.get("mcp_tool_name") or log.text("mcp_tool_name")
    if server and not inner and log.event.startswith(GEMINI):
        joined = f"mcp_{server}_"
        inner = tool.removeprefix(joined) if tool.startswith(joined) else ""
    found = PREFIXED.fullmatch(tool)
    if found:
        server, inner = server or found[1], inner or found[2]
    return bounded(str(server or "")), bounded(str(inner or ""))


def ran(log: RawLog, decided: str) -> bool:
    """Says whether a call that failed is known to have run: it was let through, and what failed is the
    tool."""
    kind = log.text("error_type")
    if decided not in ACCEPTED or not kind:
        return False
    if log.event.startswith(CLAUDE_CODE):
        return kind not in BEFORE_THE_RUN
    if kind == "web_fetch_fallback_failed":
        return bool(ANSWERED.search(log.text("error")))
    return kind in AFTER_THE_RUN


def _tool_calls(body: Any) -> Iterator[dict[str, Any]]:
    """``tool_calls`` of the message in a choice."""
    message = body.get("message", body) if isinstance(body, dict) else None
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    yield from (call for call in (calls if isinstance(calls, list) else ()) if isinstance(call, dict))


def _parts(messages: Any, kind: str) -> Iterator[dict[str, Any]]:
    """The parts of messages that are of this kind; messages may be JSON in a text."""
    many = decoded(messages)
    for message in many if isinstance(many, list) else ():
        parts = message.get("parts") if isinstance(message, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict) and part.get("type") == kind:
                yield part
