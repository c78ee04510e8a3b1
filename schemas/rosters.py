"""Rosters: who is active in an installation, and what holds for all of it (a covering inventory, a wide
exception).

An identity puts itself on the roster of its installation; what holds for all is told to everybody on it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection

from schemas.remembering import remembered_together

ROSTER_PREFIX = "roster:"
EVERYWHERE = "*"
"""The installation of what holds in all of them; on its roster are the rosters of the others."""

ROSTER_SHARDS = 16
"""An installation may have a hundred thousand identities: its roster is split by the identity's key."""

SAMPLED_MAX = 32
"""Identities of an installation that are sampled, those with the smallest digests: enough to tell whether an
inventory names most of them, and few enough to be told to everybody."""


FRONT_SAMPLE_MAX = 12
"""Identities of an installation of which is told from which addresses they came, where they came from
several; those with the smallest digests: few are enough to know a balancer by."""


def roster_key(installation: str, member: str) -> str:
    """Returns the shard of the installation's roster that ``member`` is on."""
    return f"{ROSTER_PREFIX}{installation}#{zlib.crc32(member.encode()) % ROSTER_SHARDS}"


def roster_keys(installation: str) -> list[str]:
    """Returns the keys of all shards of an installation's roster."""
    return [f"{ROSTER_PREFIX}{installation}#{shard}" for shard in range(ROSTER_SHARDS)]


def roster_of(key: str) -> str:
    """Returns the installation of a roster's key; "" for any other key."""
    return key[len(ROSTER_PREFIX) :].rpartition("#")[0] if key.startswith(ROSTER_PREFIX) else ""


def roster_head(installation: str) -> str:
    """Returns where the sample of the whole installation is."""
    return f"{ROSTER_PREFIX}{installation}#all"


_drawn: list[bytes] = [b""]


def draw_with(key: bytes) -> None:
    """Sets the site's key, with which the samples of this process are drawn: who does not have the key cannot
    choose names that come into a sample. Every process of a site has the same."""
    _drawn[:] = [hashlib.blake2b(key, digest_size=32, person=b"gapwatch samples").digest()]


def digest(key: str) -> str:
    """Returns how an identity stands in a sample: what it is called is not needed there. It sorts before what
    earlier versions drew without a key, so that these leave the samples."""
    return _digest(key, _drawn[0])


def made_digest(drawn: str, time: int) -> str:
    """Returns how an identity stands in a sample whose making is on record, at ``time`` (µs). Such ones sort
    after all others, so that nobody who makes many pushes another out of the sample."""
    return f"{MADE}{time:020d}{drawn}"


def made_since(sampled: Collection[str], time: int) -> frozenset[str]:
    """Returns the digests of those in a sample that were made since then (µs)."""
    start = len(MADE)
    made = (text for text in sampled if text.startswith(MADE))
    return frozenset(text[start + 20 :] for text in made if int(text[start : start + 20]) > time)


MADE = "~"
"""Before the time at which an identity of a sample was made."""


def share_below(drawn: str) -> float:
    """Returns which share of all digests is no larger than this one."""
    return (int(drawn[1:], 16) + 1) / float(1 << 4 * len(drawn[1:]))


@remembered_together(65_536)
def _digest(key: str, drawn: bytes) -> str:
    return "!" + hashlib.blake2b(key.encode(), digest_size=6, key=drawn).hexdigest()
