"""A key that was deleted two hours ago while what came from it lives on, as of now."""

from __future__ import annotations

from msgspec.structs import replace

from schemas.activity import Activity, Issued
from tests.support.clickhouse import NOW
from tests.support.make import KEY, ROLE, SESSION, T0, USER, issue, kill, use

HOUR = 3600
NEXT = "aws:111122223333:role/next"
CHAINED = "aws:key/ASIAEXAMPLE0000000S2"
ENDED_SESSION = "aws:key/ASIAEXAMPLE0000000S3"
START = NOW - 6 * HOUR * 1_000_000
SHIFT = START - T0
"""Scenarios begin at T0; this one began six hours ago."""
TRIES = 1_000


def activities() -> list[Activity]:
    """Key → session → chained session; the key deleted after 4 h, used 10 min later, then refused."""
    many = [
        use("known", 60),
        issue("issue S1", HOUR, SESSION, ROLE, KEY, USER, expires=T0 + 12 * HOUR * 1_000_000),
        issue("issue S2", 2 * HOUR, CHAINED, NEXT, SESSION, ROLE, expires=T0 + 13 * HOUR * 1_000_000),
        issue("issue S3", 2 * HOUR, ENDED_SESSION, ROLE, KEY, USER, expires=T0 + 3 * HOUR * 1_000_000),
        use("before", 3 * HOUR, ROLE, SESSION),
        kill("kill", 4 * HOUR),
        use("after", 4 * HOUR + 600),
        use("residual", 5 * HOUR, ROLE, SESSION),
        use("chained", 5 * HOUR, NEXT, CHAINED),
    ]
    many += [use(f"try {n}", 4 * HOUR + 900 + n, outcome="unauthenticated") for n in range(TRIES)]
    return [shifted(activity) for activity in many]


def shifted(activity: Activity) -> Activity:
    """The activity as of now."""
    effects = tuple(
        replace(e, expires=e.expires + SHIFT) if isinstance(e, Issued) and e.expires else e
        for e in activity.effects
    )
    return replace(activity, time=activity.time + SHIFT, effects=effects)
