"""Span: what one OpenTelemetry span says about an agent's work, without arguments or results."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

import msgspec

SpanKind = Literal["agent", "tool", "handoff", "chat", "other"]
Side = Literal["", "client", "server", "asked", "requested"]

NAME_MAX = 200
"""Letters of a name of an agent, tool or server that are kept. A model may make up a tool's name, of any
length."""


OF_SERVICE = " of "
"""Between the id of a span and its service, where several services tell of a span of one id."""


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True):
    """One span of a trace. Times in µs.

    ``agent``: the agent's name where this span says it and may be trusted. ``tool``: the tool's name on
    tool spans, the agent handed to on hand-offs ("" where not told); ``server``: the MCP server where
    known. ``offered``: tool names that this span says were offered to the model, None where it says nothing
    of it. ``status``: ``ok`` (or unset) or ``error``. ``refused``: the text of the error says that the tool
    is not known. ``side``: the side of an MCP call that this span is (a client's span without an error says
    that the call was sent, not that it was carried out; ``asked`` says that a model asked for it,
    ``requested`` that the request went out, and neither how it ended). ``denied``: the protocol (or a
    gateway in it) refused the call. ``source``: which source told it, "" for spans of OpenTelemetry.
    ``trace``: the trace it was told in, where it was passed on to another. ``digests``: digests of the
    definitions of ``offered``, in its order, where they were shown. ``step``: the framework's own step in
    the form of a tool. ``transfer``: the agent to which a tool of the framework hands over. ``deferred``:
    the call was put off, to wait for an approval. ``hidden``: the product does not tell the tool's name,
    ``tool`` is its word for that. ``shared``: what a request and its answer have in common, by which they
    find each other. ``session``: of a server's session, in which one client is shown its tools and calls
    them, "" where there is none. ``own``: names in ``offered`` of what the framework itself gives to its
    model beside the tools (the form of an answer, a hand-off). ``also``: what the product calls the same tool
    in other releases.

    A span whose ``tool`` is "" answers the call that its parent asked for.
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
    side: Side = ""
    denied: bool = False
    source: str = ""
    trace: str = ""
    digests: tuple[str, ...] = ()
    step: bool = False
    transfer: str = ""
    deferred: bool = False
    hidden: bool = False
    shared: str = ""
    session: str = ""
    own: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


TRACE_BYTES, SPAN_BYTES = 16, 8
"""Sizes of ids in OpenTelemetry."""


def derived_id(size: int, *parts: object) -> str:
    """Returns an id in hex for what has none of its own: the same parts, the same id."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=size).hexdigest()


def agent_key(service: str, name: str) -> str:
    """Returns the key of an agent: the ``service.name`` of its span, and its name."""
    return f"agent:{service or 'unknown_service'}/{name}"


UNNAMED = ""
"""The name of whichever agent of a service acts where its spans name none."""

_MADE_ANEW = re.compile(
    r"[-_/.: @]?(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"
    r"|(?<![0-9a-z])20\d\d-?[01]\d-?[0-3]\d[T _-]?[0-2]\d[:-]?[0-5]\d(?:[:-]?[0-6]\d(?:[.,]\d+)?)?Z?"
    r"(?![0-9a-z])|(?<![0-9a-z])1[5-9]\d{8}(?:\d{3}){0,3}(?![0-9a-z]))",
    re.IGNORECASE | re.ASCII,
)
_SHORTEST = 10
"""Of what is made anew: the seconds since 1970."""


def lasting(name: str) -> str:
    """Returns a name of an agent without what is made anew in it for each run or object (UUIDs, also without
    hyphens; times to the minute or finer, and seconds, ms, µs or ns since 1970); "" where nothing is left of
    it. Microsoft's Agent Framework and Koog name an agent that was given no name by the id of its object,
    AutoGen's teams add the id of the team."""
    return _MADE_ANEW.sub("", name).strip("-_/.: ") if len(name) >= _SHORTEST else name


def agent_name(key: str) -> str:
    """Returns the name in an agent's key."""
    return key.removeprefix("agent:").partition("/")[2]


def is_unnamed(key: str) -> bool:
    """Says whether a key is that of whichever agent of a service acts where its spans name none."""
    return key.startswith("agent:") and key.endswith("/")


def unnamed_of(key: str) -> str:
    """Returns the key of whichever agent acts in the service of this agent; "" for a key that is no
    agent's."""
    return key.partition("/")[0] + "/" if key.startswith("agent:") else ""


def bounded(name: str) -> str:
    """Returns a name on one line and no longer than ``NAME_MAX``: a longer one is cut and told apart by a
    digest of the whole."""
    if not name.isprintable():
        name = "".join(letter if letter.isprintable() else " " for letter in name)
    if len(name) <= NAME_MAX:
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{name[: NAME_MAX - 13]}~{digest}"
