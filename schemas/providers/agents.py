"""Agents, as their spans, their gateways and the records of their calls show them."""

from __future__ import annotations

import re

from schemas.provider import Provider

PROVIDER = Provider(
    name="agents",
    words=("agent",),
    sources=("otel", "mcp"),
    # agent:<service>/<name>: who runs the service is its installation.
    installed="/",
    own=re.compile(r"."),
    uses="otel",
)
