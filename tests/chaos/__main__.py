"""`make chaos`: rounds in each of which something fails, and a table of them.

`python -m tests.chaos --rounds 200 --seed 1`. After each round findings and assurance in ClickHouse equal a
replay of all that was sent; nothing is lost, nothing is there twice, nobody is behind, and no stage's memory
goes on growing. The seed and its number make a round: `--from N --rounds 1` does the same to a fresh site.
It begins with the last release, whose stages are upgraded one by one while records come.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from streams.supervision.process import StageProcess
from tests.chaos import released
from tests.chaos.faults import drawn
from tests.chaos.site import CORRELATORS, NAMES, NotSettledError, Seen, Site, site

DISTURBED = (sys.executable, "-m", "tests.chaos.disturbed")
GROWTH_MAX = 1.5
"""Of a stage's memory, from the first rounds after it was warm to the last ones."""
STATE_BYTES = 24
"""Of a worker's memory, for each byte by which the stored dossiers grew: decoded they take four, and beside
them stand their bytes, their rows, and what is left of reading all their versions again."""
WINDOW = 10
"""Rounds of which the median is taken; the first so many are left out, in which a stage grows warm."""
HEAD = (
    f"{'round':>5}  {'what failed':<62} {'settled':>8} {'findings':>8} {'assurance':>9}  memory of stages, MB"
)


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 where every round held."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first", help="number of the first round")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="gapwatch-chaos-"))
    print(f"seed {given.seed}; {folder}\n{HEAD}", flush=True)
    held = False
    try:
        held = run(folder, given.seed, range(given.first, given.first + given.rounds))
    finally:
        if held and not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if held else 1


def run(folder: Path, seed: int, rounds: range) -> bool:
    """Whether all of it held; tells each round as it is over."""
    all_seen: list[Seen] = []
    now = kind(DISTURBED)
    with site(folder) as under:
        tree = released.unpacked(folder)
        under.begin(kind(released.command(tree)) if tree else now)
        said = "rolling upgrade from the last release" if tree else "start (no git: no upgrade)"
        if tree:
            _upgrade(under, now)
        if not _settled(under.upgraded if tree else under.settle, "-", said, []):
            return False
        for number in rounds:
            fault, chance = drawn(seed, number)
            path = under.load(number, seed)
            try:
                said = fault(under, chance, lambda path=path: under.send(path))  # type: ignore[misc]
            except Exception:
                print(
                    f"{number:>5}  {fault.__name__} could not be done:\n{traceback.format_exc()}", flush=True
                )
                return False
            if not _settled(under.settle, str(number), said, all_seen) or not _is_flat(all_seen):
                return False
    return True


def kind(command: tuple[str, ...]) -> type[StageProcess]:
    """Stages that are started by this command."""
    return type("Started", (StageProcess,), {"command": command})


def _upgrade(under: Site, now: type[StageProcess]) -> None:
    """One stage after the other goes over to this tree, while records come."""
    under.all_read()
    under.stages.kind = now
    for step, (name, worker) in enumerate(NAMES):
        old = next(s for s in under.stages.running if (s.name, s.worker) == (name, worker))
        under.send(under.load(1_000 + step, 0))
        under.stages.stop(old)
        under.stages.start(name, worker)


def _settled(settle: Callable[[], Seen], number: str, said: str, all_seen: list[Seen]) -> bool:
    try:
        seen = settle()
    except NotSettledError as error:
        print(f"{number:>5}  {said:<62} NOT HELD: {error}", flush=True)
        return False
    all_seen.append(seen)
    memory = " ".join(f"{label} {size >> 20}" for label, size in sorted(seen.resident.items()))
    counts = f"{seen.seconds:>6.1f} s {seen.findings:>8} {seen.assurance:>9}"
    print(f"{number:>5}  {said:<62} {counts}  {memory}", flush=True)
    return True


def _is_flat(all_seen: list[Seen]) -> bool:
    """Whether no stage's memory goes on growing: asked after each round, so that it is known which one."""
    first, last = all_seen[WINDOW : 2 * WINDOW], all_seen[2 * WINDOW :][-WINDOW:]
    if len(last) < WINDOW:
        return True
    state = STATE_BYTES * (last[-1].state - first[0].state) / CORRELATORS
    for label in sorted(all_seen[-1].resident):
        then, now = (
            statistics.median(seen.resident.get(label, 0) for seen in part) for part in (first, last)
        )
        if now > GROWTH_MAX * then + (state if label.startswith("correlate") else 0):
            print(f"memory of {label} grew from {then / 2**20:.0f} to {now / 2**20:.0f} MB", flush=True)
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
