"""Rows for `tests.bench.views`, made by the engine: a month of 5,000 identities, with what hangs
on them (`views_rows.sql`)."""

from __future__ import annotations

from pathlib import Path

from streams.clickhouse.engine import Engine

IDENTITIES = 5_000
BLOCK = 1_000_000
REST = (50_000, 100_000, 50_000)
"""Credentials, rows of assurance, updates of findings."""


def made(engine: Engine, rows: int) -> int:
    """Makes what is missing, and returns how many activities there are."""
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    activities, *others = [piece.strip() for piece in text.split(";\n") if piece.strip()]
    client = engine.writer()
    try:
        there = int(client.query("SELECT count() FROM activities").result_rows[0][0])
        if there:
            return there
        for begin in range(0, rows, BLOCK):
            many = min(BLOCK, rows - begin)
            client.command(activities, parameters={"identities": IDENTITIES, "from": begin, "many": many})
        for statement, many in zip(others, REST, strict=True):
            client.command(statement, parameters={"many": many})
        return rows
    finally:
        engine.discard(client)
