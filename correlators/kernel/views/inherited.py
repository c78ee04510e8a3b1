"""Inherited places: what a credential did not make its own itself, and has from others of its identity.

A rotation changes the key, not where the workload runs; and what is given to several hosts for an hour at a
time comes from where all of the identity's sessions came from, each from its first minutes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from correlators.kernel.knowledge.join import stays as joined
from correlators.kernel.views.places import FLEET, Here, daily, heres, soon_of, sorted_out
from correlators.kernel.views.rotations import born, family, stands
from correlators.kernel.views.view import View
from schemas.credential_kind import traits_of
from schemas.dossier import Credential, Stay
from schemas.evidence import network_of
from schemas.providers import is_trust

Places = frozenset[tuple[str, str]]
"""By source and place."""


Order = Callable[[list[Here]], list[Here]]
"""Puts places in an order: the first is a credential's own where no other is."""


SHARED_FIRST = 4
"""So many sessions of an identity show whether its sessions are shared by holders whose addresses change."""


def inherited(
    view: View, names: Collection[str], every: list[Here], life: int, usual: Places, order: Order
) -> Places:
    """Returns the places that are given to these credentials by others of their identity. ``every``: what is
    known of theirs; ``life``: for how long a single one is good (µs, 0 unknown); ``usual``: see
    ``places_of_sessions``."""
    left = _of_predecessors(view, names, order)
    if len(names) > 1 or not all(is_session(view.credentials[name]) for name in names):
        return left
    early = every[0].stay.first.time + soon_of(life)
    return left | usual & {(h.source, h.place) for h in every if h.stay.first.time <= early}


def places_of_sessions(credentials: Iterable[Credential]) -> Places:
    """Returns the places from which the sessions among these came from the first hours on and for days, where
    any of them came from several."""
    credentials = list(credentials)
    if all(len(credential.stays) < 2 for credential in credentials):
        return frozenset()
    history: dict[str, Stay] = {}
    for credential in credentials:
        if is_session(credential):
            history = joined(history, credential.stays)
    return frozenset(daily(heres(history)))


def shared_sessions(credentials: Iterable[tuple[str, Credential]]) -> dict[str, Credential]:
    """Returns the sessions of an identity where each of the first ones came from several networks and few of
    these came back in the next ones: a function that its cloud runs here and there, a vendor's workers. Later
    sessions change nothing, so nobody who comes later can make it so."""
    sessions = {name: c for name, c in credentials if c.stays and is_session(c)}
    if len(sessions) < SHARED_FIRST or sum(len(c.stays) >= FLEET for c in sessions.values()) < SHARED_FIRST:
        return {}

    def begins(credential: Credential) -> tuple[int, str]:
        return min((stay.first.time, stay.first.uid) for stay in credential.stays.values())

    first = sorted(sessions.values(), key=begins)[:SHARED_FIRST]
    seen = [{network_of(key.partition("\t")[2]) for key in c.stays} for c in first]
    every = set().union(*seen)
    back = [network for network in every if sum(network in one for one in seen) > 1]
    few = len(back) * SHARED_FIRST <= len(every)
    return sessions if few and all(len(one) >= FLEET for one in seen) else {}


def life_of(credential: Credential) -> int:
    """Returns for how long it was issued (µs), 0 where no record says."""
    issued, expires = credential.issued, credential.expiry[1]
    return expires - issued.time if issued and expires else 0


def is_session(credential: Credential) -> bool:
    """Says whether it was given for a while, to no machine."""
    return not credential.machine and (traits_of(credential.kind).passing or bool(life_of(credential)))


def _of_predecessors(view: View, names: Collection[str], order: Order) -> Places:
    """Own places of the credentials whose place one of these took. What was new for the old one is new for
    its successor, too."""
    left: set[tuple[str, str]] = set()
    successors = [view.credentials[name] for name in names]
    for name, old in view.credentials.items():
        if not name or name in names or not old.stays or is_trust(name) or not stands(old):
            continue
        if any(_alike(old, c) and 0 < born(old) < born(c) for c in successors):
            history = order(heres(old.stays))
            own, _ = sorted_out(history, history, lambda _: False, False)
            left.update((here.source, here.place) for here in own)
    return frozenset(left)


def _alike(one: Credential, other: Credential) -> bool:
    return family(one) == family(other) or "" in (one.kind, other.kind)
