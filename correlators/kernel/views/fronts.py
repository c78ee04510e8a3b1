"""Fronts: addresses that stand for others. A server behind a balancer that is not told to forward the address
of the client logs the balancer's nodes: everybody comes from all of them.

A front is an address that most of a sample of identities have in common, and through which each of these was
given a credential, or at which it was in its first hour. So a stranger makes no front of his own address by
what he stole: nothing was issued to its victims there, and they were elsewhere before. He would have to be
let in under the names of most, or be there when the log begins.
"""

from __future__ import annotations

from correlators.kernel.views.places import FLEET_HOUR
from correlators.kernel.views.view import View
from schemas.dossier import Passage
from schemas.providers import behind

FRONT = 3
"""So many identities have an address in common that stands for others. Two may be one workload under two
names."""

MOST = 0.75
"""And so large a part of those that came from several addresses: hosts and nodes have a few in common."""


def fronts_of(view: View, credential: str, *, roaming: bool) -> frozenset[str]:
    """Returns the addresses that stand for others in front of the installation that the credential is of.
    ``roaming``: as the single credentials show it, each of which came from several of them; else as the
    identities do, whose workloads may also run on several hosts."""
    sampled = view.dossier.fronts.get(behind(credential))
    if not sampled:
        return frozenset()
    many = [passed for passed in sampled.values() if not roaming or any(p.roams for p in passed.values())]
    whose: dict[str, int] = {}
    for passed in many:
        start = min(passage.first for passage in passed.values())
        for place, passage in passed.items():
            if _began(passage, start) and (passage.roams or not roaming):
                whose[place] = whose.get(place, 0) + 1
    return frozenset(place for place, count in whose.items() if count >= max(FRONT, len(many) * MOST))


def _began(passage: Passage, start: int) -> bool:
    return bool(passage.given) or passage.first <= start + FLEET_HOUR
