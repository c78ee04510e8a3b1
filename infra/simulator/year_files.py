"""Files of a simulated year: per source and day of delivery, gzipped, in the order of delivery.

Lines come 5 to 15 minutes late, so neighbours change places, also between the files of two days; some come
twice.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from infra.simulator.chance import Chance
from infra.simulator.year_stage import DAY, MINUTE, Line, Plan, date_of

LATE_FROM, LATE_SPAN = 5 * MINUTE, 10 * MINUTE
TWICE = 0.004
"""Share of lines that are delivered twice, the second time within the hour."""

LEVEL = 1
"""Of compression: a year is some gigabytes."""

FOLDERS = {
    "cloudtrail": ("cloudtrail/{day}_CloudTrail.json.gz", b'{"Records":[', b",\n", b"]}\n"),
    "kubernetes": ("kubernetes/{day}_audit.log.gz", b"", b"\n", b"\n"),
    "vault": ("vault/{day}_audit.log.gz", b"", b"\n", b"\n"),
    "otel": ("otel/{day}_traces.otlp.jsonl.gz", b"", b"\n", b"\n"),
    "coding": ("coding/{day}_logs.otlp.jsonl.gz", b"", b"\n", b"\n"),
    "mcp": ("mcp/{day}_gateway.jsonl.gz", b"", b"\n", b"\n"),
    "eks": ("eks/{day}_subscription.jsonl.gz", b"", b"\n", b"\n"),
    "gcp": ("gcp/{day}_entries.jsonl.gz", b"", b"\n", b"\n"),
    "azure": ("azure/{day}_diagnostics.jsonl.gz", b"", b"\n", b"\n"),
}
"""Name of a day's file, how it begins, parts its records and ends. A folder is that of a source, or of a way
in which it travels (``SOURCES``)."""

SOURCES = {"coding": "otel", "eks": "kubernetes"}

Outbox = list[tuple[int, int, bytes]]


class Delivery:
    """Takes lines day by day and writes each file once nothing more can come for it. Memory: two days of
    lines."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._folder = folder
        self._clean = plan.clean
        self._chance = {source: Chance(f"{plan.seed}/delivery/{source}") for source in FOLDERS}
        self._waiting: dict[tuple[int, str], Outbox] = defaultdict(list)
        self._pool = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self.written = 0
        self.twice = 0
        for source in FOLDERS:
            (folder / source).mkdir(parents=True, exist_ok=True)

    def take(self, source: str, lines: list[Line]) -> None:
        """Draws the same chances for a wrong line in the clean year, so that all others are delivered
        alike."""
        draw = self._chance[source].random
        waiting, clean = self._waiting, self._clean
        for line in lines:
            delivered = line.time + LATE_FROM + int(draw() * LATE_SPAN) + line.late
            again = draw()
            if clean and line.wrong:
                continue
            self.written += 1
            waiting[delivered // DAY, source].append((delivered, self.written, line.body))
            if again < TWICE:
                delivered += int(again / TWICE * 60) * MINUTE
                self.twice += 1
                waiting[delivered // DAY, source].append((delivered, -self.written, line.body))

    def close(self, until: int) -> None:
        """Writes the files of all days that end by then."""
        for key in sorted(key for key in self._waiting if (key[0] + 1) * DAY <= until):
            many = self._waiting.pop(key)
            if self._writing:
                self._writing.result()
            self._writing = self._pool.submit(self._write, *key, many)

    def finish(self) -> None:
        """Writes what is still open and waits until it is on disk; raises what writing raised."""
        self.close(1 << 62)
        if self._writing:
            self._writing.result()
        self._pool.shutdown()

    def _write(self, day: int, source: str, many: Outbox) -> None:
        name, begin, between, end = FOLDERS[source]
        body = begin + between.join(line for _, _, line in sorted(many)) + end
        path = self._folder / name.format(day=date_of(day))
        path.write_bytes(gzip.compress(body, LEVEL, mtime=0))
