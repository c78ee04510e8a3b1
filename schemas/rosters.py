"""Rosters: who is active in an installation, and what holds for all of it (a covering inventory, a wide
exception).

An identity puts itself on the roster of its installation; what holds for all is told to everybody on it.
"""

from __future__ import annotations

import zlib

ROSTER_PREFIX = "roster:"
EVERYWHERE = "*"
"""The installation of what holds in all of them; on its roster are the rosters of the others."""

ROSTER_SHARDS = 16
"""An installation may have a hundred thousand identities: its roster is split by the identity's key."""

AGENT = "agent:"


def installation_of(key: str) -> str:
    """The installation of an identity's key (``aws:111122223333``, ``k8s:c1``, ``agent:support-host``); ""
    for keys that name none (``aws:key/…``, ``aws:service/…``)."""
    if key.startswith(AGENT):
        return key.partition("/")[0]
    parts = key.split(":", 2)
    return f"{parts[0]}:{parts[1]}" if len(parts) == 3 and parts[1] and parts[2] else ""


def roster_key(installation: str, member: str) -> str:
    """The shard of the installation's roster that ``member`` is on."""
    return f"{ROSTER_PREFIX}{installation}#{zlib.crc32(member.encode()) % ROSTER_SHARDS}"


def roster_keys(installation: str) -> list[str]:
    return [f"{ROSTER_PREFIX}{installation}#{shard}" for shard in range(ROSTER_SHARDS)]


def roster_of(key: str) -> str:
    """The installation of a roster's key; "" for any other key."""
    return key[len(ROSTER_PREFIX) :].rpartition("#")[0] if key.startswith(ROSTER_PREFIX) else ""
