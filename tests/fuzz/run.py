"""The run: mutants go through the normaliser as they would from a topic; what it gives is held against its
promise."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from types import FrameType

import orjson

from correlators.driver.normaliser import UNKNOWN, Batch, Normaliser, Record
from schemas.fact import Envelope, decode_envelope, encode_envelope
from schemas.sources import DECLARATION, Context, sources
from tests.fuzz.corpus import Corpus
from tests.fuzz.mutate import mutant

RECORD_LIMIT = 1_000_000
SLOW_SECONDS = 1.0
"""CPU time of one mutant of at most ``RECORD_LIMIT`` bytes; beyond it, reading is not linear."""
RARE = ("inventory", "none")
HANG_SECONDS = 20
"""Time after which reading one mutant is given up."""


class HangError(BaseException):
    """A record was not read in time. No reader catches this."""


@dataclass
class Report:
    """What a run found. ``faults``: number of the mutant, and what was wrong with what came of it."""

    records: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        rate = self.records / self.seconds if self.seconds else 0
        yield f"{self.records:,} records in {self.seconds:.1f} s ({rate:,.0f}/s), {len(self.faults)} faults"
        yield ", ".join(f"{name}: {n:,}" for name, n in self.outcomes.most_common())
        yield "activities of " + ", ".join(f"{name} {n:,}" for name, n in self.by_source.most_common())
        yield f"slowest: {self.slowest[0] * 1000:.0f} ms, record {self.slowest[1]}"
        yield from (f"record {number}: {what}" for number, what in self.faults[:20])


def _normaliser() -> Normaliser:
    """Tokens that nobody signed are believed: a mutant is never signed, and would be refused unread."""
    return Normaliser(b"fuzz", RECORD_LIMIT, trust=Context(unsigned_allowed=True))


class Judge:
    """Reads records as the pipeline does, and holds what comes of them against the promise."""

    def __init__(self) -> None:
        self._normaliser = _normaliser()
        self._known = {*sources(), UNKNOWN}
        self.outcomes: Counter[str] = Counter()
        self.by_source: Counter[str] = Counter()

    def fault(self, record: Record) -> str:
        """Reads one record and says what is wrong with what came of it; "" for nothing."""
        try:
            self._normaliser.take(record)
            batch = self._normaliser.drain()
            return self._of_rows(record, batch) or _of_facts(batch)
        except HangError:
            self._normaliser = _normaliser()
            return f"not read in {HANG_SECONDS} s"
        except Exception as error:
            self._normaliser = _normaliser()
            return f"raised {type(error).__name__}: {error}"

    def _of_rows(self, record: Record, batch: Batch) -> str:
        if batch.crashed:
            return f"crashed: {batch.rejects[-1].reason}"
        if not (batch.activities or batch.rejects or batch.passed.total()):
            return "is neither an activity, nor passed, nor rejected"
        for row in batch.activities:
            activity = orjson.loads(row)
            if not activity["uid"] or activity["time"] <= 0:
                return f"an activity without id or time: {activity['source']}"
            self.by_source[activity["source"]] += 1
        for reject in batch.rejects:
            if (
                not reject.reason
                or reject.source not in (*self._known, DECLARATION)
                or reject.line != record.line
            ):
                return f"a reject without its place or reason: {reject.source} {reject.reason}"
        self.outcomes["activity"] += len(batch.activities)
        self.outcomes["reject"] += len(batch.rejects)
        self.outcomes["passed"] += batch.passed.total()
        return ""


def _of_facts(batch: Batch) -> str:
    """What was learned is as good as its encoding."""
    back = decode_envelope(encode_envelope(Envelope(batch.facts)))
    return "" if len(back.facts) == len(batch.facts) else "facts were lost in their encoding"


class Fuzzer:
    """Mutants by their number: the same seed, corpus and number give the same mutant."""

    def __init__(self, seeds: Corpus, seed: int) -> None:
        self._seeds = seeds
        # YAML is read ten times slower than JSON: fewer of these, and more of all others in the same time.
        self._names = [name for name in sorted(seeds) for _ in range(1 if name in RARE else 5)]
        self._seed = seed
        self._trees = [tree for name in sorted(seeds) for tree in _trees(seeds[name][:20])]
        self._known = sorted(sources())

    def record(self, number: int) -> Record:
        """Half of them without a hint, some with the hint of another source."""
        chance = Random(f"{self._seed}:{number}")
        name = self._names[number % len(self._names)]
        trees = [orjson.loads(chance.choice(self._trees))]
        body = mutant(chance.choice(self._seeds[name]), chance, trees)
        hint = chance.choices(
            ("", name if name in self._known else "", chance.choice(self._known)), (50, 40, 10)
        )[0]
        return Record(body[: RECORD_LIMIT + 1], hint, line=number)

    def run(self, numbers: range, progress: Callable[[int], None] = lambda number: None) -> Report:
        report, judge, started = Report(), Judge(), time.monotonic()
        report.outcomes, report.by_source = judge.outcomes, judge.by_source
        with _alarm():
            for number in numbers:
                self._one(number, judge, report)
                progress(number)
        report.seconds = time.monotonic() - started
        return report

    def _one(self, number: int, judge: Judge, report: Report) -> None:
        record = self.record(number)
        report.records += 1
        before = time.process_time()
        signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
        fault = judge.fault(record)
        signal.setitimer(signal.ITIMER_REAL, 0)
        took = time.process_time() - before
        report.slowest = max(report.slowest, (took, number))
        if took > SLOW_SECONDS:
            fault = fault or f"took {took:.1f} s of CPU for {len(record.body):,} bytes"
        if fault:
            report.faults.append((number, f"{fault} (hint {record.source or 'none'})"))


def _trees(records: list[bytes]) -> Iterator[bytes]:
    for record in records:
        with contextlib.suppress(orjson.JSONDecodeError):
            if isinstance(orjson.loads(record), dict):
                yield record


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, late)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def lower_priority() -> None:
    with contextlib.suppress(OSError):
        os.nice(10)
