"""Homes: the dossiers in which something lives that another dossier tells of.

Mostly it is one. Where records disagree, or somebody claims another one, it is told to each: to tell only one
of them, and later another, would leave the first with what was known then, by the order of the records.
"""

from __future__ import annotations

HOMES_MAX = 4
"""Homes of one thing that are told, the smallest by text: more than two are claims of strangers."""

_BETWEEN = "\n"


def homes_of(text: str) -> list[str]:
    """Returns the keys that stand in a field of homes."""
    return text.split(_BETWEEN)


def homes(a: str, b: str) -> str:
    """Returns the union of two fields of homes, cut to the smallest keys."""
    if a == b or not b:
        return a
    if not a:
        return b
    union = _BETWEEN.join(sorted({*homes_of(a), *homes_of(b)})[:HOMES_MAX])
    return a if union == a else union
