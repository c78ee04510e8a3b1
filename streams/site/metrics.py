"""What the pipeline counts. Each process writes its numbers into the run's folder; one endpoint shows all.

`PROMETHEUS_MULTIPROC_DIR` has to be set before this module is imported: the supervisor sets it for itself
and its stages. Without it (a replay, a test) the numbers stay in the process.
"""

from __future__ import annotations

import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

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
UP = Gauge("gapwatch_stage_up", "1 while a stage is ready.", ["stage"], multiprocess_mode="mostrecent")
BROKER_BYTES = Gauge(
    "gapwatch_broker_resident_bytes", "Memory of the embedded broker.", multiprocess_mode="mostrecent"
)


def registry() -> CollectorRegistry:
    """A registry over the numbers of all processes of this run."""
    collected = CollectorRegistry()
    MultiProcessCollector(collected, path=os.environ[MULTIPROCESS_VARIABLE])  # type: ignore[no-untyped-call]
    return collected


def serve(host: str, port: int) -> Any:
    """Serves the numbers of all processes at http://host:port/metrics from a thread of this process."""
    return start_http_server(port, addr=host, registry=registry())


def totals(collected: CollectorRegistry) -> dict[tuple[str, str], float]:
    """Counters and gauges by (name, first label's value), e.g. ("gapwatch_records_total", "vault")."""
    out: dict[tuple[str, str], float] = {}
    for family in collected.collect():
        for sample in family.samples:
            if sample.name.endswith(("_created", "_bucket", "_sum", "_count")):
                continue
            key = (sample.name, next((v for k, v in sample.labels.items() if k != "pid"), ""))
            out[key] = out.get(key, 0.0) + sample.value
    return out
