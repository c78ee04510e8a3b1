"""Coming: what waits for its time, and what has come.

Facts of a record from ahead of its time wait apart (``schemas.coming``); turns that a record dates later than
itself (a declared end of next week) are known at once, and no control sees them before.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from correlators.kernel.knowledge.join import join
from schemas import frozen
from schemas.dossier import Credential, Dossier, Turn


def arrived(dossier: Dossier, now: int) -> Dossier:
    """Returns the dossier together with the facts that waited until ``now`` (µs) or earlier. Returns the
    argument where no fact did."""
    come = sorted(time for time in dossier.coming if time <= now)
    if not come:
        return dossier
    known = frozen.changed(dossier, coming={t: f for t, f in dossier.coming.items() if t > now})
    for time in come:
        known = join(known, dossier.coming[time])
    return known


def present(dossier: Dossier, now: int) -> tuple[Dossier, int]:
    """Returns the dossier without turns that are still to come, and the time at which the first of those
    comes (µs; 0: none is to come). Returns the argument where none is to come: the last turn of a switch
    tells."""
    late = {name: c for name, c in dossier.credentials.items() if any(_ahead(t, now) for t in _switches(c))}
    switches = {key: many for key, many in dossier.turns.items() if _ahead(many, now)}
    if not late and not switches:
        return dossier, 0
    every = chain(switches.values(), *map(_switches, late.values()))
    first = min(turn.time for many in every for turn in many if turn.time > now)
    turns = {key: _so_far(many, now) for key, many in switches.items()}
    known = frozen.changed(
        dossier,
        credentials={**dossier.credentials, **{name: _until(c, now) for name, c in late.items()}},
        turns={key: many for key, many in {**dossier.turns, **turns}.items() if many},
    )
    return known, first


def _switches(c: Credential) -> Iterator[tuple[Turn, ...]]:
    if c.turns:
        yield c.turns
    if c.exposures:
        yield c.exposures
    if c.ancestors:
        yield from (ancestor.turns for ancestor in c.ancestors.values())


def _ahead(many: tuple[Turn, ...], now: int) -> bool:
    return bool(many) and many[-1].time > now


def _until(c: Credential, now: int) -> Credential:
    return frozen.changed(
        c,
        turns=_so_far(c.turns, now),
        exposures=_so_far(c.exposures, now),
        ancestors={
            name: frozen.changed(a, turns=_so_far(a.turns, now)) if _ahead(a.turns, now) else a
            for name, a in c.ancestors.items()
        },
    )


def _so_far(many: tuple[Turn, ...], now: int) -> tuple[Turn, ...]:
    return tuple(turn for turn in many if turn.time <= now)
