"""Freshness: for how long a proof of a control is worth something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec


class Freshness(msgspec.Struct, frozen=True):
    """For how long a proof is good, and ``why``. ``limit`` None: for good, since what happened once stays
    true."""

    limit: timedelta | None
    why: str


PROVES_NOTHING = Freshness(None, "this control proves nothing")


def freshness_of(name: str, own: Freshness, site: Mapping[str, timedelta]) -> Freshness:
    """Returns the limit that holds for a control of this name: that of the ``site`` where it sets one (zero:
    for good), else the control's own."""
    limit = site.get(name)
    if limit is None:
        return own
    return Freshness(limit or None, "as this site sets it")
