"""Circles: identities that are aliases of each other, by mistake or on purpose. Each forwards what it knows
to the others, and none would be judged: so the least of their keys is.

Who forwards to whom is told along with what is forwarded, so each of a circle learns of every step of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.dossier import Dossier
from schemas.providers import is_credential

CIRCLE_MARK = "aliases in a circle"

BETWEEN = "\t"
"""Between the two keys of a way."""


def ways(key: str, dossier: Dossier) -> dict[str, tuple[int, bool]]:
    """Returns who forwards to whom, as far as it is known here. A credential's key leads to its identity,
    never in a circle."""
    if not dossier.addresses or is_credential(key):
        return dossier.ways
    own = {
        f"{key}{BETWEEN}{target}": (address.turns[-1].time, address.turns[-1].alive)
        if address.turns
        else (0, True)
        for target, address in dossier.addresses.items()
        if target != key
    }
    return {**dossier.ways, **own}


def notices(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields the ways, told to whoever is or was an end of one; and the mark of who is in a circle."""
    if dossier.addresses and not is_credential(key):
        known = ways(key, dossier)
        for target in dossier.addresses:
            if target != key:
                yield target, Dossier(ways=known)
    if _circle(key, dossier):
        yield key, Dossier(marks=(CIRCLE_MARK,))


def is_home(key: str, dossier: Dossier) -> bool:
    """Says whether this is the key under which a circle is judged."""
    circle = _circle(key, dossier)
    return bool(circle) and key == min(circle)


def _circle(key: str, dossier: Dossier) -> set[str]:
    """The keys that are in a circle with this one, itself among them; none where it is in none."""
    if not dossier.ways or not dossier.addresses:
        return set()
    forth: dict[str, set[str]] = {}
    back: dict[str, set[str]] = {}
    for way, (_, holds) in ways(key, dossier).items():
        if holds:
            start, _, end = way.partition(BETWEEN)
            forth.setdefault(start, set()).add(end)
            back.setdefault(end, set()).add(start)
    return _reached(key, forth) & _reached(key, back)


def _reached(key: str, steps: dict[str, set[str]]) -> set[str]:
    """All that can be reached from a key in a step or more."""
    found: set[str] = set()
    ahead: Iterable[str] = steps.get(key, ())
    while fresh := set(ahead) - found:
        found |= fresh
        ahead = (end for start in fresh for end in steps.get(start, ()))
    return found
