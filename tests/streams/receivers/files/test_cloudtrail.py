"""A folder of CloudTrail's objects: each is taken once, when it is complete."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.receivers.files import cloudtrail, objects
from streams.receivers.files.objects import Folder
from streams.receivers.files.remembered import Remembered
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from streams.site.stage import Stage
from tests.support.receiving import OwnBroker, all_of, bodies, peak_memory, receiving

LIMIT = 2**27
NESTED = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/22"


def records(*ids: str) -> bytes:
    return json.dumps({"Records": [{"eventVersion": "1.08", "eventID": uid} for uid in ids]}).encode()


def put(root: Path, name: str, content: bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "trail"
    folder.mkdir()
    return folder


@pytest.fixture
def trail(site: Settings, root: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(cloudtrail, "LOOK_SECONDS", 0.05)
    return site.model_copy(update={"receive_cloudtrail": root})


@pytest.fixture
def remembered(tmp_path: Path) -> Iterator[Remembered]:
    kept = Remembered(tmp_path / "data" / "taken.sqlite")
    yield kept
    kept.close()


def taken(settings: Settings, *ids: str) -> list[str]:
    return sorted(all_of(settings, "raw.cloudtrail", set(ids), "eventID"))


def test_objects_are_taken_record_by_record_wherever_they_lie(trail: Settings, root: Path) -> None:
    put(root, f"{NESTED}/one.json.gz", gzip.compress(records("a", "b")))
    with receiving(trail, "receive_cloudtrail"):
        assert taken(trail, "a", "b") == ["a", "b"]
        put(root, "o-example/AWSLogs/two.json.gz", gzip.compress(records("c")))
        put(root, f"{NESTED}/three.json.gz", gzip.compress(records("d")))
        assert taken(trail, "a", "b", "c", "d") == ["a", "b", "c", "d"]


def test_an_object_is_taken_once_over_restarts(trail: Settings, root: Path) -> None:
    path = put(root, f"{NESTED}/one.json.gz", gzip.compress(records("a")))
    with receiving(trail, "receive_cloudtrail"):
        taken(trail, "a")
    os.utime(path)
    with receiving(trail, "receive_cloudtrail"):
        put(root, f"{NESTED}/two.json.gz", gzip.compress(records("b")))
        assert taken(trail, "a", "b") == ["a", "b"]


def test_an_object_that_is_still_being_written_waits_for_its_rest(trail: Settings, root: Path) -> None:
    packed = gzip.compress(records("a"))
    path = put(root, "one.json.gz", packed[:-10])
    with receiving(trail, "receive_cloudtrail"):
        put(root, "two.json.gz", gzip.compress(records("b")))
        assert taken(trail, "b") == ["b"]
        with path.open("ab") as rest:
            rest.write(packed[-10:])
        assert taken(trail, "a", "b") == ["a", "b"]


def test_while_kafka_is_away_objects_wait_and_are_not_forgotten(
    own_broker: OwnBroker, data: Path, root: Path
) -> None:
    settings = Settings(data=data, broker=own_broker.address, receive_cloudtrail=root)
    put(root, "one.json.gz", gzip.compress(records("a")))
    with receiving(settings, "receive_cloudtrail"):
        taken(settings, "a")
        own_broker.freeze()
        put(root, "two.json.gz", gzip.compress(records(*map(str, range(500)))))
    own_broker.thaw()
    with receiving(settings, "receive_cloudtrail"):
        taken(settings, "a", *map(str, range(500)))


def test_a_record_too_large_is_a_reject_and_those_beside_it_are_taken(trail: Settings, root: Path) -> None:
    settings = trail.model_copy(update={"record_limit": 2_000})
    body = {"Records": [{"eventID": "a"}, {"eventID": "b", "pad": "x" * 5_000}, {"eventID": "c"}]}
    path = put(root, "one.json.gz", gzip.compress(json.dumps(body).encode()))
    with receiving(settings, "receive_cloudtrail"):
        assert taken(settings, "a", "c") == ["a", "c"]
        row = json.loads(bodies(settings, "rejects", 1)[0])
    assert (row["source"], row["place"]) == ("cloudtrail", f"{path}:Records[1]")


def test_a_bomb_is_a_reject_within_bounded_memory(trail: Settings, root: Path) -> None:
    trail = trail.model_copy(update={"receive_cloudtrail_limit": 32 * 2**20})
    bomb = gzip.compress(bytes(100 * 2**20), 1)
    with receiving(trail, "receive_cloudtrail"), peak_memory() as grown:
        put(root, "bomb.json.gz", bomb)
        row = json.loads(bodies(trail, "rejects", 1)[0])
        assert row["reason"] == "unpacks to more than 32 MiB (receive_cloudtrail_limit)" and row[
            "size"
        ] == len(bomb)
        assert grown() < 24 * 2**20


def names(folder: Folder) -> list[str]:
    return sorted(found.path.name for found in folder.fresh())


def test_an_object_that_nobody_completes_is_taken_as_it_is_and_again_if_it_grows_yet(
    root: Path, remembered: Remembered
) -> None:
    packed = gzip.compress(records("a"))
    path = put(root, "one.json.gz", packed[:-10])
    later = 0.0
    folder = Folder(root, remembered, LIMIT, lambda: time.time() + later)
    assert names(folder) == []
    later = objects.UNFINISHED_SECONDS + 1
    (found,) = folder.fresh()
    remembered.add([found.key])
    assert names(folder) == []
    path.write_bytes(packed)
    later = 0.0
    assert names(folder) == ["one.json.gz"]


def test_digests_hidden_files_and_other_files_are_passed_over(root: Path, remembered: Remembered) -> None:
    for name in ("CloudTrail-Digest/x.json.gz", ".one.json.gz.Ab12", "README.md", ".hidden/x.json.gz"):
        put(root, name, gzip.compress(records("a")))
    assert names(Folder(root, remembered, LIMIT)) == []


def test_a_plain_object_is_taken_when_it_has_its_last_bracket_and_rests(
    root: Path, remembered: Remembered
) -> None:
    path = put(root, "one.json", b"")
    later = 10.0
    folder = Folder(root, remembered, LIMIT, lambda: time.time() + later)
    for cut in range(len(records("a"))):
        path.write_bytes(records("a")[:cut])
        assert names(folder) == []
    path.write_bytes(records("a"))
    later = 0.0
    assert names(folder) == []
    later = 10.0
    assert names(folder) == ["one.json"]


def test_folders_that_did_not_change_are_not_listed_again(
    root: Path, remembered: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, f"{NESTED}/one.json.gz", gzip.compress(records("a")))
    folder = Folder(root, remembered, LIMIT, lambda: time.time() + 10)
    remembered.add([found.key for found in folder.fresh()])
    assert names(folder) == []
    listed: list[str] = []
    real = os.scandir

    def noting(path: str) -> Any:
        listed.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", noting)
    assert names(folder) == [] and not listed
    put(root, f"{NESTED}/two.json.gz", gzip.compress(records("b")))
    assert names(folder) == ["two.json.gz"] and listed == [str(root / NESTED)]


def test_what_is_remembered_takes_little_room_and_outlives_a_broken_database(tmp_path: Path) -> None:
    path = tmp_path / "taken.sqlite"
    kept = Remembered(path)
    kept.add(f"AWSLogs/{number}.json.gz" for number in range(50_000))
    assert "AWSLogs/7.json.gz" in kept and "AWSLogs/x.json.gz" not in kept
    kept.close()
    assert path.stat().st_size < 50_000 * 40
    path.write_bytes(b"no database at all" * 100)
    kept = Remembered(path)
    assert "AWSLogs/7.json.gz" not in kept and path.with_suffix(".broken").exists()
    kept.close()


def test_a_folder_that_is_not_there_is_a_wrong_setting(site: Settings, tmp_path: Path) -> None:
    settings = site.model_copy(update={"receive_cloudtrail": tmp_path / "nowhere"})
    with pytest.raises(SettingsError, match="there is no folder"):
        cloudtrail.main(settings, Stage("receive_cloudtrail"))
