"""The stage of followed files: from the file to its topic, over restarts and a Kafka that is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.receivers import handover
from streams.receivers.files.following import Wish, parse_wish
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from tests.support.log_rotator import RotatedLog
from tests.support.receiving import OwnBroker, all_of, bodies, receiving
from tests.support.waiting import wait_for


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RotatedLog]:
    writing = RotatedLog(tmp_path / "audit.log")
    yield writing
    writing.close()


def following(settings: Settings, log: RotatedLog, source: str = "vault") -> Settings:
    return settings.model_copy(update={"receive_files": (f"{source}={log.path}",)})


def ids(count: int) -> set[str]:
    return {str(number) for number in range(count)}


def test_lines_reach_the_topic_of_their_source_and_instance_byte_for_byte(
    site: Settings, log: RotatedLog
) -> None:
    log.write(3)
    settings = following(site, log, "vault.prod")
    with receiving(settings, "receive_files"):
        assert sorted(bodies(settings, "raw.vault.prod", 3)) == log.lines


def test_after_a_restart_only_what_is_new_is_taken(site: Settings, log: RotatedLog) -> None:
    settings = following(site, log)
    log.write(5)
    with receiving(settings, "receive_files"):
        all_of(settings, "raw.vault", ids(5))
    log.write(5)
    with receiving(settings, "receive_files"):
        assert sorted(all_of(settings, "raw.vault", ids(10)), key=int) == sorted(ids(10), key=int)


def test_a_line_above_the_limit_is_a_reject_with_its_file(site: Settings, log: RotatedLog) -> None:
    settings = following(site, log).model_copy(update={"record_limit": 2_000})
    log.write(1)
    log.write(1, padding=5_000)
    log.write(1)
    with receiving(settings, "receive_files"):
        row = json.loads(bodies(settings, "rejects", 1)[0])
        all_of(settings, "raw.vault", {"0", "2"})
    assert (row["source"], row["place"]) == ("vault", str(log.path))


def test_a_file_is_rotated_while_kafka_is_away_and_nothing_is_lost(
    own_broker: OwnBroker,
    data: Path,
    log: RotatedLog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(handover, "PATIENT_SECONDS", 0.2)
    settings = following(Settings(data=data, broker=own_broker.address), log)
    log.write(10)
    with receiving(settings, "receive_files"):
        all_of(settings, "raw.vault", ids(10))
        own_broker.freeze()
        log.write(10)
        wait_for(lambda: "trying on, senders wait" in caplog.text, "the outage to be said")
        for way in (log.rename, log.copy_and_truncate, log.rename):
            log.write(200)
            way()
        log.pack()
        log.write(10)
        own_broker.thaw()
        all_of(settings, "raw.vault", ids(630))


def test_a_stop_while_kafka_is_away_loses_nothing_either(
    own_broker: OwnBroker, data: Path, log: RotatedLog
) -> None:
    settings = following(Settings(data=data, broker=own_broker.address), log)
    log.write(10)
    with receiving(settings, "receive_files"):
        all_of(settings, "raw.vault", ids(10))
        own_broker.freeze()
        log.write(10)
    log.rename()
    log.write(10)
    own_broker.thaw()
    with receiving(settings, "receive_files"):
        all_of(settings, "raw.vault", ids(30))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/var/log/audit.log", "write SOURCE"),
        ("vault=", "write SOURCE"),
        ("volt=/a", "there is no source 'volt'"),
        ("vault.a b=/a", "cannot stand in a topic name"),
    ],
)
def test_a_wish_that_cannot_be_met_is_a_wrong_setting(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_wish(text)


def test_a_wish_names_source_instance_and_file() -> None:
    assert parse_wish("vault.eu.prod=/a=b") == Wish("vault", "eu.prod", Path("/a=b"))


def test_a_file_named_twice_is_a_wrong_setting(site: Settings, log: RotatedLog) -> None:
    from streams.receivers.files import following as files
    from streams.site.stage import Stage

    settings = site.model_copy(update={"receive_files": (f"vault={log.path}", f"kubernetes={log.path}")})
    with pytest.raises(SettingsError, match="named twice"):
        files.main(settings, Stage("receive_files"))
