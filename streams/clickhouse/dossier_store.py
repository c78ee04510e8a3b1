"""Keeps the table of dossiers small by joining: see 006_dossiers.sql for why nothing else may drop a row."""

from __future__ import annotations

from functools import reduce

import msgspec
from clickhouse_connect.driver.client import Client

from correlators.kernel.knowledge.join import join
from correlators.kernel.stored import known_by
from schemas.stored import encode
from streams.clickhouse.engine import Engine

ROWS_WORTH_JOINING = 16
"""Rows of one key from which on they are joined: fewer cost less to keep than to rewrite."""
KEYS_AT_ONCE = 1000
"""Keys joined per round: bounds memory."""
KEYS_PER_PASS = 100_000
"""Keys joined per call, the most crowded first; the others have their turn next time."""

Row = tuple[int, int, str]
"""version, joined, body"""


def compact(engine: Engine, least: int = ROWS_WORTH_JOINING) -> int:
    """Joins the rows of every key that has `least` or more; returns how many rows went.

    Safe at any moment and in several processes at once: the join is written before what it holds is deleted.
    """
    client = engine.writer()
    try:
        internal = engine.internal
        keys = _crowded(client, internal, least)
        rounds = (keys[first : first + KEYS_AT_ONCE] for first in range(0, len(keys), KEYS_AT_ONCE))
        if gone := sum(_join_keys(client, internal, some) for some in rounds):
            _delete(client, internal)
        return gone
    finally:
        engine.discard(client)


def _crowded(client: Client, internal: str, least: int) -> list[str]:
    query = (
        f"SELECT key FROM {internal}.dossiers GROUP BY key HAVING uniqExact(version) >= {{least:UInt32}} "
        "ORDER BY uniqExact(version) DESC LIMIT {limit:UInt32}"
    )
    found = client.query(query, parameters={"least": max(least, 2), "limit": KEYS_PER_PASS})
    return sorted(str(key) for (key,) in found.result_rows)


def _join_keys(client: Client, internal: str, keys: list[str]) -> int:
    query = (
        f"SELECT key, version, joined, body FROM {internal}.dossiers FINAL "
        "WHERE key IN {keys:Array(String)} "
        "ORDER BY key, version"
    )
    rows: dict[str, list[Row]] = {}
    for key, number, joined, body in client.query(query, parameters={"keys": keys}).result_rows:
        rows.setdefault(key, []).append((number, joined, body))
    written: list[dict[str, str | int]] = []
    superseded: list[dict[str, str | int]] = []
    for key, every in rows.items():
        row = _joined(key, every)
        written.append(dict(zip(("key", "version", "joined", "body"), (key, *row), strict=True)))
        superseded += [{"key": key, "version": number} for number, _, _ in every[:-1]]
    if written:
        _insert(client, f"{internal}.dossiers", written)
        _insert(client, f"{internal}.dossiers_superseded", superseded)
    return len(superseded)


def _insert(client: Client, table: str, rows: list[dict[str, str | int]]) -> None:
    client.raw_insert(table, insert_block=b"\n".join(map(msgspec.json.encode, rows)), fmt="JSONEachRow")


def _delete(client: Client, internal: str) -> None:
    pairs = f"SELECT key, version FROM {internal}.dossiers_superseded"
    client.command(f"DELETE FROM {internal}.dossiers WHERE (key, version) IN ({pairs})")
    client.command(f"TRUNCATE TABLE {internal}.dossiers_superseded")


def _joined(key: str, rows: list[Row]) -> Row:
    """The one row that says what all rows say; what of them cannot be read stands in it as it was."""
    last, _, body = rows[-1]
    merged = sum(max(joined, 1) for _, joined, _ in rows)
    if not body:
        # Deleted last: what was before is meant to be gone.
        return last, merged, ""
    deleted = max((i for i, (_, _, body) in enumerate(rows) if not body), default=-1)
    dossiers = [known_by(body) for _, _, body in rows[deleted + 1 :]]
    return last, merged, encode(reduce(join, dossiers)).decode()
