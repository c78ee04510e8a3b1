"""`make bench`: events a second, CPU time and memory of a plain consumer that only parses, of `replay`, of
single parts alone, and of the running pipeline.

One run, one machine, the same records: single CloudTrail events, of which some end keys that are used later.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median_low

from infra.simulator.load import Load
from streams.site.errors import Stop
from tests.bench import alone, brokers, throughput
from tests.bench.figures import FIGURES
from tests.bench.readers import readers
from tests.bench.throughput import Figure

EVENTS = 200_000
IDENTITIES = 1_000
KILLED = 0.02
SEED = 22


def main() -> int:
    asked = _arguments()
    if asked.readers:
        for figure in readers(asked.reads):
            print(_line(figure), flush=True)
        return 0
    if missing := asked.only and FIGURES[asked.only].missing:
        print(json.dumps({"name": asked.only, "left_out": missing}) if asked.json else missing, flush=True)
        return 2
    print(
        f"{asked.events:,} CloudTrail records, {asked.identities:,} identities, {os.cpu_count()} CPUs",
        file=sys.stderr,
        flush=True,
    )
    measured: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory(prefix="gapwatch-bench-") as folder:
        records, due = _records(asked, Path(folder))
        for number in range(asked.times):
            own = Path(folder) / str(number)
            own.mkdir()
            for figure in _figures(asked, records, due, own):
                measured.setdefault(figure.name, []).append(figure)
                if asked.times > 1 or not asked.json:
                    print(_line(figure), file=sys.stderr if asked.json else sys.stdout, flush=True)
    medians = [_median(figures) for figures in measured.values()]
    if asked.json:
        print("\n".join(_json(figure) for figure in medians), flush=True)
    elif asked.times > 1:
        print("\n".join(["Medians:", *map(_line, medians)]), flush=True)
    low = [f for f in medians if f.name.startswith("pipeline") and f.rate < asked.least]
    for figure in low:
        print(f"{figure.name}: below {asked.least:,} events a second", file=sys.stderr)
    return 1 if low else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=FIGURES, metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--events", type=int)
    parser.add_argument("--identities", type=int)
    parser.add_argument("--workers", type=int, help="normalisers, and correlators")
    parser.add_argument("--times", type=int, default=1, help="runs of each; more than one gives medians")
    parser.add_argument("--broker", choices=("all", "none", *brokers.NAMES), default="all")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure on standard output")
    parser.add_argument(
        "--least", type=int, default=0, help="exit 1 if the pipeline is slower than this many events a second"
    )
    parser.add_argument("--readers", action="store_true", help="only the CPU time of reading, by source")
    parser.add_argument("--reads", type=int, default=3_000, help="how often --readers reads each record")
    asked = parser.parse_args()
    figure = FIGURES[asked.only] if asked.only else None
    asked.parts = figure.parts if figure else tuple(alone.PARTS)
    if figure and not figure.pipeline:
        asked.broker = "none"
    for name, usual in (("events", EVENTS), ("identities", IDENTITIES), ("workers", 1)):
        if getattr(asked, name) is None:
            setattr(asked, name, getattr(figure, name) if figure else usual)
    return asked


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


def _figures(asked: argparse.Namespace, records: Path, due: set[str], folder: Path) -> Iterator[Figure]:
    for part in asked.parts:
        yield throughput.by_itself(part, records)
    for name, broker in brokers.wanted(asked.broker, folder):
        try:
            with broker as running:
                yield from throughput.over(name, running, records, due, asked.workers, folder)
        except (brokers.MissingError, Stop) as missing:
            print(f"{name:<46} left out: {missing}", file=sys.stderr, flush=True)


def _median(figures: list[Figure]) -> Figure:
    """The run whose rate stands in the middle, with all that it cost."""
    middle = median_low(figure.rate for figure in figures)
    return next(figure for figure in figures if figure.rate == middle)


def _line(figure: Figure) -> str:
    costs = ", ".join(
        f"{name} {cost.cpu_us_per_event:.1f} µs {cost.rss_mb:,.0f} MB"
        for name, cost in figure.processes.items()
    )
    return f"{figure.name:<46} {figure.rate:>9,.0f} events/s  {costs}  {figure.note}".rstrip()


def _json(figure: Figure) -> str:
    costs = {name: cost._asdict() for name, cost in figure.processes.items()}
    fields = {
        "name": figure.name,
        "events_per_s": round(figure.rate),
        "processes": costs,
        "note": figure.note,
    }
    return json.dumps(fields, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
