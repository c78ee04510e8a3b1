"""Places: whether a declared one covers where a use came from, and which two can be compared."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from schemas.evidence import Evidence

INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
        "fc00::/7", "fe80::/10", "::1/128",
    )
)  # fmt: skip
"""Networks whose addresses mean something only inside a site (RFC 1918, 6598, 3927, 4193)."""


@lru_cache(maxsize=65_536)
def covers(declared: str, place: str) -> bool:
    """Whether a declared network or name covers a place; an unknown place ("") is covered by nothing."""
    if not place:
        return False
    if declared == place:
        return True
    try:
        return ipaddress.ip_address(place) in ipaddress.ip_network(declared, strict=False)
    except ValueError:
        return False


def comparable(one: Evidence, other: Evidence) -> bool:
    """Whether two different places cannot be one machine's. It may have an address of each family; and what
    one service sees of it from inside is not what another one sees from outside.
    """
    if (":" in one.place) != (":" in other.place):
        return False
    return one.source == other.source or not (_inside(one.place) or _inside(other.place))


@lru_cache(maxsize=65_536)
def _inside(place: str) -> bool:
    """An address of a private network, or a named place (a VPC endpoint), which is one's own name for it."""
    try:
        address = ipaddress.ip_address(place)
    except ValueError:
        return True
    return any(address in network for network in INSIDE if network.version == address.version)
