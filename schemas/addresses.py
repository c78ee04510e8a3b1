"""IP addresses as logs write them: bare, with a port, in brackets, or not at all."""

from __future__ import annotations

import ipaddress

from schemas.remembering import remembered


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
