"""What stands now, as gauges: open findings by severity and control, and sources that are silent.

Counted in ClickHouse, because nothing else knows what is open: an update that comes twice is one finding
there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from clickhouse_connect.driver.client import Client
from prometheus_client import Gauge

from schemas.authority import INVENTORY
from streams.clickhouse.engine import Engine

SECONDS = 30.0
"""Between two counts: an alert waits for a minute or more anyhow."""
SEEN_DAYS = 31
"""A source of which nothing came for longer is none that anybody waits for."""

OPEN = Gauge(
    "gapwatch_open_findings",
    "Findings that are neither resolved nor suppressed.",
    ["severity", "control"],
    multiprocess_mode="mostrecent",
)
SILENT = Gauge(
    "gapwatch_source_silent",
    "1 while nothing has come from a source for longer than it may be behind (setting source_lag).",
    ["source"],
    multiprocess_mode="mostrecent",
)

_OPEN = """SELECT severity, control, count() FROM findings FINAL
WHERE status_id NOT IN (3, 4) GROUP BY severity, control"""
_ARRIVED = f"""SELECT source, toUnixTimestamp64Milli(max(last_arrived)) / 1000
FROM {{internal}}.source_progress
WHERE minute > now() - INTERVAL {SEEN_DAYS} DAY GROUP BY source"""

log = logging.getLogger("gapwatch.deliver")


class Standing:
    """Sets the gauges. ``lag_of``: how long a source may be silent."""

    def __init__(self, lag_of: Callable[[str], timedelta]) -> None:
        self._lag_of = lag_of
        self._shown: set[tuple[str, str]] = set()

    def count(self, client: Client, internal: str) -> None:
        """Counts once; what was there before and is gone is shown as 0. ``internal``: name of the second
        database, which knows by the minute what arrived."""
        found = {(str(row[0]), str(row[1])): int(row[2]) for row in client.query(_OPEN).result_rows}
        for labels in self._shown | found.keys():
            OPEN.labels(*labels).set(found.get(labels, 0))
        self._shown |= found.keys()
        arrived = (
            (str(row[0]), float(row[1]))
            for row in client.query(_ARRIVED.format(internal=internal)).result_rows
        )
        for source, silent in silent_of(arrived, self._lag_of, time.time()).items():
            SILENT.labels(source).set(int(silent))

    def go_on(self, engine: Engine, stopping: threading.Event) -> threading.Thread:
        """Counts now and then until ``stopping`` is set; returns the thread that does."""

        def work() -> None:
            while not stopping.is_set():
                try:
                    client = engine.writer()
                    try:
                        self.count(client, engine.internal)
                    finally:
                        engine.discard(client)
                except Exception:
                    log.warning("what is open could not be counted, trying again later", exc_info=True)
                stopping.wait(SECONDS)

        thread = threading.Thread(target=work, name="standing", daemon=True)
        thread.start()
        return thread


def silent_of(
    arrived: Iterable[tuple[str, float]], lag_of: Callable[[str], timedelta], now: float
) -> dict[str, bool]:
    """Returns of each source whether it is silent. ``arrived``: when its latest record came (Unix time). An
    inventory speaks when somebody declares, so it is never silent."""
    return {
        source: now - latest > lag_of(source).total_seconds()
        for source, latest in arrived
        if source != INVENTORY
    }


def lags(lag: timedelta, by_source: Mapping[str, timedelta]) -> Callable[[str], timedelta]:
    """Returns how long each source may be silent, as the site sets it."""
    return lambda source: by_source.get(source, lag)
