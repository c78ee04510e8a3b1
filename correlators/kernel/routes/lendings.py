"""Lendings: an address that records give to a machine, told to those who act from it.

Three dossiers: of the address (what it is, whose it came to be), of the machine (what it was given), and of
the identity. An identity whose session of a machine was seen in several places asks for what the machine was
given.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.dossier import Dossier, Member, Turn
from schemas.fact import LENT_PLACE, given_key
from schemas.frozen import changed
from schemas.providers import installation_of, machine_key


def lendings(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields (key, fact) for each machine and identity that must know which address was lent to whom."""
    if dossier.members:
        for identity in dossier.members:
            yield identity, Dossier(lent={given_key(key, at): turns for at, turns in dossier.lent.items()})
        return
    yield from _asked(key, dossier)
    places = [at for at in dossier.lent if at.startswith(LENT_PLACE)]
    for holder, turns in dossier.lent.items():
        if places and holder and not holder.startswith(LENT_PLACE):
            lent = tuple(sorted({*turns, *_taken(holder, dossier)}))
            yield holder, Dossier(lent=dict.fromkeys(places, lent))


def _asked(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    seen: dict[str, set[str]] = {}
    for credential in dossier.credentials.values():
        if credential.machine:
            seen.setdefault(credential.machine, set()).update(credential.stays)
    for machine in (name for name, places in seen.items() if len(places) > 1):
        yield machine_key(installation_of(key), machine), Dossier(members={key: Member(key)})


def _taken(holder: str, dossier: Dossier) -> Iterator[Turn]:
    """It is taken from one when it is another's, or nobody's."""
    for other, turns in dossier.lent.items():
        if other != holder and not other.startswith(LENT_PLACE):
            yield from (changed(turn, alive=False) for turn in turns)
