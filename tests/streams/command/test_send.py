"""Sending and declaring: what arrives on the raw topics is what the vendor wrote."""

from __future__ import annotations

import gzip
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from streams.command.declare import declare, messages_of
from streams.command.send import send
from streams.kafka import topics
from streams.kafka.producing import RawProducer
from streams.site.errors import Stop
from streams.site.settings import Settings
from tests.support.waiting import wait_for

EVENTS = [
    {
        "eventVersion": "1.08",
        "eventID": f"00000000-0000-0000-0000-{number:012}",
        "eventTime": "2026-11-22T10:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "eu-central-1",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLE"},
    }
    for number in range(5)
]
INVENTORY = """
gapwatch: inventory/v1
recorded: 2026-11-22T09:00:00Z
identities:
  - id: agent:support-host/triage-agent
    owner: team-support
"""

Read = Callable[[str, int], list[bytes]]


@pytest.fixture
def settings(embedded_broker: str, data: Path, request: pytest.FixtureRequest) -> Settings:
    prefix = "".join(letter for letter in request.node.name if letter.isalnum())[:50] + "."
    return Settings(data=data, broker=embedded_broker, topic_prefix=prefix, raw_partitions=1)


@pytest.fixture
def read(settings: Settings) -> Read:
    """All messages of a topic, when as many as expected are there."""

    def reading(topic: str, expected: int) -> list[bytes]:
        name = settings.topic_prefix + topic
        consumer = Consumer({"bootstrap.servers": settings.broker, "group.id": "test"})
        consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING)])
        found: list[bytes] = []

        def enough() -> bool:
            found.extend(m.value() or b"" for m in consumer.consume(100, 0.2) if m.error() is None)
            return len(found) >= expected

        try:
            wait_for(enough, f"{expected} messages on {name}")
        finally:
            consumer.close()
        return found

    return reading


def lines() -> list[bytes]:
    return [json.dumps(event).encode() for event in EVENTS]


def test_records_arrive_byte_by_byte_on_the_topic_of_their_source(
    settings: Settings, read: Read, tmp_path: Path
) -> None:
    spaced = [line.replace(b'": "', b'" :  "') for line in lines()]
    path = tmp_path / "trail.jsonl"
    path.write_bytes(b"\r\n".join(spaced))
    assert send(settings, [str(path)]) == {"cloudtrail": 5}
    assert read("raw.cloudtrail", 5) == spaced


def test_folders_gz_and_records_files_are_taken_apart(settings: Settings, read: Read, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.json.gz").write_bytes(gzip.compress(json.dumps({"Records": EVENTS[:3]}).encode()))
    (tmp_path / "two.json").write_text(json.dumps(EVENTS[3:], indent=2))
    (tmp_path / "README.md").write_text("# words")
    assert send(settings, [str(tmp_path)]).total() == 5
    assert sorted(json.loads(record)["eventID"] for record in read("raw.cloudtrail", 5)) == [
        event["eventID"] for event in EVENTS
    ]


def test_files_without_records_are_named_on_stderr(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("# words")
    (tmp_path / "one.json").write_text(json.dumps(EVENTS[0]))
    send(settings, [str(tmp_path)])
    assert "README.md: holds no records, passed over" in capsys.readouterr().err


def test_where_no_source_knows_anything_the_command_fails_and_says_how_to_go_on(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(Stop, match="Name one with --source"):
        send(settings, [str(tmp_path / "notes.txt")])


def test_a_hint_sends_even_what_cannot_be_read_so_that_it_becomes_a_reject(
    settings: Settings, read: Read, tmp_path: Path
) -> None:
    (tmp_path / "rubbish.log").write_text("rubbish\n")
    assert send(settings, [str(tmp_path / "rubbish.log")], source="vault", instance="prod") == {"vault": 1}
    assert read("raw.vault.prod", 1) == [b"rubbish"]


def test_an_inventory_among_logs_is_named_and_not_sent(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines()))
    (tmp_path / "b.yaml").write_text(INVENTORY)
    counts = send(settings, [str(tmp_path)])
    assert "inventory" not in counts and counts.total() == len(EVENTS)
    assert "b.yaml: an inventory, not sent. gapwatch declare checks it first" in capsys.readouterr().err
    with pytest.raises(Stop, match="gapwatch declare checks it"):
        send(settings, [str(tmp_path / "b.yaml")], source="inventory")


def test_an_unknown_source_is_refused_with_the_known_ones(settings: Settings) -> None:
    with pytest.raises(Stop, match=r"There is no source vlaut. The sources are .*vault"):
        send(settings, ["-"], source="vlaut")


def test_standard_input_is_read(settings: Settings, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(lines()))))
    assert send(settings, ["-"]) == {"cloudtrail": 5}
    assert read("raw.cloudtrail", 5) == lines()


def test_speed_sets_the_pace(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "trail.jsonl"
    path.write_bytes(b"\n".join(lines()))
    begin = time.monotonic()
    send(settings, [str(path)], speed=10)
    assert time.monotonic() - begin >= 0.4


def test_a_broker_that_is_gone_is_named_and_what_was_sent_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.kafka.producing.FLUSH_SECONDS", 1.0)
    producer = RawProducer(Settings(broker="127.0.0.1:1"))
    producer._known.add("raw.vault")
    producer.send("vault", b"{}")
    with pytest.raises(Stop, match=r"127\.0\.0\.1:1|0 records were sent before"):
        producer.finish()


def test_a_declaration_arrives_on_the_topic_of_the_inventory(
    settings: Settings, read: Read, tmp_path: Path
) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(INVENTORY)
    assert declare(settings, [str(path)]) == 1
    assert read("raw.inventory", 1) == [INVENTORY.encode()]


def test_a_large_declaration_goes_in_parts_that_each_stand_for_themselves(
    settings: Settings, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.command.declare.WHOLE_BYTES", 100)
    monkeypatch.setattr("streams.command.declare.ENTRIES_PER_MESSAGE", 2)
    path = tmp_path / "inventory.json"
    identities = [{"id": f"agent:host/{number}", "owner": "team"} for number in range(5)]
    path.write_text(
        json.dumps({"gapwatch": "inventory/v1", "recorded": "2026-11-22T09:00:00Z", "identities": identities})
    )
    assert declare(settings, [str(path)]) == 5
    parts = [json.loads(part) for part in read("raw.inventory", 3)]
    assert {part["gapwatch"] for part in parts} == {"inventory/v1"}
    assert [identity for part in parts for identity in part["identities"]] == identities


def test_nothing_is_declared_where_one_file_is_wrong(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(INVENTORY)
    (tmp_path / "b.yaml").write_text(INVENTORY.replace("owner", "onwer"))
    with pytest.raises(Stop, match=r"b\.yaml: (.|\n)*onwer(.|\n)*Nothing was declared"):
        declare(settings, [str(tmp_path)])
    there = topics.admin_client(settings).list_topics(timeout=10).topics
    assert f"{settings.topic_prefix}raw.inventory" not in there


def test_an_empty_folder_is_named_as_such(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Stop, match=f"There is no file in {tmp_path}/empty"):
        send(settings, [str(tmp_path / "empty")])


def test_an_alias_that_two_files_give_to_two_identities_is_refused_and_both_are_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        entry = (
            f"gapwatch: inventory/v1\nidentities:\n- {{id: 'agent:x/{name}', aliases: ['aws:1:user/u']}}\n"
        )
        (tmp_path / f"{name}.yaml").write_text(entry)
    with pytest.raises(Stop, match=r"aws:1:user/u is an alias of agent:x/a (.|\n)* and of agent:x/b"):
        messages_of([str(tmp_path)])
    (tmp_path / "b.yaml").unlink()
    assert len(messages_of([str(tmp_path)])) == 1
