"""A run without processes: what is taken goes through normaliser and correlators into an engine of this
process, which the commands ask."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import pytest

from correlators.driver.normaliser import Normaliser, Record
from correlators.driver.partition import Judging, Partition
from correlators.kernel.catalogue import controls
from schemas.evidence import iso
from schemas.fact import Tick
from schemas.finding import render_assurance, render_finding
from streams.clickhouse import query
from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Sink
from streams.command import declaring, noting
from streams.site.settings import Settings
from tests.support.clickhouse import lines, one

NOW = time.time_ns() // 1000
DAY = 86_400_000_000


ERP = "aws:111122223333:user/legacy-erp"
USED = {
    "eventVersion": "1.08",
    "userIdentity": {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE000000001",
        "arn": "arn:aws:iam::111122223333:user/legacy-erp",
        "accountId": "111122223333",
        "accessKeyId": "AKIAEXAMPLE000000001",
        "userName": "legacy-erp",
    },
    "eventSource": "s3.amazonaws.com",
    "eventName": "GetObject",
    "awsRegion": "eu-central-1",
    "sourceIPAddress": "198.51.100.7",
    "userAgent": "erp",
    "eventID": "11111111-1111-1111-1111-111111111111",
    "eventType": "AwsApiCall",
    "recipientAccountId": "111122223333",
}


def document(**sections: Any) -> dict[str, Any]:
    return {"gapwatch": "inventory/v1"} | sections


RETIRED = document(
    recorded=iso(NOW - 2 * DAY),
    identities=[
        {"id": ERP, "owner": "team-erp", "status": [{"value": "decommissioned", "from": iso(NOW - 2 * DAY)}]}
    ],
)


class World:
    """Stands for a run: its ClickHouse is an engine in this process, and what is sent comes straight to
    it."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(query, "rows", self.rows)
        monkeypatch.setattr(query, "ask", self.ask)
        monkeypatch.setattr(declaring, "send", self.send)
        monkeypatch.setattr(noting, "send_notes", self.note)
        self.engine = engine
        self.sent: list[bytes] = []
        self._normaliser = Normaliser(b"key")
        self._partition = Partition(Judging(controls()))
        self._offset = 0

    def take(self, body: bytes, source: str, arrived: int) -> None:
        self._normaliser.take(Record(body, source, "default", arrived=arrived, processed=arrived))
        batch = self._normaliser.drain()
        assert not batch.rejects
        sink = Sink(self.engine)
        self._offset += 1
        sink.write(
            "activities", [lines("activities", *map(orjson.loads, batch.activities), offset=self._offset)]
        )
        facts = batch.facts
        while True:
            self._partition.take(facts, Tick(NOW))
            settled = self._partition.settle()
            for key, body_ in settled.dossiers.items():
                self._offset += 1
                if body_:
                    sink.write("dossiers", [one("dossiers", body_, self._offset, key.encode())])
            for report in settled.reports:
                if report.finding:
                    self._offset += 1
                    shown = render_finding(report, controls()[report.reported.control].CONTROL)
                    sink.write("findings", [one("findings", shown, self._offset)])
                if report.verdict:
                    self._offset += 1
                    shown = render_assurance(report, controls()[report.reported.control].CONTROL)
                    sink.write("assurance", [one("assurance", shown, self._offset)])
            facts = settled.forwards
            if not facts and not self._partition.behind:
                break
        sink.close()

    def send(self, settings: Settings, messages: Any) -> None:
        for message in messages:
            self.sent.append(message.content)
            self.take(message.content, "inventory", NOW - DAY // 24 + len(self.sent) * 1_000_000)

    def rows(
        self, settings: Settings, sql: str, parameters: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        client = self.engine.reader()
        try:
            answer = client.raw_query(
                query.placed(settings, sql), parameters=dict(parameters or {}), fmt="JSONEachRow"
            )
        finally:
            self.engine.discard(client)
        return [orjson.loads(line) for line in answer.splitlines() if line]

    def note(self, settings: Settings, notes: Iterable[tuple[str, bytes]]) -> None:
        """Stores what analysts note."""
        sink = Sink(self.engine)
        for _, row in notes:
            self._offset += 1
            sink.write("notes", [one("notes", row, self._offset)])
        sink.close()

    def ask(
        self, settings: Settings, sql: str, form: str, parameters: Mapping[str, str] | None = None
    ) -> Iterable[bytes]:
        """Answers as the endpoint does, a line a row."""
        yield from (orjson.dumps(row) + b"\n" for row in self.rows(settings, sql, parameters))
