"""Replaying: raw records in, final reports out, as if all records had been known at once. It uses no
file, broker or clock, so the output depends on the records alone."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from itertools import groupby

from correlators.driver.normaliser import Batch, Normaliser, Record
from correlators.driver.partition import Judging, Partition
from correlators.driver.watch import DAY
from correlators.kernel.catalogue import Judge
from correlators.kernel.routes.routing import judged_elsewhere
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from correlators.kernel.views.view import View
from schemas import frozen
from schemas.activity import Activity
from schemas.authority import INVENTORY, PAGES_ONLY, Authority
from schemas.dossier import Dossier
from schemas.evidence import SECOND
from schemas.fact import Tick
from schemas.lifeline import Lifeline
from schemas.rejected import RejectRow, failed_row
from schemas.sources import Context
from schemas.verdict import Report

GAP_IMPLAUSIBLE = 3 * 365
"""Days without any event beyond which what is later, and less, has a broken clock: no log is collected with
such a hole in it, and clocks that were never set are wrong by more."""


class Replaying:
    """Takes records; ``drain`` gives their rows, ``settle`` judges what is known, at ``now`` (µs) or just
    after the latest event. Then ``reports`` and ``lifelines`` give the results.

    ``trust`` holds the site's key and says whose security event tokens are believed; ``record_limit`` in
    bytes; ``authority``: what is believed beyond the pages of providers.
    """

    def __init__(
        self,
        controls: Mapping[str, Judge],
        trust: Context,
        thresholds: Thresholds = DEFAULTS,
        record_limit: int = 0,
        now: int = 0,
        authority: Authority = PAGES_ONLY,
    ) -> None:
        self._normaliser = Normaliser(
            trust.key, record_limit, self._saw, trust, skew=thresholds.skew, patient=True
        )
        # No message carries the dossiers of a replay. It settles once, when all is read: by a cap it would
        # let go of what a kill that it comes to later speaks of.
        self._partition = Partition(Judging(controls, thresholds, bytes_max=None, authority=authority))
        self._grace = thresholds.longest_grace
        self._now = now
        self._days: dict[int, tuple[int, int]] = {}
        self._reports: dict[str, Report] = {}
        self._failed: dict[str, str] = {}
        self._lifelines: dict[tuple[str, str], Lifeline] = {}

    def take(self, record: Record) -> None:
        """Reads one record."""
        self._normaliser.take(record)

    def refuse(self, record: Record, reason: str) -> None:
        """Notes as a reject a record that could not be read from its file."""
        self._normaliser.refuse(record, reason)

    def drain(self, last: bool = False) -> Batch:
        """Returns the rows of all records since the last call; their facts are known from now on. An
        activity that claims to be later than the end of the replay (if the end is known) comes with the
        ``last`` rows, or is a reject."""
        self._normaliser.release(self._now or _plausible(self._days), last)
        batch = self._normaliser.drain()
        self._partition.take(batch.facts)
        return batch

    def settle(self) -> int:
        """Judges everything that is known. Returns the time (µs) at which it judged; 0 if no event has a
        time."""
        # Just beyond every propagation time that is granted: nothing is undecided any more.
        now = self._now or _plausible(self._days) + self._grace + SECOND
        self._partition.take((), Tick(now))
        while True:
            settled = self._partition.settle()
            self._reports.update((report.uid, _final(report)) for report in settled.reports)
            self._failed.update(settled.failed)
            self._lifelines.update(((line.identity, line.credential), line) for line in settled.credentials)
            if not settled.forwards:
                return now if self._days or self._now else 0
            self._partition.take(settled.forwards)

    @property
    def reports(self) -> list[Report]:
        """What was last said of each verdict, as if it were said once; withdrawn findings too."""
        return list(self._reports.values())

    def known(self) -> Iterator[tuple[str, Dossier]]:
        """Yields every key and what is known of it."""
        yield from ((key, self._partition.dossier(key)) for key in sorted(self._partition.keys()))

    @property
    def failed(self) -> list[RejectRow]:
        """What could not be judged."""
        return [failed_row(key, why) for key, why in self._failed.items()]

    @property
    def identities(self) -> int:
        """Of how many identities a credential is known."""
        return len({line.identity for line in self._lifelines.values()})

    def lifelines(self) -> Iterator[Lifeline]:
        """Yields a row for each credential, in order of identity and name."""
        for identity, lines in groupby(sorted(self._lifelines.items()), key=lambda item: item[0][0]):
            names = self._names(identity)
            yield from (line for (_, name), line in lines if name in names)

    def _names(self, identity: str) -> Container[str]:
        """The credentials of a dossier that have a row of their own: not those that a later record merged
        into another one, and none of a dossier that now forwards."""
        dossier = self._partition.dossier(identity)
        return () if judged_elsewhere(identity, dossier) else View(identity, dossier).credentials

    def _saw(self, activity: Activity) -> None:
        if activity.source != INVENTORY:
            day = activity.time // DAY
            count, newest = self._days.get(day, (0, 0))
            self._days[day] = count + 1, max(newest, activity.time)


def _final(report: Report) -> Report:
    """As if said once: created where it stands open, closed where it is resolved."""
    return frozen.changed(report, activity=3 if report.detail else 1)


def _plausible(days: Mapping[int, tuple[int, int]]) -> int:
    """The latest event time of the stretch of days that has most events, where stretches lie implausibly far
    apart; of equal ones of the earlier. 0 without events. ``days``: by number how many, and the latest."""
    stretches: list[list[int]] = []
    for day in sorted(days):
        if not stretches or day - stretches[-1][-1] >= GAP_IMPLAUSIBLE:
            stretches.append([])
        stretches[-1].append(day)
    fullest = max(stretches, key=lambda stretch: sum(days[day][0] for day in stretch), default=())
    return max((days[day][1] for day in fullest), default=0)
