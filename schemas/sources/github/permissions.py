"""Permissions of an installed app: what an event gives, and what it takes away.

An event says them as an object (``{"contents": "write"}``, also by kind of object), a list or a text
(``contents:write``). Levels are one permission each: ``write`` after ``read`` is another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.activity import Effect, Granted, Withdrawn
from schemas.sources.github.wire import Event
from schemas.wire import as_fields, as_list

PERMISSIONS_MAX = 64
"""Permissions of one event that are read: GitHub knows some ninety, an app asks for ten."""
NAME_MAX = 60
"""Letters of a permission and its level: the longest of GitHub's has some forty."""
DEPTH = 2
"""An object of kinds of objects, each with its permissions."""
NOTHING = ("none", "no access")


def changed_by(site: str, event: Event, holder: str, where: str) -> Iterator[Effect]:
    """Yields the grants that an event gives to the holder at this place, and those that it takes away."""
    given = {
        permission
        for said in (
            event.permissions, event.permissions_added, event.permissions_upgraded,
            event.permissions_unchanged, event.permissions_downgraded,
        )
        for permission in _read(said, DEPTH)
    }  # fmt: skip
    taken = set(_read(event.permissions_removed, DEPTH)) - given
    for permission in sorted(given)[:PERMISSIONS_MAX]:
        if permission.partition(":")[2].lower() in NOTHING:
            continue
        yield Granted(
            f"{site}grant/{where}/{permission}", f"{site}permission/{permission}",
            f"{event.action} {permission}", (holder,),
        )  # fmt: skip
    for permission in sorted(taken)[:PERMISSIONS_MAX]:
        grant = f"{site}grant/{where}/{permission}"
        yield Withdrawn(grant, f"{event.action} {permission}", identities=(holder,))


def _read(said: Any, depth: int) -> Iterator[str]:
    if isinstance(said, dict):
        for name, level in list(said.items())[:PERMISSIONS_MAX]:
            if isinstance(level, str):
                yield f"{name}:{level}"[:NAME_MAX]
            elif depth:
                yield from _read(level, depth - 1)
    elif isinstance(said, list):
        for one in said[:PERMISSIONS_MAX]:
            yield from _read(one, depth - 1) if depth else ()
    elif isinstance(said, str) and (parsed := as_fields(said) or as_list(said)):
        yield from _read(parsed, depth - 1) if depth else ()
    elif isinstance(said, str):
        yield from (one.strip()[:NAME_MAX] for one in said.split(",")[:PERMISSIONS_MAX] if ":" in one)
