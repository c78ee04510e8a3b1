"""Addresses as logs write them: IP addresses bare, with a port, in brackets, or not at all; and the numbers
of the autonomous systems that they are in."""

from __future__ import annotations

import ipaddress
import re

from schemas.remembering import remembered

_SYSTEM = re.compile(r"AS([1-9][0-9]{0,9})", re.IGNORECASE)


@remembered(65_536)
def address_of(text: str) -> str:
    """Returns the address in its usual form; "" for none, for an unspecified one (0.0.0.0) and for what no
    address can be."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return "" if address.is_unspecified else str(address)


def system_of(text: str) -> int:
    """Returns the number of the autonomous system that a text names (``AS64500``, RFC 5396), 0 for none."""
    found = _SYSTEM.fullmatch(text.strip())
    return system_number(int(found[1])) if found else 0


def system_number(number: int | None) -> int:
    """Returns the number where it can be one of an autonomous system, else 0."""
    return number if number and 0 < number < 1 << 32 else 0
