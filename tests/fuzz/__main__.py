"""``python -m tests.fuzz --records 1000000``: fuzzes all sources and says what it found; exit code 1 for any
fault.

A fault is named by the number of its mutant: ``--first N --records 1`` with the same seed makes it again,
``--show`` prints it. With ``--beside`` the seeds hold the data beside the project too. ``python -m
tests.fuzz.guided`` lets the coverage of the code guide the mutations, where atheris is installed.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.corpus import corpus
from tests.fuzz.run import Fuzzer, lower_priority

TOLD_EVERY_SECONDS = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--records", type=int, default=1_000_000, help="mutants to read")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other mutants")
    parser.add_argument("--beside", action="store_true", help="seeds of the data beside the project too")
    parser.add_argument("--show", action="store_true", help="print each mutant as Python bytes")
    asked = parser.parse_args()
    lower_priority()
    fuzzer = Fuzzer(corpus(asked.beside), asked.seed)
    numbers = range(asked.first, asked.first + asked.records)
    if asked.show:
        for number in numbers:
            record = fuzzer.record(number)
            print(number, record.source or "none", record.body)
    last = time.monotonic()

    def progress(number: int) -> None:
        nonlocal last
        if time.monotonic() - last > TOLD_EVERY_SECONDS:
            last = time.monotonic()
            print(f"{number - asked.first + 1:,} of {asked.records:,}", file=sys.stderr, flush=True)

    report = fuzzer.run(numbers, progress)
    print("\n".join(report.lines()))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
