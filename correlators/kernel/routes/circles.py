"""Circles: identities that are aliases of each other, by mistake or on purpose. Each forwards what it knows
to the others, and none would be judged: so the least of their keys is. And an alias that records give to two
identities: what is known of it goes to both, and the least of them speaks of it.

Who forwards to whom is told along with what is forwarded, so each of a circle learns of every step of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.dossier import Dossier
from schemas.providers import is_credential

CIRCLE_MARK = "aliases in a circle"

BETWEEN = "\t"
"""Between the two keys of a way."""

SHARED_MARK = "alias of two identities"

DECLARED = "declared alias"
"""How a record gives an identity another key (``Turn.how``)."""

ALSO = "\n"
"""Between an alias and each of several identities to which records give it, among the ways."""


def ways(key: str, dossier: Dossier) -> dict[str, tuple[int, bool]]:
    """Returns the known ways: which key forwards to which. A credential's key leads to its identity, never
    in a circle."""
    if not dossier.addresses or is_credential(key):
        return dossier.ways
    shared = {f"{key}{ALSO}{target}": (0, True) for target in _sharers(key, dossier)}
    own = shared | {
        f"{key}{BETWEEN}{target}": (address.turns[-1].time, address.turns[-1].alive)
        if address.turns
        else (0, True)
        for target, address in dossier.addresses.items()
        if target != key
    }
    return {**dossier.ways, **own}


def notices(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields the known ways to every key that is or was at the end of one, and the mark of a key that is
    in a circle."""
    if dossier.addresses and not is_credential(key):
        known = ways(key, dossier)
        for target in dossier.addresses:
            if target != key:
                yield target, Dossier(ways=known)
    if _circle(key, dossier):
        yield key, Dossier(marks=(CIRCLE_MARK,))
    if SHARED_MARK not in dossier.marks and _sharers(key, dossier):
        yield key, Dossier(marks=(SHARED_MARK,))


def _sharers(key: str, dossier: Dossier) -> list[str]:
    """The identities to which records give this alias, where they are several."""
    turns = {target: address.turns[-1] for target, address in dossier.addresses.items() if address.turns}
    given = [target for target, turn in turns.items() if turn.alive and turn.how == DECLARED]
    return sorted(given) if len(given) > 1 else []


def spoken_of_elsewhere(key: str, dossier: Dossier, subjects: Iterable[str]) -> set[str]:
    """Returns those of some subjects that are of an alias of which another identity speaks."""
    homes: dict[str, list[str]] = {}
    for way in dossier.ways:
        alias, also, target = way.partition(ALSO)
        if also:
            homes.setdefault(alias, []).append(target)
    away = {alias for alias, targets in homes.items() if key in targets and min(targets) != key}
    if not away:
        return set()
    seen = {
        name: credential.known.actor for name, credential in dossier.credentials.items() if credential.known
    }
    return {s for s in subjects if seen.get(s) in away or any(s == a or s.startswith(f"{a} ") for a in away)}


def is_home(key: str, dossier: Dossier) -> bool:
    """Says whether this is the key under which its circle is judged."""
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
