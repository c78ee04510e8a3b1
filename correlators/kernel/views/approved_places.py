"""Approved places: what an identity's records say of where it may be, held against where it was."""

from __future__ import annotations

import ipaddress

from correlators.kernel.views.places import holds, inside, may_hold
from correlators.kernel.views.view import View
from schemas.addresses import system_of
from schemas.declaration import Declaration
from schemas.evidence import Evidence, instance_of_origin
from schemas.providers import is_gate
from schemas.remembering import remembered

CLUSTER = "cluster/"
"""Before the name of a cluster among declared places: what its own log shows from inside is there."""


def stated_places(view: View) -> list[Declaration]:
    """Returns what records say of where the identity may be, in order of recording; nothing where that was
    taken back."""
    return view.stating("places")


def in_force(stated: list[Declaration], time: int) -> tuple[Declaration, Declaration]:
    """Returns the latest record, and the one in force at a time (µs; before the first one that): what either
    of them approves is approved."""
    return stated[-1], next((d for d in reversed(stated) if d.recorded <= time), stated[0])


def is_approved(stated: list[Declaration], use: Evidence) -> bool:
    """Says whether the latest record covers the place of a use, or the one that was in force then."""
    return any(_covers(place, use) for d in in_force(stated, use.time) for place in d.places or ())


def is_unsaid(stated: list[Declaration], use: Evidence) -> bool:
    """Says whether it cannot be known if these records cover the place of a use: they name autonomous
    systems, and the use's own record does not tell its."""
    return any(may_hold(place, use) for d in in_force(stated, use.time) for place in d.places or ())


def unknown_places(stated: list[Declaration]) -> list[str]:
    """Returns the places whose names no record uses."""
    return sorted({place for place in stated[-1].places or () if not _is_shown(place)})


def _covers(declared: str, use: Evidence) -> bool:
    if declared.startswith(CLUSTER):
        return instance_of_origin(use.origin) == declared.removeprefix(CLUSTER) and inside(use.place)
    return holds(declared, use)


@remembered(4_096)
def _is_shown(declared: str) -> bool:
    """Whether records name such a place: a network, an address, an autonomous system, a cluster's
    log, or a gate."""
    if declared.startswith(CLUSTER) or is_gate(declared) or system_of(declared):
        return True
    try:
        ipaddress.ip_network(declared, strict=False)
    except ValueError:
        return False
    return True
