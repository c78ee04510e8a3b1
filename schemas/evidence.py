"""Evidence: one thing that a log says happened, small enough to be carried by a verdict.

Every time in gapwatch is an ``int`` of microseconds since 1970-01-01T00:00:00Z (UTC); 0 means unknown.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import msgspec

from schemas.remembering import remembered, remembered_together

SECOND = 1_000_000

DEFAULT_INSTANCE = "default"
"""The installation of a topic or a file that names none."""


def micros(span: timedelta) -> int:
    """Returns a length of time in microseconds."""
    return span // timedelta(microseconds=1)


def iso(time: int) -> str:
    """Returns a time in µs as RFC 3339 in UTC with as many decimals as needed; "" for 0 (unknown) and for
    times no calendar holds."""
    if not time:
        return ""
    try:
        moment = datetime.fromtimestamp(time // SECOND, UTC).replace(microsecond=time % SECOND)
    except (OverflowError, OSError, ValueError):
        return ""
    return moment.isoformat().replace("+00:00", "Z")


Event = tuple[str, str]
"""An event: who says it, and the id that it has there."""


class Evidence(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, order=True, gc=False
):
    """One event as a verdict quotes it.

    ``uid`` is the vendor's own id of the event (CloudTrail ``eventID``, Vault ``request.id``,
    ``traceid:spanid``), and means something only together with ``origin``, who gave it: ``event`` is the two.
    ``arrived`` and ``processed`` say when gapwatch got and read it (0 in a replay); they order nothing.
    ``asked``: see ``schemas.activity.Activity``; where it is about a secret, ``Fetched.which``; of a use that
    names no credential, which holder of the identity's name it was by (``Activity.incarnation``).
    ``asn``: the number of the autonomous system that ``place`` is in, as the same record says; 0 unknown.
    """

    time: int
    uid: str
    origin: str = ""
    actor: str = ""
    credential: str = ""
    operation: str = ""
    place: str = ""
    client: str = ""
    arrived: int = 0
    processed: int = 0
    mirrors: tuple[str, ...] = ()
    asked: str = ""
    asn: int = 0

    @property
    def source(self) -> str:
        """The kind of log that says it: the origin without its installation."""
        return source_of_origin(self.origin)

    @property
    def event(self) -> Event:
        """The event itself, wherever it is told: ids are their giver's own."""
        return self.origin, self.uid


def event_key(origin: str, uid: str) -> str:
    """Returns the text under which an event stands among those of several installations."""
    return f"{origin}\t{uid}" if "/" in origin else uid


@remembered_together(4_096)
def origin_of(source: str, instance: str) -> str:
    """Returns who says something: the source and, where there are several of it, which installation
    (``vault/prod``)."""
    return source if instance in ("", DEFAULT_INSTANCE) else f"{source}/{instance}"


@remembered(4_096)
def source_of_origin(origin: str) -> str:
    """Returns the source of an origin that reads ``source/installation``."""
    return origin.partition("/")[0]


def instance_of_origin(origin: str) -> str:
    """Returns the installation of an origin that reads ``source/installation``; ``default`` where it names
    none."""
    return origin.partition("/")[2] or DEFAULT_INSTANCE


VIA = " via "
"""Between the address and the gate (a VPC endpoint) in a place that is seen from inside."""


def gate_of(place: str) -> str:
    """Returns the gate that a place was seen through, "" for none."""
    return place.partition(VIA)[2]


@remembered(65_536)
def network_of(place: str) -> str:
    """Returns the network a caller came from: /24 of IPv4, /48 of IPv6, any other name as it is, "" for no
    place.

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
