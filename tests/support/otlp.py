"""Small OTLP/JSON export requests for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from schemas import frozen
from schemas.activity import Activity, Spanned
from schemas.sources import Context, otel

TRACE = "0af7651916cd43dd8448eb211c80319c"
T0 = 1_790_000_000_000_000_000
CLIENT, SERVER = 3, 2


def span_id(n: int) -> str:
    """A span id of this number; 0 for none."""
    return f"{n:016x}" if n else ""


def value(v: Any) -> dict[str, Any]:
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, list):
        return {"arrayValue": {"values": [value(x) for x in v]}}
    if isinstance(v, dict):
        return {"kvlistValue": {"values": [{"key": k, "value": value(x)} for k, x in v.items()]}}
    return {"stringValue": v}


def span(n: int, parent: int = 0, name: str = "", at: int = 0, **more: Any) -> dict[str, Any]:
    """Span ``n`` under ``parent``, ``at`` seconds after the start. ``attributes``, ``kind``, ``status`` as
    wished."""
    attributes = more.pop("attributes", {})
    return {
        "traceId": TRACE,
        "spanId": span_id(n),
        "parentSpanId": span_id(parent),
        "name": name or f"span {n}",
        "kind": 1,
        "startTimeUnixNano": str(T0 + at * 1_000_000_000),
        "endTimeUnixNano": str(T0 + at * 1_000_000_000 + 5_000_000),
        "attributes": [{"key": k, "value": value(v)} for k, v in attributes.items()],
    } | more


def agent(n: int, parent: int = 0, name: str = "triage", **more: Any) -> dict[str, Any]:
    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name} | more.pop(
        "attributes", {}
    )
    return span(n, parent, f"invoke_agent {name}", attributes=attributes, **more)


def tool(n: int, parent: int, name: str = "search", **more: Any) -> dict[str, Any]:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name} | more.pop(
        "attributes", {}
    )
    return span(n, parent, f"execute_tool {name}", attributes=attributes, **more)


def export(*spans: dict[str, Any], service: str = "desk", scope: str = "s") -> bytes:
    """One export request."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return orjson.dumps(
        {
            "resourceSpans": [
                {"resource": resource, "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}]}
            ]
        }
    )


def activities(
    *spans: dict[str, Any], service: str = "desk", context: Context | None = None
) -> list[Activity]:
    """The spans as read; every one must be readable."""
    reading = otel.read(export(*spans, service=service), context or Context())
    assert not reading.rejects, reading.rejects
    return reading.activities


def uid(n: int) -> str:
    return f"{TRACE}:{span_id(n)}"


def arriving(many: Sequence[Activity], came: int) -> list[Activity]:
    """What came at a time (µs), whatever its spans say."""
    return [
        frozen.changed(
            activity,
            arrived=came,
            effects=tuple(
                frozen.changed(effect, span=frozen.changed(effect.span, arrived=came))
                if isinstance(effect, Spanned)
                else effect
                for effect in activity.effects
            ),
        )
        for activity in many
    ]
