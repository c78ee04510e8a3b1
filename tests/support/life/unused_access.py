"""Ordinary life around ``unused_access``: grants that wait for their day."""

from __future__ import annotations

from schemas.activity import Activity
from tests.support.bindings import OTHER
from tests.support.declared import approved
from tests.support.kubernetes import ACCOUNT
from tests.support.life import DAY, Life, account, bound, cluster, unbound

MAILER = account()


def given(day: float, name: str = "quarterly") -> Activity:
    return bound(day * DAY, name, "report")


def used(day: float, name: str = "quarterly") -> Activity:
    return cluster(day * DAY, by=name)


def beside(*days: float) -> list[Activity]:
    """What it does by another grant."""
    return [used(day, "daily") for day in days]


NOW, SINCE = 120 * DAY, -DAY


def life(happens: str, real: str, quiet: list[Activity], loud: list[Activity], since: float = SINCE) -> Life:
    return Life(happens, real, quiet, loud, NOW, since)


LIVES = [
    life(
        "a quarterly report used its grant 80 days ago", "it did so 95 days ago",
        [given(0), used(40), *beside(50, 119)], [given(0), used(25), *beside(50, 119)],
    ),
    life(
        "a grant of last month", "one of a hundred days ago, and nothing since",
        [given(95), *beside(10, 119)], [given(10), *beside(11, 119)],
    ),
    life(
        "GitOps writes the binding anew each week, and it is used",
        "the same, and nobody uses it",
        [given(0), *(bound(7 * n * DAY, "quarterly", "report", verb="update") for n in range(1, 17)),
         used(90), *beside(3, 119)],
        [given(0), *(bound(7 * n * DAY, "quarterly", "report", verb="update") for n in range(1, 17)),
         *beside(3, 119)],
    ),
    life(
        "blue and green: the old binding went when the new one came",
        "the old one was left",
        [given(0), used(1), given(2, "green"), unbound(3 * DAY, "quarterly"), used(118, "green")],
        [given(0), used(1), given(2, "green"), used(118, "green")],
    ),
    life(
        "access for emergencies, approved as such", "the same without the approval",
        [given(0), *beside(1, 119), approved(ACCOUNT, 0, 300 * DAY, "break-glass")],
        [given(0), *beside(1, 119)],
    ),
    life(
        "a canary that runs with each monthly release", "one whose last release was in spring",
        [given(0), *(used(d) for d in (1, 31, 61, 91)), *beside(119)],
        [given(0), used(1), *beside(119)],
    ),
    life(
        "the log was first collected three months ago, and does not show the quarter before",
        "it was used once, at the beginning of the log",
        [given(0), *beside(21, 119)], [given(0), used(21), *beside(22, 119)], 20 * DAY,
    ),
    life(
        "a binding was taken away by the on-call team after a week",
        "it was given again the day after",
        [given(0), *beside(1, 119), unbound(7 * DAY, "quarterly", OTHER)],
        [given(0), *beside(1, 119), unbound(7 * DAY, "quarterly", OTHER), given(8)],
    ),
    life(
        "failover: the standby's account is used in a drill every two months",
        "the drills of the last quarter were left out",
        [given(0), *(used(d) for d in (10, 70)), *beside(119)],
        [given(0), used(10), *beside(119)],
    ),
]  # fmt: skip
