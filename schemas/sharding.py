"""Which dossier holds what many things share: groups and grants by shards, glimpses by room and time."""

from __future__ import annotations

import zlib

from schemas.providers import has_single_objects

GROUP_SHARDS = 16
"""A mount may have millions of members: its dossier is split by the member's key into so many."""

ITSELF = "itself"
"""Path, in the group of an object, of the credential that the object is: a token kept in a Secret."""

SIBLINGS_PREFIX = "siblings:"
"""How keys of dossiers begin that hold children of a credential that has too many."""

GLIMPSE_PREFIX = "glimpses:"
GLIMPSE_SPAN = 4_000_000
"""Length of one bucket of glimpses, and of the longest refusal that is set beside a look-up, in µs: an API
server answers a refused request within milliseconds, a busy one within a second."""


def shards_of(group: str) -> int:
    """Returns in how many dossiers a group is kept. Few credentials die with a single object (a pod, a
    secret), and a cluster makes objects by the thousand, so each has one."""
    return 1 if has_single_objects(group) else GROUP_SHARDS


def group_key(group: str, member: str) -> str:
    """Returns the key of the group's shard that holds ``member`` (a credential key)."""
    return f"{group}#{zlib.crc32(member.encode()) % shards_of(group)}"


def group_keys(group: str) -> list[str]:
    """Returns the keys of all shards of a group."""
    return [f"{group}#{shard}" for shard in range(shards_of(group))]


def group_of(key: str) -> str:
    """Returns the group (or grant) that a shard key belongs to; the key itself where it is none."""
    return key.rpartition("#")[0] if "#" in key else key


def grant_key(grant: str, identity: str) -> str:
    """Returns the key of the grant's shard that knows of ``identity``: half a cluster may hold one grant."""
    return f"{grant}#{zlib.crc32(identity.encode()) % GROUP_SHARDS}"


def grant_keys(grant: str) -> list[str]:
    """Returns the keys of all shards of a grant's group."""
    return [f"{grant}#{shard}" for shard in range(GROUP_SHARDS)]


def are_siblings(name: str) -> bool:
    """Says whether what stands among children is a dossier of more of them."""
    return name.startswith(SIBLINGS_PREFIX)


def glimpse_keys(room: str, time: int) -> list[str]:
    """Returns the dossiers in which a moment is told: of its own bucket and the two beside it. A refusal is
    decided in its own, where all that can lie within it is known."""
    bucket = time // GLIMPSE_SPAN
    return [f"{GLIMPSE_PREFIX}{room}{b}" for b in (bucket - 1, bucket, bucket + 1)]


def bucket_of(key: str) -> int:
    """Returns the bucket of a dossier of glimpses."""
    return int(key.rpartition(":")[2])
