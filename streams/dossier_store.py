"""Keeps the table of dossiers small by joining: see 006_dossiers.sql for why nothing else may drop a row."""

from __future__ import annotations

import logging
from functools import reduce

import msgspec
from clickhouse_connect.driver.client import Client

from correlators.kernel.join import join
from schemas.dossier import decode, encode
from streams.engine import Engine

log = logging.getLogger("gapwatch.deliver")

ROWS_WORTH_JOINING = 16
"""Rows of one key from which on they are joined: fewer cost less to keep than to rewrite."""
KEYS_AT_ONCE = 200
"""Keys joined per round: bounds memory, and the size of one delete."""

Row = tuple[int, int, str]
"""version, joined, body"""


def compact(engine: Engine, least: int = ROWS_WORTH_JOINING) -> int:
    """Joins the rows of every key that has `least` or more; returns how many rows went.

    Safe at any moment and in several processes at once: the join is written before what it holds is deleted.
    """
    client = engine.writer()
    try:
        gone = 0
        while keys := _crowded(client, least):
            removed = _compact_keys(client, keys)
            gone += removed
            if not removed:
                break
        return gone
    finally:
        engine.discard(client)


def _crowded(client: Client, least: int) -> list[str]:
    query = (
        "SELECT key FROM dossiers GROUP BY key HAVING uniqExact(version) >= {least:UInt32} "
        "ORDER BY uniqExact(version) DESC LIMIT {limit:UInt32}"
    )
    found = client.query(query, parameters={"least": max(least, 2), "limit": KEYS_AT_ONCE})
    return [str(key) for (key,) in found.result_rows]


def _compact_keys(client: Client, keys: list[str]) -> int:
    query = (
        "SELECT key, version, joined, body FROM dossiers FINAL WHERE key IN {keys:Array(String)} "
        "ORDER BY key, version"
    )
    rows: dict[str, list[Row]] = {}
    for key, number, joined, body in client.query(query, parameters={"keys": keys}).result_rows:
        rows.setdefault(key, []).append((number, joined, body))
    written, superseded = [], []
    for key, every in rows.items():
        if row := _joined(key, every):
            written.append(dict(zip(("key", "version", "joined", "body"), (key, *row), strict=True)))
            superseded += [(key, number) for number, _, _ in every[:-1]]
    if written:
        lines = b"\n".join(map(msgspec.json.encode, written))
        client.raw_insert("dossiers", insert_block=lines, fmt="JSONEachRow")
        _delete(client, superseded)
    return len(superseded)


def _delete(client: Client, superseded: list[tuple[str, int]]) -> None:
    pairs = {"keys": [key for key, _ in superseded], "versions": [number for _, number in superseded]}
    client.command(
        "DELETE FROM dossiers WHERE key IN {keys:Array(String)} "
        "AND has(arrayZip({keys:Array(String)}, {versions:Array(UInt64)}), (key, version))",
        parameters=pairs,
    )


def _joined(key: str, rows: list[Row]) -> Row | None:
    """The one row that says what all rows say; None where a body cannot be read: then nothing is touched."""
    last, _, body = rows[-1]
    merged = sum(max(joined, 1) for _, joined, _ in rows)
    if not body:
        # Deleted last: what was before is meant to be gone.
        return last, merged, ""
    deleted = max((i for i, (_, _, body) in enumerate(rows) if not body), default=-1)
    try:
        dossiers = [decode(body) for _, _, body in rows[deleted + 1 :]]
    except msgspec.MsgspecError:
        log.exception("the dossier of %s holds a row that cannot be read; all of its rows are kept", key)
        return None
    return last, merged, encode(reduce(join, dossiers)).decode()
