"""What reading costs, source by source: the typical record of each, read again and again.

It is a floor: the same record finds every cache warm. A source has its record here because its golden folder
has one (``tests/golden/<source>/typical.in.*``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from schemas.fact import facts_of
from schemas.sources import sources
from tests.bench.throughput import Figure
from tests.support.golden import CONTEXT, TYPICAL, record


def readers(repeats: int) -> Iterator[Figure]:
    """Events a second of one process, per source."""
    for name, source in sorted(sources().items()):
        body = record(name, TYPICAL)
        began = time.process_time()
        for _ in range(repeats):
            reading = source.read(body, CONTEXT)
            for activity in reading.activities:
                facts_of(activity)
        took = time.process_time() - began
        events = max(len(reading.activities), 1)
        note = f"{took / repeats / events * 1e6:.0f} µs an event, {len(body):,} bytes a record"
        yield Figure(f"read {name}", repeats * events / took, note)
