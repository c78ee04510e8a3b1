"""Logs of gateways in their own forms, made into what ``schemas.sources.mcp.envelope`` documents.

GitHub's MCP gateway (github/gh-aw-mcpg, ``rpc-messages.jsonl``) writes one message a record: ``direction``,
``type``, ``server_id``, ``payload``; its requests hold no id. The others write one request with its outcome:
Kong ``ai.mcp.rpc[]`` and ``ai.mcp.audit[]`` with ``consumer`` and ``response.status`` (Kong, "Observe MCP
traffic with ACLs"); ToolHive ``mcp_tool_call`` with ``outcome``, ``subjects``, ``target`` (Stacklok, "Audit
logging"); mcp-gateway-registry ``mcp_server_access`` (its ``registry/audit/models.py``); agentgateway
``mcp.method.name``, ``mcp.target``, ``jwt.sub`` (its access log as JSON).

Who is named is whom the gateway let in: an anonymous caller is nobody. What a gateway does not say of the
answer stays unsaid: that it answered with HTTP 200 is no word about the tool. What else stands in these logs
(requests that are no messages, connections, the registry's own interface) is passed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.records import Contents
from schemas.wire import as_fields, as_list, pick, text_at

RPC = "2.0"
NOBODY = frozenset({"", "anonymous", "unknown"})
OTHER = "notifications/other"
"""Stands for what is no message about tools."""
SENDERS = {"REQUEST": "client_to_server", "RESPONSE": "server_to_client"}
UNAUTHENTICATED, FORBIDDEN = 401, 403
HTTP_REFUSALS = (UNAUTHENTICATED, FORBIDDEN)
INTERNAL_ERROR = -32603
"""JSON-RPC's code for what went wrong in carrying a request out; stands where a gateway gives none."""

Document = dict[str, Any]


def translated(document: Document) -> Contents | None:
    """Returns the documented envelopes that a gateway's own record amounts to, each with its place; None for
    a record of none of these gateways."""
    for is_one, envelopes in GATEWAYS:
        if is_one(document):
            return envelopes(document)
    return None


def _call(method: str, tool: str, number: object) -> Document:
    return {
        "jsonrpc": RPC,
        "id": number if isinstance(number, str | int) and not isinstance(number, bool) else 0,
        "method": method,
        "params": {"name": tool},
    }


def _failed(number: object, code: object) -> Document:
    known = isinstance(code, int) and not isinstance(code, bool)
    return {"jsonrpc": RPC, "id": number, "error": {"code": code if known else INTERNAL_ERROR}}


def _ran(number: object) -> Document:
    return {"jsonrpc": RPC, "id": number, "result": {"isError": False}}


def _caller(gateway: str, name: str) -> Document:
    return {} if name.lower() in NOBODY else {"agent": {"service": gateway, "name": name}}


def _is_github(document: Document) -> bool:
    """A message, or what the gateway itself says about one (``DIFC_FILTERED``)."""
    message = document.get("payload")
    if isinstance(message, dict):
        return "server_id" in document and message.get("jsonrpc") == RPC
    return {"server_id", "type", "timestamp"} <= document.keys()


def _of_github(document: Document) -> Contents:
    """The gateway keeps its requests' ids to itself, and those of the answers count its connection: what
    answers what is not said."""
    if not isinstance(document.get("payload"), dict):
        return _passed(text_at(document, "timestamp"))
    message = dict(document["payload"])
    sender = SENDERS.get(text_at(document, "type"), "")
    time = text_at(document, "timestamp")
    made: Document = {
        "ts": time,
        "direction": sender,
        "gateway": "github-mcp-gateway",
        "server": text_at(document, "server_id"),
        "message": message,
    }
    if "method" in message:
        message.setdefault("id", 0)
    else:
        made["exchange"] = f"answered {time}"
    return [("payload", made)]


def _passed(time: object) -> Contents:
    """A line of a gateway's log that is no message."""
    return [("", {"ts": time, "message": {"jsonrpc": RPC, "method": OTHER}})]


def _is_kong(document: Document) -> bool:
    """Whatever its logging plugins write has these (Kong, "Log format")."""
    return {"started_at", "request", "response", "client_ip"} <= document.keys()


def _of_kong(document: Document) -> Contents:
    """A denial is the gateway's own (``ai.mcp.audit[].action``), and so is a 401 or 403 of the whole request
    where no message was let through."""
    denied = {
        text_at(one, "primitive_name")
        for one in as_list(pick(document, "ai", "mcp", "audit"))
        if text_at(one, "action") == "deny" and text_at(one, "primitive") in ("", "tool")
    }
    status = pick(document, "response", "status")
    consumer = text_at(document, "consumer", "username") or text_at(document, "consumer", "id")
    contents: Contents = []
    # What is denied before it becomes a call stands among the decisions alone.
    calls = as_list(pick(document, "ai", "mcp", "rpc")) or [
        {"method": "tools/call", "tool_name": tool} for tool in sorted(denied - {""})
    ]
    for i, rpc in enumerate(calls):
        method, tool = text_at(rpc, "method"), text_at(rpc, "tool_name")
        number = text_at(rpc, "id")
        made: Document = {
            "ts": document["started_at"],
            "direction": "client_to_server",
            "server": text_at(document, "service", "name"),
            "client_ip": text_at(document, "client_ip"),
            "user_agent": text_at(document, "request", "headers", "user-agent"),
            "message": _call(method, tool, number),
            **_caller("kong", consumer),
        }
        if tool in denied or status in (UNAUTHENTICATED, FORBIDDEN):
            made["http"] = {"status": UNAUTHENTICATED if status == UNAUTHENTICATED else FORBIDDEN}
        elif text_at(rpc, "error"):
            made["answer"] = _failed(number, 0)
        else:
            made["answer"] = _ran(number)
        contents.append((f"ai.mcp.rpc[{i}]", made))
    return contents or _passed(document["started_at"])


def _is_toolhive(document: Document) -> bool:
    return isinstance(document.get("type"), str) and (
        {"outcome", "subjects", "component", "source"} <= document.keys()
    )


def _of_toolhive(document: Document) -> Contents:
    """``success`` is a status of HTTP; where the answer was looked into, it is ``application_error``."""
    outcome, kind = text_at(document, "outcome"), text_at(document, "type")
    if not kind.startswith("mcp_"):
        return _passed(
            text_at(document, "logged_at") or text_at(document, "loggedAt") or text_at(document, "time")
        )
    extra = as_fields(pick(document, "metadata", "extra"))
    who = text_at(document, "subjects", "user_id") or text_at(document, "subjects", "user")
    made: Document = {
        "ts": text_at(document, "logged_at") or text_at(document, "loggedAt") or text_at(document, "time"),
        "direction": "client_to_server",
        "server": text_at(extra, "backend_name") or text_at(document, "component"),
        "address": text_at(document, "source", "value"),
        "user_agent": text_at(document, "source", "extra", "user_agent"),
        "message": _call(text_at(document, "target", "method"), text_at(document, "target", "name"), 0),
        **_caller("toolhive", who),
    }
    if outcome == "denied":
        made["http"] = {"status": FORBIDDEN}
    elif outcome == "application_error":
        made["answer"] = _failed(0, extra.get("jsonrpc_error_code"))
    elif outcome in ("failure", "error"):
        made["answer"] = _failed(0, None)
    return [("target", made)]


def _is_registry(document: Document) -> bool:
    return document.get("log_type") in ("mcp_server_access", "registry_api_access", "token_mint")


def _of_registry(document: Document) -> Contents:
    # As its database has it, too.
    time = text_at(document, "timestamp") or text_at(document, "timestamp", "$date")
    if document["log_type"] != "mcp_server_access":
        return _passed(time)
    number = pick(document, "mcp_request", "jsonrpc_id")
    status = text_at(document, "mcp_response", "status")
    made: Document = {
        "ts": time,
        "direction": "client_to_server",
        "server": text_at(document, "mcp_server", "name"),
        "client_ip": text_at(document, "request", "client_ip"),
        "user_agent": text_at(document, "request", "user_agent"),
        "message": _call(
            text_at(document, "mcp_request", "method"), text_at(document, "mcp_request", "tool_name"), number
        ),
        **_caller("mcp-gateway-registry", text_at(document, "identity", "username")),
    }
    if status == "success":
        made["answer"] = _ran(number)
    elif status == "error" and (code := pick(document, "mcp_response", "error_code")) in HTTP_REFUSALS:
        made["http"] = {"status": code}
    elif status == "error":
        made["answer"] = _failed(number, code)
    return [("mcp_request", made)]


def _is_agentgateway(document: Document) -> bool:
    """Whatever it writes of a request has these."""
    return {"http.status", "src.addr", "route"} <= document.keys() or {
        "mcp.method.name", "http.status",
    } <= document.keys()  # fmt: skip


def _of_agentgateway(document: Document) -> Contents:
    if "mcp.method.name" not in document:
        return _passed(text_at(document, "time"))
    status = document["http.status"]
    made: Document = {
        "ts": text_at(document, "time"),
        "direction": "client_to_server",
        "server": text_at(document, "mcp.target"),
        "address": text_at(document, "src.addr").rpartition(":")[0].strip("[]"),
        "message": _call(
            text_at(document, "mcp.method.name"),
            text_at(document, "gen_ai.tool.name") or text_at(document, "mcp.resource.name"),
            0,
        ),
        **_caller("agentgateway", text_at(document, "jwt.sub")),
    }
    if status in (UNAUTHENTICATED, FORBIDDEN):
        made["http"] = {"status": status}
    return [("mcp.method.name", made)]


GATEWAYS: tuple[tuple[Callable[[Document], bool], Callable[[Document], Contents]], ...] = (
    (_is_github, _of_github),
    (_is_kong, _of_kong),
    (_is_toolhive, _of_toolhive),
    (_is_registry, _of_registry),
    (_is_agentgateway, _of_agentgateway),
)
