"""Agents, as their spans, their gateways and the records of their calls show them."""

from __future__ import annotations

import re

from schemas.provider import Provider

PROVIDER = Provider(
    name="agents",
    words=("agent",),
    sorts={"": "agent"},
    sources=("otel", "mcp", "cloudtrail"),
    # agent:<service>/<name>: who runs the service is its installation.
    installed="/",
    # Whoever acts in a service where its spans name nobody has a key that ends in "/".
    own=re.compile(r"(?!.*/\Z)."),
    uses="otel",
    # A gateway's log, or the messages of a server, show the calls that go through them.
    uses_too=("mcp",),
)
