"""The bundled samples: the story's CloudTrail files, our own recordings of a vault and of agents, and their
inventories."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from infra.simulator.delivery import deliver
from infra.simulator.inventory import inventory
from infra.simulator.story import tell, truth

VAULT = Path("vault/openbao_recorded/audit.jsonl")
AGENTS = Path("agent/otlp_recorded")

TOKEN = re.compile(rb"\b((?:hv)?[sbr]\.)([A-Za-z0-9_-]{18,})")
"""A vault token in clear: the old path form of a revocation carries one. The server that gave it is gone;
nobody who reads this should have to know that."""

MASK = b"EXAMPLE"

SOURCES = {"inventory": "inventory", "cloudtrail": "cloudtrail", "otel": "otel", "vault": "vault"}
"""The folders of the samples and the source of what they hold, in the order to send them."""

INSTANCE = "default"
RECORDED = "2026-11-22T00:00:00Z"
ACTIVE_SINCE = "2026-01-01T00:00:00Z"


def bundle(recordings: Path, out: Path, seed: int, start: datetime) -> int:
    """Writes the samples below ``out`` and returns their size in bytes. Masked text keeps its length and
    kind, so a reader sees a clear token where there was one."""
    story = tell(seed, start)
    for old in (out / "cloudtrail").glob("*"):
        old.unlink()
    deliver(story, out / "cloudtrail")
    (out / "inventory").mkdir(parents=True, exist_ok=True)
    (out / "inventory" / "cloudtrail.yaml").write_text(inventory(story), encoding="utf-8")
    catalog = json.loads((recordings / AGENTS / "catalog.json").read_text(encoding="utf-8"))
    (out / "inventory" / "agents.yaml").write_text(agents_inventory(catalog), encoding="utf-8")
    _copy(recordings / VAULT, out / "vault" / "audit.jsonl")
    for stream in sorted((recordings / AGENTS).glob("*.otlp.jsonl")):
        _copy(stream, out / "otel" / stream.name)
    (out / "truth.json").write_text(json.dumps(truth(story, seed), indent=1) + "\n", encoding="utf-8")
    (out / "manifest.toml").write_text(manifest(out), encoding="utf-8")
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


def manifest(out: Path) -> str:
    """Returns the samples' files in the order to send them: what is declared first, then one source after the
    other, CloudTrail's files as they were delivered."""
    lines = ["# Written by `python -m infra.simulator samples`: the samples, in the order to send them."]
    for folder, source in SOURCES.items():
        for path in sorted((out / folder).iterdir(), key=_delivered):
            lines += ["", "[[file]]", f'path = "{folder}/{path.name}"', f'source = "{source}"']
            lines += [f'instance = "{INSTANCE}"']
    return "\n".join(lines) + "\n"


def _delivered(path: Path) -> tuple[str, str]:
    """A delivery's name has its time in its fourth part."""
    parts = path.name.split("_")
    return (parts[3] if "CloudTrail" in parts else "", path.name)


def masked(content: bytes) -> bytes:
    """Returns the content with every session token replaced by a mask of the same length."""
    return TOKEN.sub(lambda found: found[1] + (MASK * len(found[2]))[: len(found[2])], content)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(masked(source.read_bytes()))


def agents_inventory(catalog: dict[str, Any]) -> str:
    """Returns the recorded agents' catalogue in the inventory's format."""
    agents = [_agent(entry) for entry in catalog["agents"]]
    document = {"gapwatch": "inventory/v1", "recorded": RECORDED, "identities": agents}
    return yaml.safe_dump(document, sort_keys=False, width=100)


def _agent(entry: dict[str, Any]) -> dict[str, Any]:
    credential = entry["credential"]
    fields: dict[str, Any] = {
        "id": f"agent:{entry['service_name']}/{entry['agent_name']}",
        "name": entry["agent_name"],
        "kind": "agent",
        "owner": entry["owner"],
        "environment": "prod",
        "status": [{"value": "active", "from": ACTIVE_SINCE}],
        "windows": [{name: entry["approval_window"][name] for name in ("from", "until")}],
        "tools": [_tool(tool) for tool in entry["approved_tools"]],
        "scopes": list(credential["scopes"]),
    }
    if credential["revoked_at"]:
        key = f"agent:{entry['service_name']}/{credential['id']}"
        fields["credentials"] = [{"id": key, "revoked": credential["revoked_at"]}]
    return fields


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": tool["name"]}
    if "mcp_server" in tool:
        fields["server"] = tool["mcp_server"]
    if tool["also_seen_as"]:
        fields["also"] = list(tool["also_seen_as"])
    return fields
