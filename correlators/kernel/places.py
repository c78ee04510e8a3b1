"""Places: whether a declared network or named place covers where a use came from."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


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
