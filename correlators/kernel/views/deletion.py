"""Deletion: whether a credential can be deleted without breaking anybody who works with it.

Silence is no proof here either: that nobody was seen is no reason to say that it is safe.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from schemas.evidence import iso

Answer = Literal["safe", "not safe", "cannot be known"]


class Known(NamedTuple):
    """What is known of a credential. Times in µs, 0: never.

    ``last_use``: the last accepted one; ``ended``: since when it is off; ``refused``: the last refused try;
    ``rotated``: since when a record says that another took its place; ``moved``, ``staying``: known consumers
    that were seen on the successor, and that were not; ``proven``: the ledger says so now. ``dying``: living
    credentials that end with it; ``hidden``: why uses of it may not be seen; ``window``: for how long a use
    before ``now`` says that it is in use.
    """

    now: int
    window: int
    last_use: int = 0
    ended: int = 0
    refused: int = 0
    rotated: int = 0
    moved: tuple[str, ...] = ()
    staying: tuple[str, ...] = ()
    proven: bool = False
    dying: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def deletion(known: Known) -> tuple[Answer, tuple[str, ...]]:
    """Returns the answer, and the reasons for it in words. What breaks outweighs what cannot be seen, and
    that outweighs every proof."""
    broken = tuple(_breaks(known))
    if broken:
        return "not safe", broken
    if known.hidden:
        return "cannot be known", known.hidden
    if known.ended and known.refused > max(known.ended, known.last_use):
        said = f"it is off since {iso(known.ended)}, and was refused at {iso(known.refused)}"
        return "safe", (f"{said}: who still tries it does not work with it any more",)
    if known.rotated and known.proven:
        return "safe", (
            f"another took its place at {iso(known.rotated)}, and every known consumer was seen on that "
            f"since: {_some(known.moved)}",
        )
    return "cannot be known", (_silent(known),)


def _breaks(known: Known) -> list[str]:
    said = []
    if known.dying:
        said.append(f"{len(known.dying)} living credentials end with it: {_some(known.dying)}")
    if known.ended:
        if known.last_use > known.ended and known.refused < known.last_use:
            said.append(
                f"it is off since {iso(known.ended)}, and was accepted at {iso(known.last_use)} all the same"
            )
        return said
    if known.rotated and known.staying:
        said.append(
            f"{len(known.staying)} known consumers were not seen on its successor: {_some(known.staying)}"
        )
    elif not known.rotated and known.last_use and known.now - known.last_use <= known.window:
        said.append(f"it is in use: last accepted at {iso(known.last_use)}, and no record names a successor")
    return said


SHOWN = 5
"""Names in one reason; the others are counted."""


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _silent(known: Known) -> str:
    last = (
        f"it was last accepted at {iso(known.last_use)}" if known.last_use else "no accepted use is on record"
    )
    if known.ended:
        return (
            f"it is off since {iso(known.ended)}, and nobody has tried it since: silence is no proof; {last}"
        )
    if known.rotated:
        return f"another took its place at {iso(known.rotated)}; nothing proves that all have moved; {last}"
    return f"no record names a successor, and it is not off; {last}: silence is no proof"
