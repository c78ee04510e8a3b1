"""The demo: the bundled samples are declared and sent, at a pace that eyes can follow."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from streams.command import demo
from streams.kafka import lag
from streams.site.errors import Stop
from streams.site.settings import Settings
from streams.site.stage import Stage
from tests.support.receiving import bodies

INVENTORY = "gapwatch: inventory/v1\nidentities:\n  - id: agent:host/triage\n    owner: team\n"
MANIFEST = """
[[file]]
path = "inventory.yaml"
source = "inventory"
[[file]]
path = "vault.jsonl"
source = "vault"
instance = "prod"
"""
RECORDS = [
    {
        "time": "2026-11-22T10:00:00Z",
        "type": "response",
        "request": {"id": str(number), "operation": "read", "path": "x"},
    }
    for number in range(6)
]


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "inventory.yaml").write_text(INVENTORY)
    (folder / "vault.jsonl").write_text("\n".join(map(json.dumps, RECORDS)))
    (folder / "manifest.toml").write_text(MANIFEST)
    monkeypatch.setattr(demo, "samples", lambda: folder)
    monkeypatch.setattr(demo, "PLAY_SECONDS", 0.5)
    return folder


def test_the_demo_declares_the_inventory_and_sends_every_record(samples: Path, embedded_broker: str) -> None:
    settings = Settings(broker=embedded_broker, topic_prefix=f"demo-{uuid.uuid4().hex}.")
    said: list[str] = []
    demo.main(settings, Stage("demo", say=said.append))
    assert said == ["ready"]
    assert bodies(settings, "raw.inventory", 1) == [INVENTORY.encode()]
    ids = {record["request"]["id"] for record in map(json.loads, bodies(settings, "raw.vault.prod", 6))}
    assert ids == {str(number) for number in range(6)}


def test_the_bundled_samples_are_all_there_and_hold_records_of_every_kind() -> None:
    found = demo.listed(demo.samples())
    assert not [sample.path for sample in found if not sample.path.is_file()]
    records = demo.side_by_side(Settings(), [sample for sample in found if sample.source != "inventory"])
    assert {sample.source for sample, _ in records} == {"cloudtrail", "otel", "vault"}
    first_tenth = [sample.source for sample, _ in records[: len(records) // 10]]
    assert set(first_tenth) == {"cloudtrail", "otel", "vault"}


def test_missing_samples_are_named(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"manifest\.toml cannot be read"):
        demo.listed(tmp_path)


def test_the_demo_stops_when_it_is_asked_to(samples: Path, embedded_broker: str) -> None:
    settings = Settings(broker=embedded_broker, topic_prefix=f"demo-{uuid.uuid4().hex}.")
    stage = Stage("demo")
    stage.stopping.set()
    demo.main(settings, stage)
    assert lag.behind(settings, "normalise") == 1
