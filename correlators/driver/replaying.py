"""Replaying: raw records in, final reports out, as if all of them had been known at once. No file, no broker,
no clock of a machine: what comes out depends on the records alone.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Container, Iterator, Mapping
from datetime import timedelta
from itertools import groupby

from correlators.driver.normaliser import Batch, Normaliser, Record
from correlators.driver.partition import Judging, Partition
from correlators.kernel.catalogue import Judge
from correlators.kernel.routes.routing import forwarded_to
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from correlators.kernel.views.view import View
from schemas import frozen
from schemas.activity import Activity
from schemas.authority import INVENTORY
from schemas.evidence import SECOND, micros
from schemas.fact import Tick
from schemas.lifeline import Lifeline
from schemas.sources import Context
from schemas.verdict import Report

GAP_IMPLAUSIBLE = micros(timedelta(days=400))
"""An event this much later than every other one has a broken clock: it does not move the default time."""

LATEST_KEPT = 1_000
"""Latest event times of which the default time is told."""


class Replaying:
    """Takes records; ``drain`` gives their rows, ``settle`` judges what is known, at ``now`` (µs) or just
    after the latest event; then ``reports`` and ``lifelines`` tell how it all stands.

    ``trust`` holds the site's key and whose security event tokens are believed; ``record_limit`` in bytes.
    """

    def __init__(
        self,
        controls: Mapping[str, Judge],
        trust: Context,
        thresholds: Thresholds = DEFAULTS,
        record_limit: int = 0,
        now: int = 0,
    ) -> None:
        self._normaliser = Normaliser(trust.key, record_limit, self._saw, trust)
        # No message carries the dossiers of a replay. It settles once, when all is read: by a cap it would
        # let go of what a kill that it comes to later speaks of.
        self._partition = Partition(Judging(controls, thresholds, bytes_max=None))
        self._grace = thresholds.longest_grace
        self._now = now
        self._times: list[int] = []
        self._reports: dict[str, Report] = {}
        self._lifelines: dict[tuple[str, str], Lifeline] = {}

    def take(self, record: Record) -> None:
        """Reads one record."""
        self._normaliser.take(record)

    def refuse(self, record: Record, reason: str) -> None:
        """A record that could not even be taken out of its file."""
        self._normaliser.refuse(record, reason)

    def drain(self) -> Batch:
        """The rows of all records since the last call; their facts are known from now on."""
        batch = self._normaliser.drain()
        self._partition.take(batch.facts)
        return batch

    def settle(self) -> int:
        """Judges everything that is known. Returns the time (µs) at which it was judged, 0 where no event has
        one."""
        # Just beyond every propagation time that is granted: nothing is undecided any more.
        now = self._now or _plausible(self._times) + self._grace + SECOND
        self._partition.take((), Tick(now))
        while True:
            settled = self._partition.settle()
            self._reports.update((report.uid, _final(report)) for report in settled.reports)
            self._lifelines.update(((line.identity, line.credential), line) for line in settled.credentials)
            if not settled.forwards:
                return now if self._times or self._now else 0
            self._partition.take(settled.forwards)

    @property
    def reports(self) -> list[Report]:
        """What was last said of each verdict, as if it were said once; withdrawn findings too."""
        return list(self._reports.values())

    @property
    def identities(self) -> int:
        """Of how many identities a credential is known."""
        return len({line.identity for line in self._lifelines.values()})

    def lifelines(self) -> Iterator[Lifeline]:
        """A row for each credential, in order of identity and name."""
        for identity, lines in groupby(sorted(self._lifelines.items()), key=lambda item: item[0][0]):
            names = self._names(identity)
            yield from (line for (_, name), line in lines if name in names)

    def _names(self, identity: str) -> Container[str]:
        """The credentials of a dossier that have a row of their own: not those that a later record merged
        into another one, and none of a dossier that now forwards."""
        dossier = self._partition.dossier(identity)
        return () if forwarded_to(identity, dossier) else View(identity, dossier).credentials

    def _saw(self, activity: Activity) -> None:
        time = activity.time
        if activity.source != INVENTORY and (len(self._times) < LATEST_KEPT or time > self._times[0]):
            insort(self._times, time)
            del self._times[:-LATEST_KEPT]


def _final(report: Report) -> Report:
    """As if said once: created where it stands open, closed where it is resolved."""
    return frozen.changed(report, activity=3 if report.detail else 1)


def _plausible(times: list[int]) -> int:
    """The latest event time that does not stand alone far beyond all others; 0 without events."""
    for later, earlier in zip(reversed(times), reversed(times[:-1]), strict=False):
        if later - earlier < GAP_IMPLAUSIBLE:
            return later
    return times[0] if times else 0
