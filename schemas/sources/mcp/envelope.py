"""What a gateway (a proxy, a tee, a server's own middleware) writes around the messages that pass it.

| field | what it holds |
|---|---|
| ``ts`` (``time``, ``timestamp``) | when the message passed: RFC 3339, or s, ms or µs since 1970 |
| ``direction`` | ``client_to_server`` or ``server_to_client`` |
| ``server`` | the server's name, as catalogues name it |
| ``session`` | ``mcp-session-id``; without one (stdio) a label of the connection |
| ``exchange`` | the gateway's id of a request and its answer; needed where there is no session |
| ``gateway`` | the gateway's name: the service of agents that have none |
| ``agent`` | the caller that the gateway authenticated: ``agent:service/name``, a name, or an object |
| ``subject``, ``issuer`` | of a token whose signature the gateway checked |
| ``credential``, ``token_id``, ``client_id`` | the presented credential, never the token (also in ``http``) |
| ``address``, ``user_agent`` | where the caller was |
| ``http.status`` | 401 or 403: the gateway itself refused |
| ``http.method`` | ``DELETE``, without a message: the client ended its session (MCP, transports) |
| ``traceparent`` | the header, where it came as one; else the message holds it |
| ``message`` | the JSON-RPC message, or a batch of messages |
| ``answer`` | optional: the answer to ``message``, in the same record |

Requests and answers both name the caller: an answer says how the use of the credential ended.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.activity import Aliased, Effect
from schemas.addresses import address_of
from schemas.evidence import DEFAULT_INSTANCE
from schemas.providers import BY_WORD, word_of
from schemas.providers.oidc import issuer_name
from schemas.sources import Context
from schemas.sources.caep.subjects import subject_of
from schemas.sources.shown_secrets import key_or_secret
from schemas.span import agent_key, bounded, derived_id
from schemas.times import micros_of
from schemas.wire import as_fields, as_list, pick, text_at

GATEWAY = "mcp"
"""The service of agents for which the record names neither a service nor a gateway."""

TIMES = ("ts", "time", "timestamp", "@timestamp")
SENDERS = {"client_to_server": "client", "server_to_client": "server"}
CLIENT_MAX = 200
SESSION_BYTES = 6
"""Of the digest of a session: enough to tell those of one agent and server apart."""

UNAUTHENTICATED, FORBIDDEN = 401, 403


class Caller(NamedTuple):
    """Who calls. ``service``, ``agent``: as spans name agents, "" where nobody is known for sure."""

    service: str = ""
    agent: str = ""
    identity: str = ""
    credential: str = ""
    effects: tuple[Effect, ...] = ()


class Envelope(NamedTuple):
    """A record's context. ``time`` in µs, 0 for none; ``sender``: ``client`` or ``server``, "" unknown;
    ``status`` of HTTP, 0 unknown; ``link``: what the answer and the request share beside the id of the
    message, "" for nothing; ``session``: a digest of the session at this server, "" where there is none;
    ``ends``: the request was to end the session."""

    time: int
    sender: str
    server: str
    link: str
    caller: Caller
    place: str
    client: str
    status: int
    traceparent: str
    messages: list[Any]
    answer: dict[str, Any]
    session: str = ""
    ends: bool = False


def envelope_of(document: dict[str, Any], context: Context) -> Envelope:
    """Returns the record's context; of a message without one, nothing but the message."""
    if "jsonrpc" in document:
        document = {"message": document}
    session, exchange = text_at(document, "session"), text_at(document, "exchange")
    status = pick(document, "http", "status") or pick(document, "status")
    server = bounded(text_at(document, "server") or text_at(document, "server", "name"))
    gateway = bounded(text_at(document, "gateway"))
    return Envelope(
        next((time for name in TIMES if (time := micros_of(text_at(document, name)))), 0),
        SENDERS.get(text_at(document, "direction").lower(), ""),
        server,
        _own(
            f"session {session}" if session else f"exchange {exchange}" if exchange else "", gateway, context
        ),
        _caller(document, context),
        address_of(text_at(document, "address") or text_at(document, "client_ip")),
        text_at(document, "user_agent")[:CLIENT_MAX],
        status if isinstance(status, int) and not isinstance(status, bool) else 0,
        text_at(document, "traceparent"),
        as_list(pick(document, "message")),
        as_fields(pick(document, "answer")),
        derived_id(SESSION_BYTES, server, _own(session, gateway, context)) if session else "",
        text_at(document, "http", "method").upper() == "DELETE",
    )


def _own(text: str, gateway: str, context: Context) -> str:
    """A session is its gateway's own: another installation, or another gateway of this one, that calls one of
    its sessions so tells of another."""
    if not text:
        return ""
    named = f"{gateway} {text}" if gateway else text
    return f"{context.instance} {named}" if context.instance != DEFAULT_INSTANCE else named


def _caller(document: dict[str, Any], context: Context) -> Caller:
    credential = _credential(document, context)
    service = bounded(text_at(document, "agent", "service") or text_at(document, "gateway") or GATEWAY)
    named = text_at(document, "agent") or text_at(document, "agent", "name")
    if named.startswith("agent:") and "/" in named:
        service, _, named = named.removeprefix("agent:").partition("/")
    if named:
        service, named = bounded(service), bounded(named)
        return Caller(service, named, agent_key(service, named), credential)
    subject, issuer = text_at(document, "subject"), text_at(document, "issuer")
    if not subject:
        return Caller(credential=credential)
    identity = subject_of(
        issuer, {"sub_id": {"format": "iss_sub", "iss": issuer, "sub": subject}}, {}
    ).identity
    known = bounded(subject)
    alias = Aliased(agent_key(service, known), identity)
    return Caller(service, known, identity, credential, (alias,))


def _credential(document: dict[str, Any], context: Context) -> str:
    """The key of the credential: of the token by its id, else of the OAuth client; where either stands in
    clear in the place of its id, of the secret it is."""
    issuer = issuer_name(text_at(document, "issuer"))
    token = _either(document, "token_id")
    if token:
        key = f"oidc:{issuer}:jti/{bounded(token)}" if issuer else f"oauth:token/{bounded(token)}"
        return key_or_secret(key, token, context)
    client = _either(document, "client_id") or _either(document, "credential")
    if word_of(client) in BY_WORD and ":" in client:
        return bounded(client)
    return key_or_secret(f"oauth:client/{bounded(client)}", client, context) if client else ""


def _either(document: dict[str, Any], name: str) -> str:
    return text_at(document, name) or text_at(document, "http", name)
