"""Places: whether a declared one covers where a use came from, which two can be compared, and which of the
places of a credential are its own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple

from correlators.kernel.knowledge.join import SERVICES_MAX
from schemas.addresses import system_of
from schemas.dossier import Stay
from schemas.evidence import VIA, Evidence, gate_of, micros, network_of
from schemas.remembering import remembered, remembered_together

INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
        "fc00::/7", "fe80::/10", "::1/128",
    )
)  # fmt: skip
"""Networks whose addresses mean something only inside a site (RFC 1918, 6598, 3927, 4193)."""

FIRST_HOURS = micros(timedelta(hours=6))
"""What a credential came from this soon after it was first seen may be its own: a rotation of jobs, zones or
nodes is through by then."""

OWN_DAYS = 3
"""On so many days it must have come from there to be its own; a thief of the first hours is told meanwhile.
"""

FLEET = 4
"""So many places that are there from the first hour and stay are the hosts of a fleet, or jobs side by side;
two or three may be a copy or two."""

FLEET_HOUR = micros(timedelta(hours=1))
FLEET_SPAN = micros(timedelta(hours=3))
"""A fleet is seen as one after this; a place of it is still there in the last third of what is known."""

SHORT_LIFE = micros(timedelta(hours=6))
"""A credential that is good for less has no first hours: its first sixth stands for them, and half of its
life for ``FLEET_SPAN``. Only hosts of one private network are a fleet then."""


class Here(NamedTuple):
    """A credential at one place, as one source tells it."""

    source: str
    place: str
    stay: Stay

    @property
    def begins(self) -> tuple[int, str]:
        """The time (µs) and the event id of the first use in this place, by which places are put in order."""
        return self.stay.first.time, self.stay.first.uid


def heres(stays: dict[str, Stay]) -> list[Here]:
    """Returns the places of a credential in order of their first use."""
    parted = [(*key.partition("\t"), stay) for key, stay in stays.items()]
    return sorted((Here(source, place, stay) for source, _, place, stay in parted), key=_begins)


def _begins(here: Here) -> tuple[int, str, str]:
    return (*here.begins, here.place)


def holds(declared: str, use: Evidence) -> bool:
    """Says whether a declared place covers where a use came from: by its address or gate, or by the
    autonomous system that its record tells."""
    return covers(declared, use.place) or bool(use.asn and use.asn == system_of(declared))


def may_hold(declared: str, use: Evidence) -> bool:
    """Says whether a declared place is an autonomous system, and the record of the use, from a public
    address, does not tell of which one it is."""
    return bool(system_of(declared)) and not use.asn and bool(use.place) and not inside(use.place)


@remembered_together(65_536)
def covers(declared: str, place: str) -> bool:
    """Says whether a declared network or name covers a place; an unknown place ("") is covered by nothing,
    and what is seen through a gate by the gate's name alone: anybody may have these private addresses."""
    if not place:
        return False
    if declared in (place, gate_of(place)):
        return True
    try:
        network = ipaddress.ip_network(declared, strict=False)
        inner = ipaddress.ip_network(place, strict=False)
    except ValueError:
        return False
    return network.version == inner.version and inner.subnet_of(network)  # type: ignore[arg-type]


def comparable(one: Here, other: Here) -> bool:
    """Says whether two different places cannot be one machine's. It may have an address of each family; what
    one service sees of it from inside is not what another one sees from outside; and behind several gates it
    has the same private address."""
    if (":" in _address(one.place)) != (":" in _address(other.place)):
        return False
    if one.source != other.source:
        return not (inside(one.place) or inside(other.place))
    if bool(gate_of(one.place)) != bool(gate_of(other.place)):
        return _reached_both_ways(one.stay, other.stay)
    if gate_of(one.place) and _address(one.place) == _address(other.place):
        return _reached_both_ways(one.stay, other.stay)
    return True


def _address(place: str) -> str:
    return place.partition(VIA)[0].partition("/")[0]


def _reached_both_ways(one: Stay, other: Stay) -> bool:
    """A machine has one route to a service."""
    if max(len(one.services), len(other.services)) >= SERVICES_MAX:
        return True
    return not set(one.services).isdisjoint(other.services)


@remembered(65_536)
def inside(place: str) -> bool:
    """Says whether it is an address of a private network, or a named place (a VPC endpoint), which is one's
    own name for it."""
    try:
        network = ipaddress.ip_network(place, strict=False)
    except ValueError:
        return True
    return any(network.subnet_of(n) for n in INSIDE if n.version == network.version)  # type: ignore[arg-type]


def beside(one: Here, other: Here, gap: int) -> bool:
    """Says whether the uses at two places overlap in time, or, of two networks, lie at most ``gap`` µs
    apart."""
    apart = max(one.stay.first.time - other.stay.last.time, other.stay.first.time - one.stay.last.time)
    if apart <= 0:
        return True
    return apart <= gap and network_of(_address(one.place)) != network_of(_address(other.place))


class Known(NamedTuple):
    """Places of one holder, sorted out: its own (the first of all where no other is), and what came to
    them."""

    own: tuple[Here, ...]
    new: tuple[Here, ...]


def sorted_out(
    mine: Iterable[Here], history: list[Here], given: Callable[[Here], bool], declared: bool, life: int = 0
) -> Known:
    """Returns the places of a credential by whose they are. ``mine``: places of the credential; ``history``:
    those of its holder. ``given``: whether a declaration or a record gives a place; ``declared``: only such
    are its own. ``life``: see ``established``."""
    steady = set() if declared else established(history, life)
    own = [here for here in history if given(here) or (here.source, here.place) in steady]
    if not own:
        own = history[:1]
    start = history[0].stay.first.time
    known = {(here.source, here.place) for here in own}
    new: list[Here] = []
    for here in mine:
        if (here.source, here.place) in known:
            continue
        first = here.stay.first.time <= start + FIRST_HOURS or all(o.source != here.source for o in own)
        if first and not any(comparable(o, here) for o in own):
            own.append(here)
        else:
            new.append(here)
    return Known(tuple(own), tuple(new))


def established(history: list[Here], life: int = 0) -> set[tuple[str, str]]:
    """Returns the places that were there from the first hours on and kept being used: day after day, or, many
    at once, hour after hour. ``life``: how long the credential is good (µs, 0 unknown): of an hour the first
    minutes are the first hours, for hosts of one private network."""
    if not history:
        return set()
    fleet = _fleet(history, history, FLEET_HOUR, FLEET_SPAN)
    if 0 < life < SHORT_LIFE:
        for cluster in _clusters(history):
            fleet |= _fleet(history, cluster, soon_of(life), life // 2)
    return daily(history) | fleet


def daily(history: list[Here]) -> set[tuple[str, str]]:
    """Returns the places that were there from the first hours on and on days after."""
    start = history[0].stay.first.time if history else 0
    return {
        (here.source, here.place)
        for here in history
        if here.stay.first.time <= start + FIRST_HOURS and len(here.stay.days) >= OWN_DAYS
    }


def soon_of(life: int) -> int:
    """Returns what stands for the first hour of a credential that is good for so long (µs, 0 unknown)."""
    return life // 6 if 0 < life < SHORT_LIFE else FLEET_HOUR


def _fleet(history: list[Here], many: list[Here], soon: int, enough: int) -> set[tuple[str, str]]:
    """Of these places those that were there soon and stayed, where they are many and it was long enough."""
    start = history[0].stay.first.time
    span = max(here.stay.last.time for here in history) - start
    fleet = {
        (here.source, here.place)
        for here in many
        if here.stay.first.time <= start + soon and here.stay.last.time >= start + span * 2 // 3
    }
    return fleet if span >= enough and len(fleet) >= FLEET else set()


def _clusters(history: list[Here]) -> Iterable[list[Here]]:
    """The private addresses that one source tells, by the gate that they came through: nobody gets among them
    from outside."""
    clusters: dict[tuple[str, str], list[Here]] = {}
    for here in history:
        if inside(_address(here.place)):
            clusters.setdefault((here.source, gate_of(here.place)), []).append(here)
    return clusters.values()


def roams(history: list[Here]) -> bool:
    """Says whether a credential has no places of its own by what it did on its first three days: where it had
    been on the first two it did not come back. Later days change nothing, so nobody who comes later can make
    it so."""
    days = sorted({day for here in history for day in here.stay.days})[:3]
    if len(days) < 3:
        return False
    early = [here for here in history if here.stay.days[0] in days[:2]]
    if {here.stay.days[0] for here in early} != set(days[:2]) or len(early[0].stay.days) > 1:
        return False
    back = [here for here in early if len(here.stay.days) > 1]
    return len(back) * 4 <= len(early)
