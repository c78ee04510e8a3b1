"""`gapwatch replay`: raw log files in, final findings out; the very code of the running pipeline, in one
process, without a broker.

The output depends on the input alone: no clock of this machine, no arrival order, no latency.
"""

from __future__ import annotations

import sys
from bisect import insort
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import msgspec
import orjson

from correlators.driver.normaliser import Batch, Normaliser, Record
from correlators.kernel.catalogue import controls
from correlators.kernel.desk import Desk, Settled
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from schemas.evidence import SECOND, iso, micros
from schemas.finding import render_assurance, render_finding
from schemas.lifeline import Lifeline
from schemas.rejected import RejectRow
from schemas.sources import detect, sources
from schemas.verdict import Clock, Report
from streams.files.paths import Reader, files
from streams.site.errors import Stop

RECORD_LIMIT = 64 * 2**20
"""Bytes of one record; files may hold larger export requests than a topic takes."""

RECORDS_IN_BATCH = 5_000
"""Records whose facts are joined before they reach the desk."""

GAP_IMPLAUSIBLE = micros(timedelta(days=400))
"""An event this much later than every other one has a broken clock: it does not move the default ``--as-of``.
"""

DAY = micros(timedelta(days=1))
UNWATCHED = 7
"""Days without one record of a source: recordings of two times, not one that was quiet for a while."""

LATEST_KEPT = 1_000

REJECTS_SHOWN = 5
"""Rejects that the summary names; `--rejects` writes them all."""

REPLAY_KEY = b"gapwatch replay without a site key"
"""Masks secret ids where no site key is configured, so that the same input gives the same ids everywhere."""


@dataclass(frozen=True)
class Options:
    """What the command line says. Paths are files or folders, ``-`` is standard input."""

    paths: tuple[str, ...]
    inventories: tuple[str, ...] = ()
    source: str | None = None
    instance: str = "default"
    as_of: datetime | None = None
    rejects: Path | None = None
    assurance: Path | None = None
    activities: Path | None = None
    credentials: Path | None = None
    withdrawn: bool = False
    key: bytes = REPLAY_KEY
    thresholds: Thresholds = DEFAULTS


@dataclass
class Summary:
    """What a replay did, for standard error."""

    records: int = 0
    activities: int = 0
    passed: int = 0
    rejects: int = 0
    identities: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    first_rejects: list[RejectRow] = field(default_factory=list)
    as_of: int = 0


Progress = Callable[[int], None]


def replay(options: Options, out: BinaryIO, progress: Progress = lambda records: None) -> Summary:
    """Reads everything, settles once all is known, writes findings to ``out`` in order of time. Raises Stop
    for bad paths or names.
    """
    if options.source and options.source not in sources():
        raise Stop(f"There is no source {options.source!r}. Known: {', '.join(sorted(sources()))}.", code=2)
    with ExitStack() as stack:
        return _Replay(options, stack).run(out, progress)


class _Replay:
    def __init__(self, options: Options, stack: ExitStack) -> None:
        self._options = options
        self._normaliser = Normaliser(options.key, RECORD_LIMIT, self._saw)
        # No message carries the dossiers of a replay. It settles once, when all is read: by a cap it would
        # let go of what a kill that it comes to later speaks of.
        self._desk = Desk(controls(), bytes_max=None, thresholds=options.thresholds)
        self._last: dict[str, Report] = {}
        self._lifelines: dict[tuple[str, str], Lifeline] = {}
        self._seen: dict[str, int] = {}
        self._days: dict[str, dict[int, int]] = {}
        self._times: list[int] = []
        self._summary = Summary()
        self._files = {
            name: stack.enter_context(_open(path)) for name, path in self._wanted().items() if path
        }

    def _wanted(self) -> dict[str, Path | None]:
        o = self._options
        return {
            "rejects": o.rejects,
            "assurance": o.assurance,
            "activities": o.activities,
            "credentials": o.credentials,
        }

    def run(self, out: BinaryIO, progress: Progress) -> Summary:
        for count, (record, trouble) in enumerate(self._records(), 1):
            if trouble:
                self._normaliser.refuse(record, trouble)
            else:
                self._normaliser.take(record)
            self._summary.records = count
            if count % RECORDS_IN_BATCH == 0:
                self._drain()
                progress(count)
        self._drain()
        self._settle(self._clock())
        self._write(out)
        progress(self._summary.records)
        return self._summary

    def _records(self) -> Iterator[tuple[Record, str]]:
        o = self._options
        yield from self._of(Reader(detect, RECORD_LIMIT, "inventory", self._pass_over), o.inventories)
        yield from self._of(Reader(detect, RECORD_LIMIT, o.source, self._pass_over), o.paths)

    def _of(self, reader: Reader, paths: Iterable[str]) -> Iterator[tuple[Record, str]]:
        named = {Path(path) for path in paths}
        for path in files(paths):
            if self._own(path):
                continue
            for source, piece in reader.read(path, path in named):
                place = Record(piece.content, source, self._options.instance, piece.file, line=piece.line)
                yield place, piece.trouble

    def _own(self, path: Path) -> bool:
        """A file that this very replay writes is not read."""
        return any(p and p.exists() and path.exists() and p.samefile(path) for p in self._wanted().values())

    def _pass_over(self, name: str) -> None:
        self._summary.passed_over.append(name)

    def _saw(self, activity: object) -> None:
        time: int = activity.time  # type: ignore[attr-defined]
        source: str = activity.source  # type: ignore[attr-defined]
        if source == "inventory":
            return
        self._seen[source] = max(self._seen.get(source, 0), time)
        days = self._days.setdefault(source, {})
        day = time // DAY
        if time < days.get(day, time + 1):
            days[day] = time
        if len(self._times) < LATEST_KEPT or time > self._times[0]:
            insort(self._times, time)
            del self._times[:-LATEST_KEPT]

    def _drain(self) -> None:
        batch: Batch = self._normaliser.drain()
        self._summary.activities += len(batch.activities)
        self._summary.passed += sum(batch.passed.values())
        self._summary.rejects += len(batch.rejects)
        self._summary.first_rejects += batch.rejects[: REJECTS_SHOWN - len(self._summary.first_rejects)]
        self._lines("activities", batch.activities)
        self._lines("rejects", map(msgspec.json.encode, batch.rejects))
        self._desk.take(batch.facts)
        if self._options.withdrawn:
            self._settle(self._clock())

    def _clock(self) -> Clock:
        if self._options.as_of:
            now = micros(self._options.as_of.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC))
        else:
            # Just beyond every propagation time that is granted: nothing is undecided any more.
            now = _plausible(self._times) + self._options.thresholds.longest_grace + SECOND
        seen = {source: min(time, now) for source, time in self._seen.items()}
        return Clock(now, seen, {source: watched_since(days, now) for source, days in self._days.items()})

    def _settle(self, clock: Clock) -> None:
        self._summary.as_of = clock.now if self._times or self._options.as_of else 0
        while True:
            settled: Settled = self._desk.settle(clock)
            self._last.update((report.uid, report) for report in settled.reports)
            self._lifelines.update(((line.identity, line.credential), line) for line in settled.credentials)
            if not settled.forwards:
                return
            self._desk.take(settled.forwards)

    def _write(self, out: BinaryIO) -> None:
        catalogue = controls()
        findings, assurance = [], []
        for report in self._last.values():
            final = _final(report)
            control = catalogue[report.reported.control].CONTROL
            if report.finding and (report.detail != "withdrawn" or self._options.withdrawn):
                rendered = render_finding(final, control)
                findings.append((report.reported.start, report.uid, rendered))
                counted = self._summary.findings
                counted[control.name] = counted.get(control.name, 0) + 1
            if report.verdict:
                assurance.append((report.reported.start, report.uid, render_assurance(final, control)))
        for _, _, line in sorted(findings):
            out.write(line + b"\n")
        out.flush()
        self._lines("assurance", (line for _, _, line in sorted(assurance)))
        self._summary.identities = len({line.identity for line in self._lifelines.values()})
        self._lines("credentials", self._credentials())

    def _credentials(self) -> Iterator[bytes]:
        for identity, lines in groupby(sorted(self._lifelines.items()), key=lambda item: item[0][0]):
            names = self._names(identity)
            yield from (orjson.dumps(line.shown()) for (_, name), line in lines if name in names)

    def _names(self, identity: str) -> Container[str]:
        """The credentials of a dossier that have a row of their own: not those that a later record merged
        into another one, and none of a dossier that now forwards."""
        from correlators.kernel.routes.routing import forwarded_to
        from correlators.kernel.views.view import View

        dossier = self._desk.dossier(identity)
        return () if forwarded_to(identity, dossier) else View(identity, dossier).credentials

    def _lines(self, name: str, lines: Iterable[bytes]) -> None:
        if name in self._files:
            for line in lines:
                self._files[name].write(line + b"\n")


def _final(report: Report) -> Report:
    """As if said once: created where it stands open, closed where it is resolved."""
    return msgspec.structs.replace(report, activity=3 if report.detail else 1)


def watched_since(days: dict[int, int], now: int) -> int:
    """Since when (µs) a source has been watched without a break: the first event of the last unbroken stretch
    of days.

    ``days``: by number of the day since 1970, its first event.
    """
    known = sorted(day for day in days if day * DAY <= now)
    start = known[-1] if known else now // DAY
    for earlier, later in zip(reversed(known[:-1]), reversed(known), strict=False):
        if later - earlier > UNWATCHED:
            break
        start = earlier
    return days.get(start, now)


def _plausible(times: list[int]) -> int:
    """The latest event time that does not stand alone far beyond all others; 0 without events."""
    for later, earlier in zip(reversed(times), reversed(times[:-1]), strict=False):
        if later - earlier < GAP_IMPLAUSIBLE:
            return later
    return times[0] if times else 0


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise Stop(
            f"Cannot write {path}: {error.strerror}. Name a file in a folder that you may write to.", code=2
        ) from None


def told(summary: Summary) -> str:
    """The summary in a few lines."""
    lines = [
        f"{summary.records:,} records: {summary.activities:,} activities, "
        f"{summary.passed:,} without a result of their own, {summary.rejects:,} rejects; "
        f"{summary.identities:,} identities; as of {iso(summary.as_of) or 'never'}",
        "findings: " + (", ".join(f"{n} {name}" for name, n in sorted(summary.findings.items())) or "none"),
    ]
    lines += [f"passed over, no records: {name}" for name in summary.passed_over]
    lines += [f"reject: {_placed(row)}" for row in summary.first_rejects]
    if summary.rejects > len(summary.first_rejects):
        lines.append(f"and {summary.rejects - len(summary.first_rejects):,} more; --rejects FILE writes all")
    return "\n".join(lines)


def _placed(row: RejectRow) -> str:
    place = ".".join(part for part in (row.place, row.field) if part)
    line = f" line {row.line}" if row.line else ""
    return f"{row.topic}{line}: {place + ' ' if place else ''}{row.reason} ({row.source})"


if __name__ == "__main__":
    print(told(replay(Options(tuple(sys.argv[1:])), sys.stdout.buffer)), file=sys.stderr)
