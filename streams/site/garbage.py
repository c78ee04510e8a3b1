"""The garbage collector, told that this process makes many short-lived objects and no cycles."""

from __future__ import annotations

import gc

ALLOCATIONS = 1_000_000
"""Before a young collection. At the default of 700 it took two thirds of the time of making facts (30 µs an
event instead of 10), at 200,000 still a twelfth of what normalise cost: each pass walks all structs of the
batch and frees none, since reference counts free them."""


def calm() -> None:
    """Makes the garbage collector pass over what is imported; to be called once everything is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 50)
