"""`gapwatch replay`: raw log files in, final findings out; the very code of the running pipeline, in one
process, without a broker.

The output depends on the input alone: no clock of this machine, no arrival order, no latency.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import orjson

from correlators.driver.normaliser import Record
from correlators.driver.replaying import Replaying
from correlators.kernel.catalogue import controls
from schemas.evidence import iso, micros
from schemas.finding import render_assurance, render_finding
from schemas.freshness import freshness_of
from schemas.rejected import RejectRow
from schemas.sources import Context, detect, sources
from streams.command.declare import messages_of
from streams.files.paths import Reader, files
from streams.site.context import Site
from streams.site.errors import Stop
from streams.site.foreign import json_bytes, shown

RECORD_LIMIT = 64 * 2**20
"""Bytes of one record; files may hold larger export requests than a topic takes."""

RECORDS_IN_BATCH = 20_000
BYTES_IN_BATCH = 32 * 2**20
"""Records whose facts are joined before they are known, by number or by bytes, whichever comes first: they
are held until then, and a record may be a file of a whole day."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

REJECTS_SHOWN = 5
"""Rejects that the summary names; `--rejects` writes them all."""

SITE = Site(Context(key=b"no key of any site"))
"""A site of which nothing is set; the command line gives a key (`streams.command.replay_key`)."""


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
    site: Site = SITE


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
        site = options.site
        now = micros(options.as_of.astimezone(UTC) - EPOCH) if options.as_of else 0
        self._replaying = Replaying(
            controls(), site.reads, site.thresholds, RECORD_LIMIT, now, site.authority
        )
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
        size = 0
        for count, (record, trouble) in enumerate(self._records(), 1):
            if trouble:
                self._replaying.refuse(record, trouble)
            else:
                self._replaying.take(record)
            self._summary.records = count
            size += len(record.body)
            if count % RECORDS_IN_BATCH == 0 or size >= BYTES_IN_BATCH:
                size = 0
                self._drain()
                progress(count)
        self._drain(last=True)
        self._summary.as_of = self._replaying.settle()
        self._tell_rejects(self._replaying.failed)
        self._write(out)
        progress(self._summary.records)
        return self._summary

    def _records(self) -> Iterator[tuple[Record, str]]:
        o = self._options
        for message in messages_of(o.inventories) if o.inventories else ():
            yield Record(message.content, message.source, o.instance, "inventory"), ""
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

    def _drain(self, last: bool = False) -> None:
        batch = self._replaying.drain(last)
        self._summary.activities += len(batch.activities)
        self._summary.passed += sum(batch.passed.values())
        self._lines("activities", batch.activities)
        self._tell_rejects(batch.rejects)
        if self._options.withdrawn:
            self._replaying.settle()

    def _tell_rejects(self, rejects: list[RejectRow]) -> None:
        self._summary.rejects += len(rejects)
        self._summary.first_rejects += rejects[: REJECTS_SHOWN - len(self._summary.first_rejects)]
        self._lines("rejects", map(msgspec.json.encode, rejects))

    def _write(self, out: BinaryIO) -> None:
        catalogue = controls()
        findings, assurance = [], []
        for report in self._replaying.reports:
            control = catalogue[report.reported.control].CONTROL
            if report.finding and (report.detail != "withdrawn" or self._options.withdrawn):
                rendered = render_finding(report, control)
                findings.append((report.reported.start, report.uid, rendered))
                counted = self._summary.findings
                counted[control.name] = counted.get(control.name, 0) + 1
            if report.verdict:
                good = freshness_of(control.name, control.freshness, self._options.site.freshness)
                row = render_assurance(report, control, freshness=good)
                assurance.append((report.reported.start, report.uid, row))
        for _, _, line in sorted(findings):
            out.write(json_bytes(line) + b"\n")
        out.flush()
        self._lines("assurance", (line for _, _, line in sorted(assurance)))
        self._summary.identities = self._replaying.identities
        self._lines("credentials", (orjson.dumps(line.shown()) for line in self._replaying.lifelines()))

    def _lines(self, name: str, lines: Iterable[bytes]) -> None:
        if name in self._files:
            for line in lines:
                self._files[name].write(line + b"\n")


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise Stop(
            f"Cannot write {path}: {error.strerror}. Name a file in a folder that you may write to.", code=2
        ) from None


def described(summary: Summary) -> str:
    """Returns the summary in a few lines, whatever names are in it."""
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
    return "\n".join(map(shown, lines))


def _placed(row: RejectRow) -> str:
    place = ".".join(part for part in (row.place, row.field) if part)
    line = f" line {row.line}" if row.line else ""
    return f"{row.topic}{line}: {place + ' ' if place else ''}{row.reason} ({row.source})"


if __name__ == "__main__":
    print(described(replay(Options(tuple(sys.argv[1:])), sys.stdout.buffer)), file=sys.stderr)
