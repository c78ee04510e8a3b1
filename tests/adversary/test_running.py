"""Every attack of the cases, on one running pipeline at once: what was told stands open in the end.

Each case plays in an account, a cluster, a vault and services of its own, and comes by topics of its own.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

from correlators.driver.normaliser import FROM_AHEAD
from schemas.sources import detect
from streams.clickhouse import query
from streams.kafka import topics
from streams.site.errors import NotRunning
from streams.site.settings import Settings
from streams.supervision import ports
from tests.support import topic
from tests.support.expectations import Told, unmet
from tests.support.stages import Stages
from tests.support.topic import Tail

CASES = Path(__file__).parents[1] / "cases"
TOLD_SECONDS = 45.0
KEY = re.compile(r"\bA([KS])IA([A-Z0-9]+)([0-9]{2})([0-9]{2})\b")
TRACE = re.compile(r"\b([0-9a-f]{30})[0-9a-f]{2}\b")
SERVICE = re.compile(r"agent:([a-z][\w-]*)/")

WHILE_IT_LIVES = {"outlived_parent", "revocation_failed"}
"""Controls whose findings end with the life of a session: today those of the cases are over."""

IN_TIME = {"aws_dormant_denied_first"}
"""Cases that ask how long a source has been watched: beside others it is watched otherwise."""


class Attack(NamedTuple):
    """One case: what comes by which raw topic, and what must stand told in the end."""

    name: str
    records: dict[str, list[bytes]]
    wanted: dict[str, Any]


def attacks() -> Iterator[Attack]:
    folders = sorted(f for kind in ("authority", "evasion") for f in (CASES / kind).iterdir())
    for number, folder in enumerate(folders, 10):
        wanted = json.loads((folder / "expect.json").read_text())
        if folder.name not in IN_TIME and any(
            each.get("status") == "open" for each in wanted.get("findings", ())
        ):
            yield _of_its_own(folder, number)


def _of_its_own(folder: Path, number: int) -> Attack:
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    services = {service for text in texts.values() for service in SERVICE.findall(text)}
    own = {name: _renamed(text, number, services) for name, text in texts.items()}
    records: dict[str, list[bytes]] = defaultdict(list)
    for line in own["input.jsonl"].splitlines():
        records[f"raw.{detect(line.encode()) or 'unknown'}.a{number}"].append(line.encode())
    if "inventory.yaml" in own:
        records["raw.inventory"].append(own["inventory.yaml"].encode())
    wanted = json.loads(own["expect.json"])
    for each in wanted["findings"]:
        if each.get("control") in WHILE_IT_LIVES:
            each.pop("status")
    opened = {kind: wanted[kind] for kind in ("findings", "no_findings") if kind in wanted}
    return Attack(folder.name, dict(records), opened)


def _renamed(text: str, number: int, services: set[str]) -> str:
    text = text.replace("111122223333", f"1111222233{number}").replace("444455556666", f"4444555566{number}")
    text = KEY.sub(rf"A\1IA\g<2>{number}\4", text)
    text = TRACE.sub(rf"\g<1>{number}", text)
    text = text.replace("vault:prod:", f"vault:a{number}:").replace("k8s:c1:", f"k8s:a{number}:")
    for service in services:
        text = re.sub(rf"(?<![\w-]){re.escape(service)}(?![\w-])", f"{service}-a{number}", text)
    return text


@pytest.fixture(scope="module")
def site(embedded_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running pipeline."""
    settings = Settings(
        data=tmp_path_factory.mktemp("adversary") / "data",
        broker=embedded_broker,
        topic_prefix=f"adversary{time.time_ns() % 1_000_000}.",
        raw_partitions=1,
        partitions=2,
        sql_port=ports.choose(0, ports.SQL, "sql_port"),
        hmac_key=SecretStr("a site key of the tests"),
    )
    topic.make(settings, ["inventory"])
    stages = Stages(settings)
    try:
        for stage in ("deliver", "correlate", "normalise"):
            stages.start(stage)
        yield settings
    finally:
        stages.close()


def findings(settings: Settings) -> list[dict[str, Any]]:
    endpoint = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
    with suppress(NotRunning):
        rows = query.rows(endpoint, "SELECT ocsf FROM findings FINAL WHERE status_detail != 'withdrawn'")
        return [json.loads(row["ocsf"]) for row in rows]
    return []


def test_what_attackers_write_closes_hides_and_moves_nothing(site: Settings) -> None:
    many = list(attacks())
    raw = {name for attack in many for name in attack.records}
    named = [name.removeprefix("raw.").split(".") for name in raw if name.count(".") > 1]
    topics.create_missing(site, [topics.raw_topic(site, source, instance) for source, instance in named])
    for attack in many:
        for name, bodies in attack.records.items():
            topic.produce(site, name, bodies)
    end = time.monotonic() + TOLD_SECONDS
    wrong: dict[str, list[str]] = {"": ["nothing was read"]}
    while wrong and time.monotonic() < end:
        time.sleep(0.5)
        told = Told(findings(site), [], [], [])
        wrong = {a.name: faults for a in many if (faults := list(unmet(told, a.wanted)))}
    assert not wrong, json.dumps(wrong, indent=1)
    assert len(many) > 20


def test_what_lies_about_its_time_or_its_kind_is_a_reject_with_the_time_it_came(site: Settings) -> None:
    rows = Tail(site, "rejects").until(lambda tail: tail.rows, "rejects").rows
    assert FROM_AHEAD in {row["reason"] for row in rows}
    assert all(row["arrived"] > 0 for row in rows)
