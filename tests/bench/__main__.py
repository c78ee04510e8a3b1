"""`make bench`: events a second of a plain consumer that only parses, of `replay`, and of the running
pipeline.

One run, one machine, the same records: single CloudTrail events, of which some end keys that are used later.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.simulator.load import Load
from streams.site.errors import Stop
from tests.bench import brokers, throughput
from tests.bench.readers import readers
from tests.bench.throughput import Figure

EVENTS = 200_000
IDENTITIES = 1_000
KILLED = 0.02
SEED = 22
READS = 3_000


def main() -> int:
    asked = _arguments()
    if asked.readers:
        for figure in readers(READS):
            _show(figure)
        return 0
    print(
        f"{asked.events:,} CloudTrail records, {asked.identities:,} identities, {os.cpu_count()} CPUs",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="gapwatch-bench-") as folder:
        records, due = _records(asked, Path(folder))
        figures = [_show(throughput.replay(records, asked.events))]
        for name, broker in brokers.wanted(asked.broker, Path(folder)):
            try:
                with broker as address:
                    measured = throughput.over(name, address, records, due, asked.workers, Path(folder))
                    figures += map(_show, measured)
            except (brokers.MissingError, Stop) as missing:
                print(f"{name:<46} left out: {missing}", flush=True)
    low = [f for f in figures if f.name.startswith("pipeline") and f.rate < asked.least]
    for figure in low:
        print(f"{figure.name}: below {asked.least:,} events a second")
    return 1 if low else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--identities", type=int, default=IDENTITIES)
    parser.add_argument("--workers", type=int, default=1, help="normalisers, and correlators")
    parser.add_argument("--broker", choices=("all", *brokers.NAMES), default="all")
    parser.add_argument(
        "--least", type=int, default=0, help="exit 1 if the pipeline is slower than this many events a second"
    )
    parser.add_argument("--readers", action="store_true", help="only the CPU time of reading, by source")
    return parser.parse_args()


def _records(asked: argparse.Namespace, folder: Path) -> tuple[Path, set[str]]:
    """A file of records and the keys for which a finding is due. They end an hour ago, so nothing is
    undecided."""
    lasts = timedelta(seconds=asked.events // 50 + 3600)
    start = (datetime.now(UTC) - lasts).replace(microsecond=0)
    load = Load(asked.events, asked.identities, SEED, start, KILLED)
    path = folder / "load.jsonl"
    with path.open("wb") as out:
        out.writelines(load.lines())
    return path, load.used_after_kill


def _show(figure: Figure) -> Figure:
    print(f"{figure.name:<46} {figure.rate:>9,.0f} events/s  {figure.note}".rstrip(), flush=True)
    return figure


if __name__ == "__main__":
    sys.exit(main())
