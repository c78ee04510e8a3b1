"""Scenes of agents: a gateway in front of a server, and a coding agent's own events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.simulator.cases import CONTRADICTION
from infra.simulator.chance import Chance
from infra.simulator.year_case import MORE
from infra.simulator.year_scenes import Entry, Scene, Who, declared
from infra.simulator.year_stage import micro_stamp

GATEWAY = "scene-edge"
CODING = "claude-code"
EVENTS = "com.anthropic.claude_code.events"


def _behind(name: str) -> Who:
    key = f"agent:{GATEWAY}/{name}"
    tools = [{"name": "search", "server": "tickets"}, {"name": "comment", "server": "tickets"}]
    return Who(key, key, declared=(declared(key, kind="agent", tools=tools),))


def _drops(name: str) -> Who:
    return _behind(name)._replace(subject=f"{_behind(name).identity} drop_all")


def _message(name: str, at: str, message: dict[str, Any], answers: bool = False, mark: str = "") -> Entry:
    def record(time: int) -> dict[str, Any]:
        return {
            "ts": micro_stamp(time),
            "direction": "server_to_client" if answers else "client_to_server",
            "gateway": GATEWAY,
            "server": "tickets",
            "session": f"{name}-session",
            "agent": name,
            "message": {"jsonrpc": "2.0", **message},
        }

    return Entry(at, "", record, mark)


def _call(name: str, at: str, number: int, tool: str) -> Entry:
    params = {"name": tool, "arguments": {}}
    return _message(name, at, {"id": number, "method": "tools/call", "params": params})


def _done(name: str, at: str, number: int) -> Entry:
    return _message(name, at, {"id": number, "result": {"content": []}}, answers=True)


def _refused(name: str, at: str, number: int) -> Entry:
    error = {"code": -32602, "message": "Unknown tool"}
    return _message(name, at, {"id": number, "error": error}, answers=True)


def _day_at_the_gateway(name: str, chance: Chance) -> Iterator[Entry]:
    listed = [{"name": tool, "inputSchema": {"type": "object"}} for tool in ("search", "comment")]
    yield _message(name, "09:00:00", {"id": 1, "method": "tools/list", "params": {}})
    yield _message(name, "09:00:01", {"id": 1, "result": {"tools": listed}}, answers=True)
    for n, tool in enumerate(("search", "comment", "search"), 2):
        yield _call(name, f"09:0{n}:00", n, tool)
        yield _done(name, f"09:0{n}:02", n)
    yield _call(name, "09:20:00", 9, "drop_all")
    yield _refused(name, "09:20:00.5", 9)


def _let_through(name: str, chance: Chance) -> Iterator[Entry]:
    yield from list(_day_at_the_gateway(name, chance))[:-2]
    yield _call(name, "09:20:00", 9, "drop_all")._replace(mark=CONTRADICTION)
    yield _done(name, "09:20:02", 9)._replace(mark=MORE)


def _coder(name: str) -> Who:
    key = f"agent:{_service(name)}/{_service(name)}"
    tools = [{"name": tool} for tool in ("Bash", "Read", "Edit")]
    return Who(key, f"{key} WebFetch", declared=(declared(key, kind="agent", tools=tools),))


def _service(name: str) -> str:
    return f"{CODING}-{name}"


def _event(name: str, at: str, event: str, tool: str, mark: str = "", **more: str) -> Entry:
    said = {
        "session.id": f"{name}-session", "event.name": event, "tool_name": tool,
        "tool_use_id": f"{name}-{at}",
        **more,
    }  # fmt: skip

    def record(time: int) -> dict[str, Any]:
        listed = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]
        log = {
            "timeUnixNano": str(time * 1000),
            "observedTimeUnixNano": str(time * 1000),
            "body": {"stringValue": f"claude_code.{event}"},
            "attributes": listed,
        }
        service = {"key": "service.name", "value": {"stringValue": _service(name)}}
        return {
            "resourceLogs": [
                {
                    "resource": {"attributes": [service]},
                    "scopeLogs": [{"scope": {"name": EVENTS}, "logRecords": [log]}],
                }
            ]
        }

    return Entry(at, "", record, mark)


def _day_of_coding(name: str, chance: Chance) -> Iterator[Entry]:
    for n, tool in enumerate(
        ("EnterPlanMode", "TodoWrite", "Read", "ExitPlanMode", "Edit", "Bash", "TodoWrite")
    ):
        yield _event(name, f"09:0{n}:00", "tool_result", tool, success="true", decision_type="accept")
    yield _event(name, "09:20:00", "tool_decision", "WebFetch", decision="reject", source="user_reject")


def _fetches(name: str, chance: Chance) -> Iterator[Entry]:
    yield from _day_of_coding(name, chance)
    yield _event(
        name, "09:30:00", "tool_result", "WebFetch", CONTRADICTION, success="true", decision_type="accept"
    )


GATEWAYS: tuple[Scene, ...] = (
    Scene(
        "gateway_refuses",
        "a gateway logs an agent's approved calls, and refuses the one that is not",
        "agent", source="mcp", expects="silence", about="identity", who=_behind, entries=_day_at_the_gateway,
    ),
    Scene(
        "gateway_lets_through",
        "the same, and the gateway lets the call pass",
        "agent", control="tool_outside_catalog", severity="high", source="mcp", who=_drops,
        entries=_let_through,
    ),
)  # fmt: skip
CODERS: tuple[Scene, ...] = (
    Scene(
        "coding_agent_plans",
        "a coding agent plans, keeps its list, edits and runs, and its user rejects a fetch",
        "agent", source="otel", expects="silence", about="identity", folder="coding", who=_coder,
        entries=_day_of_coding,
    ),
    Scene(
        "coding_agent_fetches",
        "the same, and it fetches a page, which nobody approved",
        "agent", control="tool_outside_catalog", severity="high", source="otel", folder="coding",
        who=_coder, entries=_fetches,
    ),
)  # fmt: skip
