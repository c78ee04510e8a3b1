"""Rosters: who is active in an installation, and what holds for all of it (a covering inventory, a wide
exception).

An identity puts itself on the roster of its installation; what holds for all is told to everybody on it.
"""

from __future__ import annotations

import re
import zlib

ROSTER_PREFIX = "roster:"
EVERYWHERE = "*"
"""The installation of what holds in all of them; on its roster are the rosters of the others."""

ROSTER_SHARDS = 16
"""An installation may have a hundred thousand identities: its roster is split by the identity's key."""

AGENT = "agent:"

CENSUS_MAX = 32
"""Identities of an installation that are sampled, those with the smallest digests: enough to tell whether an
inventory names most of them, and few enough to be told to everybody."""

OURS: dict[str, re.Pattern[str]] = {
    "aws": re.compile(r"(?:user|role)/(?!AWSServiceRoleFor|AWSReservedSSO_|aws-controltower-)"),
    "vault": re.compile(r"entity/"),
    "k8s": re.compile(
        r"(?!(?:user|group|system|secret|namespace|kube-[^/]*|openshift-[^/]*|gke-[^/]*)/)[^/]+/"
    ),
    "gcp": re.compile(
        r"(?!service-\d+@)[^@/]+@(?!(?:cloudservices|system|gcp-sa-[^.]*|[^.]*-robot)\.)"
        r"[^@]*gserviceaccount\.com$"
    ),
    "entra": re.compile(r"app/"),
    "agent": re.compile(r"."),
}  # fmt: skip
"""By the first word of the key, what identities of a site's own look like after their installation. Not among
them: what the provider makes and runs for itself (service-linked roles, kube-system, service agents), people
(single sign-on, users of a cluster), federated subjects (their role is judged), tokens without an identity,
and the second names that a provider has for one identity (a service principal of an application)."""


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


def roster_head(installation: str) -> str:
    """Where the sample of the whole installation is."""
    return f"{ROSTER_PREFIX}{installation}#all"


def is_own(key: str) -> bool:
    """Whether a key names an identity that an inventory of the site should know."""
    word, _, rest = key.partition(":")
    pattern = OURS.get(word)
    name = rest if word == "agent" else rest.partition(":")[2]
    return pattern is not None and pattern.match(name) is not None


def digest(key: str) -> str:
    """How an identity stands in a census: what it is called is not needed there."""
    return f"{zlib.crc32(key.encode()):08x}"
