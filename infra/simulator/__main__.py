"""`python -m infra.simulator story --out DIR`, `… year --out DIR` and `… load --events N`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from infra.simulator.delivery import deliver
from infra.simulator.inventory import inventory
from infra.simulator.load import Load
from infra.simulator.samples import bundle
from infra.simulator.story import tell, truth
from infra.simulator.year import write
from infra.simulator.year_stage import DAY, Plan, micros

START = "2026-11-22T00:00:00Z"
YEAR_START = "2025-11-22T00:00:00Z"
SEED = 22


def main(arguments: list[str] | None = None) -> int:
    """Writes the story, load, samples or year that the arguments ask for; returns the exit code."""
    asked = _parser().parse_args(arguments)
    command = {"story": _story, "load": _load, "samples": _samples, "year": _year}[asked.command]
    try:
        return command(asked)
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.simulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    story = commands.add_parser("story", help="a day of two AWS accounts: logs, inventory, truth.json")
    story.add_argument("--out", type=Path, required=True, help="folder to write to")
    load = commands.add_parser("load", help="single CloudTrail records as JSON lines on standard output")
    load.add_argument("--events", type=int, default=100_000)
    load.add_argument("--identities", type=int, default=1_000)
    load.add_argument("--killed", type=float, default=0.02, help="share of identities whose key is deleted")
    samples = commands.add_parser("samples", help="the bundled samples, made anew")
    samples.add_argument("--recordings", type=Path, required=True, help="folder with vault/ and agent/")
    samples.add_argument("--out", type=Path, required=True, help="folder to write to")
    year = commands.add_parser(
        "year", help="a year over AWS, Kubernetes, Vault and agents: logs, inventory, truth.json"
    )
    year.add_argument("--out", type=Path, required=True, help="folder to write to")
    year.add_argument("--identities", type=int, default=2_000)
    year.add_argument("--records", type=int, default=5_000_000, help="about; duplicates come on top")
    year.add_argument("--days", type=int, default=365)
    year.add_argument("--clean", action="store_true", help="the same year without what is wrong in it")
    for each, start in ((story, START), (load, START), (samples, START), (year, YEAR_START)):
        each.add_argument("--seed", type=int, default=SEED)
        each.add_argument("--start", type=_moment, default=_moment(start), help=f"default {start}")
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _story(asked: argparse.Namespace) -> int:
    story = tell(asked.seed, asked.start)
    files = deliver(story, asked.out / "cloudtrail")
    (asked.out / "inventory.yaml").write_text(inventory(story), encoding="utf-8")
    (asked.out / "truth.json").write_bytes(orjson.dumps(truth(story, asked.seed), option=orjson.OPT_INDENT_2))
    print(f"{len(story.sent)} events in {len(files)} files, inventory.yaml and truth.json in {asked.out}")
    return 0


def _load(asked: argparse.Namespace) -> int:
    load = Load(asked.events, asked.identities, asked.seed, asked.start, asked.killed)
    out = sys.stdout.buffer
    for line in load.lines():
        out.write(line)
    out.flush()
    print(f"{len(load.used_after_kill)} deleted keys were used later", file=sys.stderr)
    return 0


def _samples(asked: argparse.Namespace) -> int:
    size = bundle(asked.recordings, asked.out, asked.seed, asked.start)
    print(f"{size:,} bytes in {asked.out}")
    return 0


def _year(asked: argparse.Namespace) -> int:
    start = micros(asked.start) // DAY * DAY
    plan = Plan(start, asked.days, asked.identities, asked.records, asked.seed, asked.clean)
    columns = (
        BarColumn(),
        TextColumn("day {task.completed} of {task.total}"),
        TextColumn("{task.fields[written]:,} records"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=plan.days, written=0)
        try:
            written, twice = write(
                plan, asked.out, lambda day, lines: bar.update(task, completed=day, written=lines)
            )
        except ValueError as error:
            print(f"{error}. Give more with --identities and --days.", file=sys.stderr)
            return 2
    print(f"{written:,} records, {twice:,} of them twice, inventory.json and truth.json in {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
