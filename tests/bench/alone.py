"""One part alone in a process of its own, without a broker: ``python -m tests.bench.alone PART FILE``.

Prints a JSON object: events, seconds of wall and of CPU, resident memory in MB, and a word.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from correlators.driver.normaliser import Batch, Normaliser, Record
from correlators.driver.partition import Judging, Partition
from correlators.kernel.catalogue import controls
from schemas.fact import Tick, partition_of
from schemas.sources import sources
from schemas.stored import read_envelope
from streams.command.replay import Options
from streams.command.replay import replay as replay_files
from streams.kafka.packing import blocks, envelopes
from streams.site import garbage
from tests.bench.processes import rss_mb

SOURCE = "cloudtrail"
CONTROL = "revoked_credential_used"
BATCH = 20_000
"""Records of a batch, as the stage takes them at most."""
PARTITIONS = 8
FLUSH_EVERY = 4
"""Batches between two settlings: about a flush interval under load."""

Part = Callable[[Path], tuple[int, float, float, str]]


def _replay(path: Path) -> tuple[int, float, float, str]:
    """From the file to findings."""
    out = io.BytesIO()
    began = _now()
    events = replay_files(Options((str(path),), source=SOURCE), out).activities
    wall, cpu = _since(began)
    return events, wall, cpu, f"{out.getvalue().count(CONTROL.encode())} findings"


def _normalise(path: Path) -> tuple[int, float, float, str]:
    """From records to messages."""
    normaliser = Normaliser(b"key")
    lines = path.read_bytes().splitlines()
    began, size = _now(), 0
    for batch in _batches(normaliser, lines):
        rows = sum(len(block) for block in blocks(batch.activities))
        size += sum(len(body) for _, body in envelopes(batch.facts, PARTITIONS))
        assert rows
    wall, cpu = _since(began)
    return len(lines), wall, cpu, f"{size / len(lines):,.0f} bytes of facts an event"


def _correlate(path: Path) -> tuple[int, float, float, str]:
    """From envelopes to encoded dossiers."""
    lines = path.read_bytes().splitlines()
    sent = [list(envelopes(batch.facts, PARTITIONS)) for batch in _batches(Normaliser(b"key"), lines)]
    judging = Judging(controls(), paced=True)
    held = [Partition(judging, number) for number in range(PARTITIONS)]
    now = time.time_ns() // 1_000
    began, reports = _now(), 0
    for number, bodies in enumerate(sent, 1):
        for partition, body in bodies:
            held[partition].take(read_envelope(body).facts)
        if number % FLUSH_EVERY == 0 or number == len(sent):
            reports += _flush(held, now)
    wall, cpu = _since(began)
    return len(lines), wall, cpu, f"{reports} reports, {sum(len(p) for p in held):,} dossiers"


def _flush(held: list[Partition], now: int) -> int:
    reports, left = 0, True
    while left:
        left = False
        for partition in held:
            partition.take((), Tick(now))
            settled = partition.settle()
            reports += len(settled.reports)
            for key, fact in settled.forwards:
                held[partition_of(key, PARTITIONS)].take([(key, fact)])
                left = True
    return reports


def _batches(normaliser: Normaliser, lines: list[bytes]) -> Iterator[Batch]:
    every, place = iter(lines), 0
    while some := list(islice(every, BATCH)):
        for line in some:
            place += 1
            normaliser.take(Record(line, SOURCE, "", "raw.cloudtrail", 0, place))
        yield normaliser.drain()


PARTS: dict[str, Part] = {"replay": _replay, "normalise": _normalise, "correlate": _correlate}


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> tuple[float, float]:
    wall, cpu = _now()
    return wall - began[0], cpu - began[1]


def measured(part: str, records: Path) -> dict[str, Any]:
    """What the part cost, in a process that does nothing else."""
    command = [sys.executable, "-m", "tests.bench.alone", part, str(records)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[2])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> None:
    part, path = sys.argv[1:]
    sources()
    garbage.calm()
    events, wall, cpu, note = PARTS[part](Path(path))
    print(
        json.dumps({"events": events, "wall": wall, "cpu": cpu, "rss_mb": rss_mb(os.getpid()), "note": note})
    )


if __name__ == "__main__":
    main()
