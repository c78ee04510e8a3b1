"""The declared catalogue of the recorded agents, written as an inventory."""

from __future__ import annotations

from typing import Any


def inventory_of(catalog: dict[str, Any], recorded: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    """The inventory (for JSON or YAML) that says what ``catalog.json`` of the recorded agents says."""
    return {
        "gapwatch": "inventory/v1",
        "recorded": recorded,
        "identities": [_identity(agent) for agent in catalog["agents"]],
    }


def _identity(agent: dict[str, Any]) -> dict[str, Any]:
    window, credential = agent["approval_window"], agent["credential"]
    declared: dict[str, Any] = {"id": f"oauth:client/{credential['id']}"}
    if credential["revoked_at"]:
        declared["revoked"] = credential["revoked_at"]
    return {
        "id": f"agent:{agent['service_name']}/{agent['agent_name']}",
        "name": agent["agent_name"],
        "kind": "agent",
        "owner": agent["owner"],
        "windows": [{"from": window["from"], "until": window["until"]}],
        "tools": [_tool(tool) for tool in agent["approved_tools"]],
        "scopes": credential["scopes"],
        "credentials": [declared],
    }


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool["name"]}
    if tool["also_seen_as"]:
        written["also"] = tool["also_seen_as"]
    if tool.get("mcp_server"):
        written["server"] = tool["mcp_server"]
    return written
