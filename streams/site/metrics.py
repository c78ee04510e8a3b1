"""What the pipeline counts. Each process writes its numbers into the run's folder; one endpoint shows all.

`PROMETHEUS_MULTIPROC_DIR` has to be set before this module is imported: the supervisor sets it for itself
and its stages. Without it (a replay, a test) the numbers stay in the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

RECORDS = Counter("gapwatch_records", "Raw records read from the raw topics.", ["source"])
ACTIVITIES = Counter("gapwatch_activities", "Activities that records gave.", ["source"])
FACTS = Counter("gapwatch_facts", "Facts that activities gave, before they were joined.", ["source"])
AHEAD = Counter(
    "gapwatch_ahead", "Activities that claim a later time than they came at, and wait for it.", ["source"]
)
REJECTS = Counter("gapwatch_rejects", "Records or parts of records that could not be read.", ["source"])
VERDICTS = Counter("gapwatch_verdicts", "Verdicts that changed.", ["control", "value"])
FINDINGS = Counter("gapwatch_findings", "Findings made, updated or closed.", ["control", "activity"])
CAPS = Counter("gapwatch_caps_reached", "Times that a named cap cut something off.", ["cap"])
ROWS = Counter("gapwatch_rows", "Rows inserted into ClickHouse.", ["table"])
DOSSIERS = Gauge("gapwatch_dossiers", "Dossiers held in memory.", multiprocess_mode="livesum")
LAG = Gauge("gapwatch_lag", "Messages a stage has yet to read.", ["stage"], multiprocess_mode="livesum")
LATENCY = Histogram(
    "gapwatch_finding_latency_seconds",
    "From the arrival of the last evidence to the finding.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
RESTARTS = Counter("gapwatch_stage_restarts", "Crashes after which a stage was started again.", ["stage"])
UP_NAME = "gapwatch_stage_up"
UP = Gauge(UP_NAME, "1 while a stage is ready.", ["stage"], multiprocess_mode="mostrecent")
HELD_NAME = "gapwatch_receiver_waiting"
"""As the receivers tell it (``streams.receivers.counts``)."""
DELIVER_SINCE_NAME = "gapwatch_deliver_waiting_since_seconds"
DELIVER_SINCE = Gauge(
    DELIVER_SINCE_NAME,
    "Since when (Unix time) ClickHouse has not taken what it was offered; 0 while nothing is on offer.",
    multiprocess_mode="mostrecent",
)
BROKER_BYTES = Gauge(
    "gapwatch_broker_resident_bytes", "Memory of the embedded broker.", multiprocess_mode="mostrecent"
)


def registry() -> CollectorRegistry:
    """Returns a registry over the numbers of all processes of this run."""
    collected = CollectorRegistry()
    MultiProcessCollector(collected, path=os.environ[MULTIPROCESS_VARIABLE])  # type: ignore[no-untyped-call]
    return collected


STUCK_SECONDS = 20.0
"""That ClickHouse may take for one batch, before it is told that it takes nothing: inserts last a second."""


def stuck_for(collected: Mapping[tuple[str, str], float], now: float) -> float:
    """Returns the seconds since ClickHouse has taken nothing of what it was offered; 0 where that is not
    worth a word."""
    since = collected.get((DELIVER_SINCE_NAME, ""), 0.0)
    return now - since if since and now - since > STUCK_SECONDS else 0.0


def totals(collected: CollectorRegistry) -> dict[tuple[str, str], float]:
    """Returns the counters and gauges by (name, first label's value), e.g. ("gapwatch_records_total",
    "vault")."""
    return _totals(collected.collect())


def parsed(text: str) -> dict[tuple[str, str], float]:
    """Returns the same of what a run serves. Raises ValueError for what is no such text."""
    return _totals(text_string_to_metric_families(text))


def _totals(families: Iterable[Metric]) -> dict[tuple[str, str], float]:
    out: dict[tuple[str, str], float] = {}
    for family in families:
        for sample in family.samples:
            if sample.name.endswith(("_created", "_bucket", "_sum", "_count")):
                continue
            key = (sample.name, next((v for k, v in sample.labels.items() if k != "pid"), ""))
            out[key] = out.get(key, 0.0) + sample.value
    return out
