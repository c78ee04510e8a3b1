"""Findings and assurance as they stand in ClickHouse, and as a replay gives them: to be held against each
other."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from streams.clickhouse import query
from streams.command.replay import Options, replay
from streams.site.settings import Settings

Rows = dict[str, dict[str, Any]]


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    """Without what tells how it came to be known (whether it was said before, when its evidence arrived, how
    far its log had been read), and of evidence that was let go of the list of what was kept: what reports as
    it goes reports other events."""
    for said in ("activity_id", "activity_name", "type_uid"):
        row.pop(said, None)
    for known_live in ("latency", "watermark"):
        row.get("unmapped", {}).pop(known_live, None)
    if row.get("unmapped", {}).get("evidence_truncated"):
        row.pop("evidences", None)
        row["finding_info"].pop("related_events", None)
        row["unmapped"].pop("basis", None)
    return row


def by_uid(bodies: list[str]) -> Rows:
    rows = [json.loads(body) for body in bodies]
    return {row["finding_info"]["uid"]: comparable(row) for row in rows}


def replayed(options: Options, assurance: Path) -> tuple[Rows, Rows]:
    """Findings and assurance of a replay. ``assurance``: the file of these options that it is written to."""
    out = io.BytesIO()
    replay(options, out)
    return by_uid(out.getvalue().decode().splitlines()), by_uid(assurance.read_text().splitlines())


def stored(settings: Settings) -> tuple[Rows, Rows]:
    """The same of what is stored, without what later evidence took back."""
    endpoint = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
    tables = [
        query.rows(endpoint, f"SELECT ocsf FROM {table} FINAL WHERE {said} != 'withdrawn'")
        for table, said in (("findings", "status_detail"), ("assurance", "compliance_status"))
    ]
    findings, assurance = (by_uid([row["ocsf"] for row in rows]) for rows in tables)
    return findings, assurance
