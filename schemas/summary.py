"""The summary of a source: what people need to know of it."""

from __future__ import annotations

import msgspec


class Summary(msgspec.Struct, frozen=True):
    """What a source gives, what it cannot show, and how to ship it here: its row in docs/sources.md."""

    gives: str
    cannot_show: str
    ship: str
