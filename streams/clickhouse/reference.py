"""What queries need to know of controls and sources, as tables: the catalogue, with what the site sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from correlators.kernel.catalogue import controls
from schemas.authority import INVENTORY
from schemas.freshness import freshness_of
from schemas.sources import sources
from schemas.summary import Summary
from streams.clickhouse.engine import Engine, brief
from streams.site.errors import NotRunning

CONTROLS = ("control", "version", "title", "good_seconds", "good_why", "remediation")
SOURCES = ("source", "lag_seconds", "gives", "cannot_show", "ship")
BLIND = ("source", "name", "hides", "switch_on", "shown_by")
LAG = timedelta(hours=24)
"""How far a source may be behind where no setting says otherwise (``source_lag``)."""


def write_reference(
    engine: Engine,
    freshness: Mapping[str, timedelta] | None = None,
    lag: timedelta = LAG,
    lags: Mapping[str, timedelta] | None = None,
) -> None:
    """Writes the tables ``controls``, ``sources`` and ``source_blind`` where they say something else.
    ``freshness``: for how long proofs are good by control, ``lag``, ``lags``: how far sources may be behind,
    as the site sets it.
    Raises NotRunning where ClickHouse does not take them."""
    client = engine.writer()
    try:
        _renew(client, "controls", CONTROLS, _controls(freshness or {}))
        _renew(client, "sources", SOURCES, _sources(lag, lags or {}))
        _renew(client, f"{engine.internal}.source_blind", BLIND, _blind())
    except ClickHouseError as error:
        raise NotRunning(
            f"ClickHouse did not take the catalogue of controls and sources: {brief(error)}."
        ) from None
    finally:
        engine.discard(client)


def _controls(site: Mapping[str, timedelta]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for name, judge in controls().items():
        control = judge.CONTROL
        good = freshness_of(name, control.freshness, site)
        seconds = None if good.limit is None else int(good.limit.total_seconds())
        rows.append((name, control.version, control.title, seconds, good.why, control.remediation))
    return rows


def _sources(lag: timedelta, lags: Mapping[str, timedelta]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for name, source in sources().items():
        seconds = None if name == INVENTORY else int(lags.get(name, lag).total_seconds())
        said: Summary = source.SUMMARY  # type: ignore[attr-defined]
        rows.append((name, seconds, said.gives, said.cannot_show, said.ship))
    return rows


def _blind() -> list[tuple[Any, ...]]:
    pages: dict[str, Summary] = {name: source.SUMMARY for name, source in sources().items()}  # type: ignore[attr-defined]
    return [
        (name, each.name, each.hides, each.switch_on, each.shown_by)
        for name, page in pages.items()
        for each in page.blind
    ]


def _renew(client: Client, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """A row that is there already is not written again: every process that starts asks for it."""
    there = {
        tuple(row) for row in client.query(f"SELECT {', '.join(columns)} FROM {table} FINAL").result_rows
    }
    fresh = [row for row in rows if row not in there]
    if fresh:
        lines = [msgspec.json.encode(dict(zip(columns, row, strict=True))) for row in fresh]
        client.raw_insert(table, insert_block=b"\n".join(lines), fmt="JSONEachRow")
