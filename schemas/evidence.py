"""Evidence: one thing that a log says happened, small enough to be carried by a verdict.

Every time in gapwatch is an ``int`` of microseconds since 1970-01-01T00:00:00Z (UTC); 0 means unknown.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

SECOND = 1_000_000


def micros(span: timedelta) -> int:
    """A length of time in microseconds."""
    return span // timedelta(microseconds=1)


def iso(time: int) -> str:
    """RFC 3339 in UTC with as many decimals as needed; "" for 0 (unknown) and for times no calendar holds."""
    if not time:
        return ""
    try:
        moment = datetime.fromtimestamp(time // SECOND, UTC).replace(microsecond=time % SECOND)
    except (OverflowError, OSError, ValueError):
        return ""
    return moment.isoformat().replace("+00:00", "Z")


class Evidence(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """One event as a verdict quotes it.

    ``uid`` is the vendor's own id of the event (CloudTrail ``eventID``, Vault ``request.id``,
    ``traceid:spanid``). ``arrived`` and ``processed`` say when gapwatch got and read it (0 in a replay); they
    never order anything. ``asked``: see ``schemas.activity.Activity``;
    where it is about a secret, ``Fetched.which``.
    """

    time: int
    uid: str
    source: str = ""
    actor: str = ""
    credential: str = ""
    operation: str = ""
    place: str = ""
    client: str = ""
    arrived: int = 0
    processed: int = 0
    mirrors: tuple[str, ...] = ()
    asked: str = ""


@lru_cache(maxsize=65_536)
def network_of(place: str) -> str:
    """The network a caller came from: /24 of IPv4, /48 of IPv6, any other name as it is, "" for no place.

    Loopback, link-local and unspecified addresses are kept (a recording on one machine still has places);
    what is no address and holds no dot or colon is a named place (a VPC endpoint, a cluster).
    """
    if not place:
        return ""
    try:
        address = ipaddress.ip_address(place)
    except ValueError:
        return place
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))
