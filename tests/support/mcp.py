"""MCP messages with a gateway's context for tests."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.activity import Activity
from schemas.sources import Context, Reading, mcp

META = "io.modelcontextprotocol/clientInfo"


def record(message: Any, direction: str = "client_to_server", at: int = 0, **more: Any) -> dict[str, Any]:
    """One message, ``at`` seconds after ``tests.support.otlp.T0``, of one session unless told."""
    context = {"ts": f"2026-09-21T14:13:{20 + at:02}Z", "direction": direction, "server": "storage"}
    return {**context, "session": "s1", **more, "message": message}


def request(
    method: str, number: Any = 3, params: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    return record({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}, **more)


def call(
    tool: str = "query_db", number: Any = 3, meta: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    params = {"name": tool, "arguments": {"sql": "select hunter2"}, **({"_meta": meta} if meta else {})}
    return request("tools/call", number, params, **more)


def answer(result: dict[str, Any], number: Any = 3, **more: Any) -> dict[str, Any]:
    return record({"jsonrpc": "2.0", "id": number, "result": result}, "server_to_client", **{"at": 1} | more)


def returned(number: Any = 3, text: str = "hunter2", error: bool = False, **more: Any) -> dict[str, Any]:
    return answer({"content": [{"type": "text", "text": text}], "isError": error}, number, **more)


def offered(*names: str, number: Any = 2, **more: Any) -> dict[str, Any]:
    return answer(
        {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in names]}, number, **more
    )


def failed(code: int, number: Any = 3, **more: Any) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": "hunter2"}}
    return record(body, "server_to_client", **{"at": 1} | more)


def read(*records: Any, context: Context | None = None) -> Reading:
    """What the records give, one after the other."""
    whole = Reading([], [], 0)
    for one in records:
        reading = mcp.read(
            one if isinstance(one, bytes) else orjson.dumps(one), context or Context(key=b"site")
        )
        whole.activities += reading.activities
        whole.rejects += reading.rejects
        whole.passed += reading.passed
    return whole


def activities(*records: Any) -> list[Activity]:
    reading = read(*records)
    assert not reading.rejects, reading.rejects
    return reading.activities
