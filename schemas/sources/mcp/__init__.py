"""Model Context Protocol: the JSON-RPC messages between agents and their tools, as a gateway saw them.

A record is one message (or a batch) with the context that ``schemas.sources.mcp.envelope`` documents; an
array or JSON lines of them too. ``tools/call`` and its answer are two records that meet by session (or
exchange) and id; so do ``tools/list`` and what was offered. Each is a span of a small trace of its own,
which becomes a part of the caller's trace where the request names that (``traceparent``) and the gateway
names nobody: who is verified counts more than what a header says. All other messages are passed. What was
given to a tool and what it returned is never kept.

Out of sight: who called where the gateway names nobody and there is no trace (``clientInfo`` is the
client's own account, kept as such); how a call ended that was never answered; requests of a server to its
client.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.activity import Activity, Effect, Session, Spanned
from schemas.records import head_of
from schemas.rejected import Rejected
from schemas.shippers import Envelopes
from schemas.sources import Context, Reading
from schemas.sources.mcp.envelope import Envelope, envelope_of
from schemas.sources.mcp.gateways import translated
from schemas.sources.mcp.messages import (
    CALL,
    LIST,
    Answer,
    Ids,
    above,
    answer_of,
    answered_span,
    asked_span,
    client_of,
    ids_of,
    is_id,
    refusal_of,
)
from schemas.span import Span, bounded, derived_id
from schemas.summary import Summary
from schemas.wire import as_list, text_at

NAME = "mcp"
SIGNS = frozenset(
    {
        "jsonrpc", "message", "server_id", "started_at", "subjects", "log_type", "mcp.method.name",
        "http.status",
    }
)  # fmt: skip

MARK = '"jsonrpc"'
MARK_WITHIN = 512
NO_ID = "is neither a text nor a number"


SUMMARY = Summary(
    gives=(
        "MCP JSON-RPC messages with a gateway's context: tools listed (with definition digests), "
        "called, refused; the verified subject and its token id"
    ),
    cannot_show=(
        "`clientInfo` is self-asserted; without a gateway there is no verified subject; arguments "
        "and results are never kept"
    ),
    ship=(
        "A gateway's log into `raw.mcp`: in the documented envelope, or as GitHub's MCP gateway, Kong, "
        "ToolHive, mcp-gateway-registry or agentgateway write it (AgentCore gateways: CloudTrail data events)"
    ),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that is no JSON) is a message, alone or in its envelope."""
    if isinstance(document, bytes):
        head = head_of(document)
        return MARK in head and '"message"' in head
    return ENVELOPES.recognises(document)


def _is_message(document: dict[str, Any]) -> bool:
    match document:
        case {"jsonrpc": "2.0"}:
            return True
        case {"message": inner}:
            # Text of something else that holds messages is what a shipper put around a gateway's record.
            first = next(iter(as_list(inner)), inner)
            if isinstance(first, str):
                return MARK in first[:MARK_WITHIN]
            return isinstance(first, dict) and "jsonrpc" in first
        case _:
            return False


ENVELOPES = Envelopes(NAME, _is_message, translated)


def read(record: bytes, context: Context) -> Reading:
    """Returns every message about tools as an activity; others are passed; what is unreadable is a reject
    with its place."""
    reading = Reading([], [], 0)
    for place, found in ENVELOPES.objects(record):
        if isinstance(found, Rejected):
            reading.rejects.append(found)
        else:
            read_document(found, place, context, reading)
    return reading


def read_document(document: dict[str, Any], place: str, context: Context, reading: Reading) -> None:
    """Adds to a reading every message of one record, in the documented envelope or bare."""
    envelope = envelope_of(document, context)
    if not envelope.time:
        reading.rejects.append(Rejected(NAME, "is missing or not a time", "ts", place))
        return
    if envelope.ends and not envelope.messages:
        ended = _session_ended(envelope, context)
        reading.passed += ended is None
        reading.activities += [ended] if ended else []
        return
    if not envelope.messages:
        reading.rejects.append(Rejected(NAME, "holds no JSON-RPC message", "message", place))
    many = len(envelope.messages) > 1
    for i, message in enumerate(envelope.messages):
        inside = f"{place}.message[{i}]".lstrip(".") if many else place
        _Message(envelope, message, inside, context, reading).read()


def _session(envelope: Envelope, ended: int = 0) -> tuple[Effect, ...]:
    """The agent's session at a server, as something that stands open until it is ended. A list of tools
    begins it: clients ask for one first."""
    if not envelope.session or not envelope.caller.identity:
        return ()
    identity = envelope.caller.identity
    return (Session(identity, ended, passive=True, name=f"{identity} session {envelope.session}"),)


def _session_ended(envelope: Envelope, context: Context) -> Activity | None:
    """A client that ends its session by a request of HTTP alone (MCP 2025-11-25, transports)."""
    done = _session(envelope, envelope.time)
    if not done or envelope.status // 100 not in (0, 2):
        return None
    caller = envelope.caller
    return Activity(
        uid=f"{derived_id(8, 'ended', envelope.session, envelope.time)}",
        time=envelope.time,
        source=NAME,
        instance=context.instance,
        identity=caller.identity,
        actor_name=caller.agent,
        credential=caller.credential,
        operation="session ended",
        service=caller.service,
        place=envelope.place,
        client=envelope.client,
        resource=envelope.server,
        effects=(*done, *caller.effects),
        arrived=context.arrived,
        processed=context.processed,
    )


class _Message:
    def __init__(
        self, envelope: Envelope, message: Any, place: str, context: Context, reading: Reading
    ) -> None:
        self._envelope = envelope
        self._message = message
        self._place = place
        self._context = context
        self._reading = reading

    def read(self) -> None:
        message = self._message
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self._reject("is no JSON-RPC 2.0 message", "message")
        elif "method" in message:
            self._request(message)
        else:
            self._answer(message, answer_of(message, self._envelope.status))

    def _request(self, message: dict[str, Any]) -> None:
        method, envelope = message["method"], self._envelope
        if method == CALL and "id" not in message and envelope.sender != "server":
            self._reject("is missing: a call without an id has no answer", "message.id")
            return
        if method not in (CALL, LIST) or "id" not in message or envelope.sender == "server":
            self._reading.passed += 1
            return
        tool = bounded(text_at(message, "params", "name")) if method == CALL else ""
        if not is_id(message["id"]):
            self._reject(NO_ID, "message.id")
            return
        if method == CALL and not tool:
            self._reject("is missing", "message.params.name")
            return
        if not envelope.link:
            # With its answer in the same record a request needs nothing else to find it.
            own = derived_id(
                8, envelope.time, envelope.caller.identity, envelope.caller.credential, self._place
            )
            envelope = envelope._replace(link=f"alone {own}")
        ids = ids_of(envelope, message["id"], tool)
        trace, parent = ("", "") if envelope.caller.agent else above(message, envelope)
        asked = Spanned(
            ids.trace, ids.asked, self._seen(asked_span(envelope, tool, parent, ids.trace)), trace
        )
        operation = f"{method} {tool}".rstrip()
        self._tell(ids.asked, operation, asked, Answer("call", "unknown"), client_of(message, envelope))
        answer = refusal_of(envelope.status) or answer_of(envelope.answer, 0)
        if answer:
            self._tell_answer(envelope, ids, answer, f"answer to {operation}")

    def _answer(self, message: dict[str, Any], answer: Answer | None) -> None:
        """An answer does not say to which method: by its form it is told."""
        envelope = self._envelope
        if answer is None or "id" not in message or envelope.sender == "client":
            self._reading.passed += 1
        elif not is_id(message["id"]):
            self._reject(NO_ID, "message.id")
        elif not envelope.link:
            self._reject("is missing, and so is exchange: which request this answers is not said", "session")
        else:
            about = "" if "result" not in message else CALL if answer.kind == "call" else LIST
            self._tell_answer(
                envelope, ids_of(envelope, message["id"]), answer, f"answer to {about}" if about else "answer"
            )

    def _tell_answer(self, envelope: Envelope, ids: Ids, answer: Answer, operation: str) -> None:
        span = self._seen(answered_span(envelope, answer, ids.trace))
        self._tell(ids.answered, operation, Spanned(ids.trace, ids.answered, span), answer, envelope.client)

    def _seen(self, span: Span) -> Span:
        return msgspec.structs.replace(span, arrived=self._context.arrived, processed=self._context.processed)

    def _tell(self, span_id: str, operation: str, spanned: Spanned, answer: Answer, client: str) -> None:
        envelope, context = self._envelope, self._context
        caller = envelope.caller
        begun = _session(envelope) if operation == LIST else ()
        effects: tuple[Effect, ...] = (spanned, *begun, *caller.effects)
        self._reading.activities.append(
            Activity(
                uid=f"{spanned.trace}:{span_id}",
                time=envelope.time,
                source=NAME,
                instance=context.instance,
                identity=caller.identity,
                actor_name=caller.agent,
                credential=caller.credential,
                operation=operation,
                service=caller.service,
                outcome=answer.outcome,
                place=envelope.place,
                client=client,
                resource=envelope.server,
                error=answer.error,
                effects=effects,
                arrived=context.arrived,
                processed=context.processed,
            )
        )

    def _reject(self, reason: str, field: str) -> None:
        self._reading.rejects.append(Rejected(NAME, reason, field, self._place))
