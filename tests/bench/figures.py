"""The figures that are wanted, each with a name: how it is measured, or why it cannot be had here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """One figure. ``wanted``: in words. ``parts``: measured alone in a process; ``pipeline``: over each
    broker that is asked for, with a plain consumer beside it. ``missing``: why it is not measured; "" where
    it is."""

    wanted: str
    parts: tuple[str, ...] = ()
    pipeline: bool = False
    events: int = 200_000
    identities: int = 1_000
    workers: int = 1
    missing: str = ""


ENGINES = "is none of the test-only dependencies: over the same topic only the plain consumer runs"

FIGURES = {
    "pipeline-2000": Wanted("45,000 events/s", pipeline=True, identities=2_000),
    "pipeline-50000": Wanted("35,000 events/s", pipeline=True, events=400_000, identities=50_000),
    "pipeline-1000000": Wanted(
        "25,000 events/s, each identity seen five times",
        pipeline=True,
        events=5_000_000,
        identities=1_000_000,
    ),
    "pipeline-mixed": Wanted(
        "20,000 events/s with Vault, Kubernetes and agent spans",
        missing="the load of the simulator is CloudTrail alone; `--readers` gives the cost of each reader",
    ),
    "correlate": Wanted("100,000 facts/s on one core", parts=("correlate",)),
    "memory-1000000": Wanted(
        "2 GB of a worker with five credentials each",
        missing="making and taking 25 million facts takes hours on two cores; 50,000 identities are measured",
    ),
    "restore-1000000": Wanted(
        "back from the changelog, and from ClickHouse, within 60 s",
        missing="needs the state of memory-1000000",
    ),
    "latency-5000": Wanted(
        "p50 300 ms, p99 1 s at 5,000 events/s",
        missing="another program measures it: `python -m tests.bench.flood --rate 5000`",
    ),
    "replay": Wanted("40,000 events/s on one core", parts=("replay",)),
    "replay-year": Wanted(
        "6 min and 1.5 GB for 5 million records",
        missing="a replay settles at the end of all files, and holds a year in memory: 6 GB and half an hour",
    ),
    "stored-bytes": Wanted(
        "bytes of a stored activity, printed",
        missing="ClickHouse tells them: SELECT sum(data_compressed_bytes), sum(rows) FROM system.parts "
        "WHERE active AND table = 'activities'",
    ),
    "workers-2": Wanted("1.8 times one worker", pipeline=True, identities=2_000, workers=2),
    "join-kafka-streams": Wanted("the bare join", missing=f"Kafka Streams {ENGINES}"),
    "join-flink": Wanted("the bare join", missing=f"Flink {ENGINES}"),
    "join-bytewax": Wanted("the bare join", missing=f"Bytewax {ENGINES}"),
    "join-quix": Wanted("the bare join", missing=f"Quix Streams {ENGINES}"),
}
