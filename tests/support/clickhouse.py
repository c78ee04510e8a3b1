"""A real embedded engine with all tables, and rows to put into it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from streams.clickhouse.engine import Engine, Limits, connect
from streams.clickhouse.migrations import migrate
from streams.clickhouse.reference import write_reference
from streams.clickhouse.sink import Block, Origin, block

NOW = time.time_ns() // 1000
"""µs; rows that arrived long ago would be past their time to live."""


@contextmanager
def engine_over(path: Path, limits: Limits | None = None) -> Iterator[Engine]:
    engine = connect(None, path, limits=limits, memory=2 * 2**30)
    try:
        migrate(engine)
        write_reference(engine)
        yield engine
    finally:
        engine.close()


def empty(engine: Engine) -> None:
    """Empties every table but that of the migrations: tests may share an engine, whose start is slow."""
    client = engine.writer()
    stored = client.query(
        "SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree' AND database IN "
        "{both:Array(String)}",
        parameters={"both": [engine.database, engine.internal]},
    )
    for database, table in stored.result_rows:
        if table != "migrations":
            client.command(f"TRUNCATE TABLE {database}.{table}")
    engine.discard(client)


def rows(engine: Engine, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """The answer as a reader gets it."""
    client = engine.reader()
    try:
        return [tuple(row) for row in client.query(query, parameters=parameters or None).result_rows]
    finally:
        engine.discard(client)


def activity(number: int, **more: Any) -> dict[str, Any]:
    row = {
        "uid": f"event-{number}",
        "time": NOW - 1_000_000 + number,
        "source": "cloudtrail",
        "instance": "default",
        "identity": f"aws:111122223333:role/r{number % 7}",
        "credential": f"aws:key/ASIA{number % 7:016d}",
        "operation": "GetObject",
        "outcome": "succeeded",
        "topic": "raw.cloudtrail",
        "partition": 0,
        "offset": number,
        "line": 0,
        "arrived": NOW,
        "processed": NOW,
    }
    return row | more


def lines(table: str, *many: dict[str, Any], offset: int = 0, epoch: int = 1) -> Block:
    """One message of JSON lines."""
    return block(table, None, b"\n".join(map(orjson.dumps, many)), Origin(table, 0, offset, NOW), epoch)


def finding(uid: str, **more: Any) -> bytes:
    ocsf = {
        "finding_info": {
            "uid": uid,
            "title": "A key was used",
            "analytic": {"uid": "revoked_credential_used"},
        },
        "resources": [{"uid": "aws:1:role/payments", "owner": {"name": "team-pay"}}],
        "evidences": [{"actor": {"user": {"credential_uid": "aws:key/AKIA1"}}}],
        "severity_id": 4,
        "confidence_id": 3,
        "activity_id": 1,
        "status_id": 1,
        "time": 1_795_000_000_123,
        "start_time": 1_795_000_000_000,
    }
    return orjson.dumps(ocsf | more)


def one(table: str, value: bytes | None, offset: int, key: bytes = b"", epoch: int = 1) -> Block:
    """One message that is one row."""
    return block(table, key, value, Origin(table, 0, offset, NOW), epoch)
