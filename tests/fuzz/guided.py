"""``python -m tests.fuzz.guided -runs=1000000``: mutations that the coverage of our code guides (needs
atheris).

The options are libFuzzer's (``-runs``, ``-max_total_time``, ``-max_len``, ``-seed``, a folder to keep
what was found new). The first byte of an input chooses the hint, the rest is the record. Any fault ends
the run with the input that shows it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

try:
    import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]
except ImportError:
    sys.exit("atheris is not installed (pip install atheris); `python -m tests.fuzz` needs nothing")

with atheris.instrument_imports(
    include=["schemas", "correlators.driver.normaliser", "correlators.driver.combining"]
):
    from correlators.driver.normaliser import Record
    from schemas.sources import sources
    from tests.fuzz.corpus import corpus
    from tests.fuzz.run import Judge

    # The readers are imported when they are first asked for.
    HINTS = ("", *sorted(sources()))

JUDGE = Judge()


class FaultError(Exception):
    """What came of a record breaks the promise."""


def one(data: bytes) -> None:
    record = Record(data[1:], HINTS[data[0] % len(HINTS)] if data else "")
    fault = JUDGE.fault(record)
    if fault:
        raise FaultError(fault)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, seeds in corpus().items():
            hint = HINTS.index(name) if name in HINTS else 0
            for i, seed in enumerate(seeds):
                (Path(folder) / f"{name}-{i}").write_bytes(bytes([hint]) + seed)
        atheris.Setup([*sys.argv, folder], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
