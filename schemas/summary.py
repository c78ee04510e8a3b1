"""The summary of a source: what people need to know of it."""

from __future__ import annotations

import msgspec


class Blind(msgspec.Struct, frozen=True):
    """Something that a source does not show unless it is switched on, or never shows.

    ``name``: what people call it; ``hides``: what is not seen; ``switch_on``: what to do about it.
    ``shown_by``: a regular expression (RE2) of what is seen where it is switched on, matched with
    ``<operation>|<action>|<credential>|<effects>`` of its activities: the credential as ``named``, ``masked``
    or ``none``, effects by their kinds; "": nothing would show it, so it is always hidden.
    """

    name: str
    hides: str
    switch_on: str
    shown_by: str = ""


class Summary(msgspec.Struct, frozen=True):
    """What a source gives, what it cannot show, and how to ship it here: its row in docs/sources.md.
    ``blind``: of what it cannot show, what is found out from its records."""

    gives: str
    cannot_show: str
    ship: str
    blind: tuple[Blind, ...] = ()
