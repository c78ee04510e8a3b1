"""A service account's days: a deployment that is released every few days, or a job."""

from __future__ import annotations

from collections.abc import Iterator

from infra.simulator.kubernetes import (
    Call,
)
from infra.simulator.year_kubernetes import Account, Cluster, Pod, controller
from infra.simulator.year_stage import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WORKS_FROM,
    WORKS_UNTIL,
    Line,
    moments,
)

RELEASES_EVERY = 6
"""Days from one release of a deployment to the next; its pods' tokens live a week."""


WEEK = 7 * 24 * 3_600


def _lines(*calls: Call) -> Iterator[Line]:
    for call in calls:
        for written, body in call.lines:
            yield Line(written, body)


class AccountLife:
    """An account's days: a deployment that is released every few days, or a job."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._cluster = Cluster(account.chance)
        self._pod: Pod | None = None
        self._released = account.number % RELEASES_EVERY - RELEASES_EVERY
        self._day = -1

    def day(self, start: int, calls: int) -> Iterator[Line]:
        """Yields the lines of one ordinary day; while the account rests, its pod is stopped."""
        self._day += 1
        account = self._account
        quiet = start + DAY > account.quiet[0] and start < account.quiet[1]
        if quiet:
            if self._pod:
                yield from _lines(*self._cluster.stop(account, self._pod, start + HOUR))
                self._pod = None
            return
        yield from self._job(start, calls) if account.job else self._deployed(start, calls)

    def _job(self, start: int, calls: int) -> Iterator[Line]:
        account, chance = self._account, self._account.chance
        if not calls:
            return
        begins = start + WORKS_FROM + int(chance.random() * (WORKS_UNTIL - WORKS_FROM - HOUR))
        pod, made = self._cluster.start(account, begins, 3_607)
        yield from _lines(*made)
        for time in moments(chance, begins, 5 * SECOND, 20 * MINUTE, calls):
            yield from _lines(self._cluster.use(account, pod.caller, time))
        yield from _lines(
            *self._cluster.stop(
                account, pod, begins + 25 * MINUTE, controller("generic-garbage-collector", begins)
            )
        )

    def _deployed(self, start: int, calls: int) -> Iterator[Line]:
        account = self._account
        if self._pod is None or self._day - self._released >= RELEASES_EVERY:
            old, self._released = self._pod, self._day
            self._pod, made = self._cluster.start(account, start + 4 * HOUR, WEEK)
            yield from _lines(*made)
            if old:
                yield from _lines(*self._cluster.stop(account, old, start + 4 * HOUR + MINUTE))
        for time in moments(account.chance, start, WORKS_FROM, WORKS_UNTIL - WORKS_FROM, calls):
            yield from _lines(self._cluster.use(account, self._pod.caller, time))
