"""`python -m tests.bench.views`: how long the views of the cookbook take over many activities, as a reader
asks
them, on the embedded engine with two threads. The rows are made by the engine itself.

    python -m tests.bench.views --rows 20000000 --folder /var/tmp/views
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from streams.clickhouse.engine import Engine, Limits, connect
from streams.clickhouse.migrations import migrate
from streams.clickhouse.reference import write_reference
from tests.bench.views_rows import made

ONE, KEY = "aws:111122223333:role/r7", "aws:key/AKIA0000000000000007"
ASKED = {
    "open findings, worst first": "SELECT * FROM findings_open LIMIT 50",
    "one identity's timeline": f"SELECT * FROM timeline_of(identity = '{ONE}') ORDER BY time DESC LIMIT 1000",
    "lineage of one credential": f"SELECT * FROM credential_lineage WHERE ancestor = '{KEY}'",
    "who used this key since": f"SELECT * FROM used_since(key = '{KEY}', since = '2020-01-01 00:00:00')",
    "rotation progress": "SELECT * FROM rotation_completeness",
    "unused access": "SELECT * FROM unused_access LIMIT 1000",
    "tools, three ways": "SELECT * FROM agent_tools LIMIT 1000",
    "source lag": "SELECT * FROM source_lag",
    "latency breakdown": "SELECT * FROM latency",
    "noisiest": "SELECT * FROM noisiest LIMIT 100",
    "most privileged unproven": "SELECT * FROM unproven LIMIT 100",
    "changed since yesterday": "SELECT * FROM changes WHERE changed >= yesterday() LIMIT 1000",
    "precision by control": "SELECT * FROM precision_by_control",
    "the ledger": "SELECT value, count() FROM ledger GROUP BY value",
    "the ledger as it stood": "SELECT value, count() FROM ledger_at(at = now() - 3600) GROUP BY value",
    "revocation clock": "SELECT * FROM revocation_clock LIMIT 100",
    "revocation times": "SELECT * FROM revocation_times",
    "blind spots": "SELECT * FROM blind_spots",
    "attribution": "SELECT * FROM attribution",
}
TIMES = 3


def timed(engine: Engine, query: str) -> list[float]:
    """Returns the seconds of some runs of a query."""
    client = engine.reader()
    seconds = []
    try:
        for _ in range(TIMES):
            began = time.monotonic()
            client.query(query)
            seconds.append(time.monotonic() - began)
    finally:
        engine.discard(client)
    return seconds


def main() -> int:
    """Makes the rows where the folder holds none, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        engine = connect(None, folder / "clickhouse", limits=Limits(), memory=8 * 2**30)
        try:
            migrate(engine)
            write_reference(engine)
            rows = made(engine, asked.rows)
            print(f"{rows:,} activities, two threads; median and worst of {TIMES}", file=sys.stderr)
            print("| question | median, s | worst, s |\n|---|---|---|")
            for name, query in ASKED.items():
                seconds = timed(engine, query)
                print(f"| {name} | {median(seconds):.2f} | {max(seconds):.2f} |", flush=True)
        finally:
            engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
