"""Every attack of the cases, and those that no case shows, on one running pipeline at once: what was told
stands open in the end.

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
from typing import Any

import pytest
from pydantic import SecretStr

from correlators.driver.normaliser import FROM_AHEAD
from schemas.sources import detect
from streams.clickhouse import query
from streams.kafka import topics
from streams.site.errors import NotRunning
from streams.site.settings import Settings
from streams.supervision import ports
from tests.adversary import written
from tests.adversary.written import Attack
from tests.support import caep, topic
from tests.support.expectations import Rows, unmet
from tests.support.stages import Stages
from tests.support.topic import Tail

CASES = Path(__file__).parents[1] / "cases"
TOLD_SECONDS = 120.0
KEY = re.compile(r"\bA([KS])IA([A-Z0-9]+)([0-9]{2})([0-9]{2})\b")
TRACE = re.compile(r"\b([0-9a-f]{30})[0-9a-f]{2}\b")
SERVICE = re.compile(r"agent:([a-z][\w-]*)/")

WHILE_IT_LIVES = {"outlived_parent", "revocation_failed"}
"""Controls whose findings end with the life of a session: today those of the cases are over."""

IN_TIME = {"aws_dormant_denied_first"}
"""Cases that ask how long a source has been watched: beside others it is watched otherwise."""


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


def keys_of_issuers(folder: Path) -> Path:
    """The public keys of an issuer whose signatures are good."""
    path = folder / "jwks.json"
    path.write_text(json.dumps({"keys": [caep.public()]}))
    return path


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
        caep_keys=keys_of_issuers(tmp_path_factory.mktemp("issuers")),
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
    many = [*attacks(), *written.attacks()]
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
        rows = Rows(findings(site), [], [], [])
        wrong = {a.name: faults for a in many if (faults := list(unmet(rows, a.wanted)))}
    assert not wrong, json.dumps(wrong, indent=1)
    assert len(many) > 35


def test_what_lies_about_its_time_or_its_kind_is_a_reject_with_the_time_it_came(site: Settings) -> None:
    topics.create_missing(site, [topics.raw_topic(site, "cloudtrail", "a98")])
    lies = [used_after_its_end("later", VICTIMS_KEY)[1].replace(b"2026-", b"2099-")]
    topic.produce(site, "raw.cloudtrail.a98", lies, timestamp=4_070_908_800_000)
    rows = Tail(site, "rejects").until(lies_are_there, "rejects").rows
    assert FROM_AHEAD in {row["reason"] for row in rows}
    assert all(0 < row["arrived"] < (time.time() + 60) * 1e6 for row in rows)


def lies_are_there(rejects: Tail) -> bool:
    return any(row["reason"] == FROM_AHEAD and row["topic"].endswith(".a98") for row in rejects.rows)


FORGED = 60
"""Alarms of one producer; an hour may end among them, and then most are still more than a crowd."""
VICTIM, VICTIMS_KEY = "arn:aws:iam::111122223399:user/victim", "AKIAVICTIM0000000099"


def used_after_its_end(name: str, key: str) -> list[bytes]:
    """What CloudTrail shows of a key that goes on after its end."""
    ended = {"userName": name, "accessKeyId": key}
    return [
        _cloudtrail("admin", "AKIAADMIN00000000099", "10:00", "iam", "DeleteAccessKey", ended),
        _cloudtrail(name, key, "11:00", "s3", "GetObject", None),
    ]


def _cloudtrail(name: str, key: str, at: str, service: str, operation: str, asked: object) -> bytes:
    who = {"type": "IAMUser", "arn": f"arn:aws:iam::111122223399:user/{name}", "accountId": "111122223399"}
    record = {
        "eventVersion": "1.11", "userIdentity": {**who, "accessKeyId": key, "userName": name},
        "eventTime": f"2026-11-22T{at}:00Z", "eventSource": f"{service}.amazonaws.com",
        "eventName": operation, "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15.0", "requestParameters": asked, "eventID": f"{name}-{operation}",
        "recipientAccountId": "111122223399", "eventCategory": "Management", "eventType": "AwsApiCall",
    }  # fmt: skip
    return json.dumps(record).encode()


def forged(number: int) -> list[bytes]:
    """What a portal says of a key of AWS that it made up: that it ended, and was used."""
    user = {"uid": f"arn:aws:iam::111122223399:user/f{number}"}
    key = f"AKIAFORGED{number:010}"
    about = {"entity": {"type": "access key", "uid": key, "user": user}, "actor": {"user": {"uid": "portal"}}}
    use = {"actor": {"user": {**user, "credential_uid": key}}, "api": {"operation": "GetObject"}}
    return [_ocsf(f"e{number}", 3004, 4, 10, about), _ocsf(f"u{number}", 6003, 2, 11, use)]


def _ocsf(uid: str, kind: int, activity: int, hour: int, said: dict[str, Any]) -> bytes:
    record = {
        "class_uid": kind, "category_uid": kind // 1000, "activity_id": activity,
        "type_uid": kind * 100 + activity, "severity_id": 1, "time": 1_795_305_600_000 + hour * 3_600_000,
        "status_id": 1, "metadata": {"uid": uid, "version": "1.5.0", "product": {"name": "Portal"}}, **said,
    }  # fmt: skip
    return json.dumps(record).encode()


DECLARED = {
    by: b"exceptions:\n- control: revoked_credential_used\n  until: 2099-01-01\n  reason: by %s\n"
    % by.encode()
    for by in ("header", "topic")
}
"""An exception for everything, where nobody may declare."""


def test_a_flood_of_forged_alarms_stands_below_one_and_no_header_or_topic_excuses_the_real_one(
    site: Settings,
) -> None:
    raw = [("cloudtrail", "a99"), ("ocsf", "a99"), ("otel", "a99")]
    topics.create_missing(site, [topics.raw_topic(site, source, instance) for source, instance in raw])
    topics.create_missing(site, [topics.raw_topic(site, "myapp")])
    topic.produce(site, "raw.otel.a99", [DECLARED["header"]], headers=[("source", b"inventory")])
    topic.produce(site, "raw.myapp", [DECLARED["topic"]])
    topic.produce(site, "raw.ocsf.a99", [body for n in range(FORGED) for body in forged(n)])
    topic.produce(site, "raw.cloudtrail.a99", used_after_its_end("victim", VICTIMS_KEY))
    end = time.monotonic() + 120
    rows: list[dict[str, Any]] = []
    stories: list[dict[str, Any]] = []
    while time.monotonic() < end:
        rows = open_rows(site)
        said = " ".join(row["subject"] for row in rows)
        complete = VICTIMS_KEY in said and said.count("FORGED") == FORGED
        stories = [row for row in rows if row["control"] == "many_findings_at_once"]
        named = {row["story"] for row in rows if row["story"]} == {row["uid"] for row in stories}
        if complete and named and alarms_of_the_forger(rows) <= 25:
            break
        time.sleep(0.5)
    at = next(n for n, row in enumerate(rows) if VICTIMS_KEY in row["subject"])
    assert (rows[at]["story"], rows[at]["severity"]) == ("", "high")
    assert at < min(n for n, row in enumerate(rows) if row["story"])
    assert sum("FORGED" in row["subject"] for row in rows) == FORGED, "each is a row"
    assert alarms_of_the_forger(rows) <= 25, "none is an alarm"
    assert {row["story"] for row in rows if row["story"]} == {row["uid"] for row in stories}
    assert all("by the word of ocsf/a99" in row["title"] for row in stories)
    assert max(stories, key=lambda row: row["title"])["severity"] == "low"


def alarms_of_the_forger(rows: list[dict[str, Any]]) -> int:
    return sum("FORGED" in row["subject"] and not row["story"] for row in rows)


def open_rows(settings: Settings) -> list[dict[str, Any]]:
    endpoint = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
    with suppress(NotRunning):
        return query.rows(endpoint, "SELECT * FROM findings_open")
    return []
