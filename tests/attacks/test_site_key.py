"""The site's key is bound to the data: a lost, changed, weak, foreign or linked one stops the start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from streams.clickhouse.migrations import bind_key
from streams.command.replay_key import replay_key
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from streams.site.sitekey import check_value, site_key
from tests.support.clickhouse import engine_over

KEY = "0123456789abcdef-of-this-site"


def of(data: Path, key: str | None = None) -> bytes:
    return site_key(Settings(data=data, hmac_key=key))


def test_the_same_key_goes_on(data: Path) -> None:
    assert of(data) == of(data)
    assert (data / "hmac.check").read_text().strip() == check_value(of(data))
    assert of(data).decode() not in (data / "hmac.check").read_text()


def test_a_lost_key_is_not_made_anew(data: Path) -> None:
    of(data)
    (data / "hmac.key").unlink()
    with pytest.raises(SettingsError, match=r"is lost, and the data in .* were made with it\.\nPut it back"):
        of(data)
    assert not (data / "hmac.key").exists()


def test_another_key_is_not_taken(data: Path) -> None:
    of(data)
    with pytest.raises(SettingsError, match=r"is not the one that the data folder .* was made with"):
        of(data, KEY)
    (data / "hmac.key").write_text("f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2)
    with pytest.raises(SettingsError, match="is not the one"):
        of(data)


@pytest.mark.parametrize("weak", ["a" * 64, "ababababab" * 7, "short"])
def test_a_weak_key_is_not_taken(data: Path, weak: str) -> None:
    data.mkdir(exist_ok=True)
    (data / "hmac.key").touch(mode=0o600)
    (data / "hmac.key").write_text(weak)
    with pytest.raises(SettingsError, match="cut short or no chance"):
        of(data)
    if len(weak) >= 16:
        with pytest.raises(SettingsError, match="different characters"):
            of(data, weak)


def test_a_linked_or_foreign_key_is_not_taken(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.mkdir(exist_ok=True)
    other = tmp_path / "other"
    other.touch(mode=0o600)
    other.write_text("f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2)
    (data / "hmac.key").symlink_to(other)
    with pytest.raises(SettingsError, match="is a link or no file"):
        of(data)
    (data / "hmac.key").unlink()
    (data / "hmac.key").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="is a link or no file"):
        of(data)
    (data / "hmac.key").unlink()
    of(data)
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        of(data)


def test_a_database_made_with_another_key_is_not_written_to(tmp_path: Path) -> None:
    with engine_over(tmp_path / "clickhouse") as engine:
        bind_key(engine, check_value(b"one key"))
        bind_key(engine, check_value(b"one key"))
        with pytest.raises(SettingsError, match="the database gapwatch was made with"):
            bind_key(engine, check_value(b"another key"))


LINE = '{"number":7,"created_at":"2026-11-22T10:00:00Z","secret_type":"x","secret":"%s"}'


def key_of(data: Path | None, *paths: Path, **more: Any) -> bytes:
    told: Any = more | ({"data": data} if data else {})
    return replay_key(Settings(**told), [str(path) for path in paths])


def test_a_replay_masks_with_a_key_of_its_own_input(tmp_path: Path) -> None:
    one, other, again = tmp_path / "one", tmp_path / "other", tmp_path / "again"
    one.write_text(LINE % "a")
    other.write_text(LINE % "b")
    again.write_text(LINE % "a")
    assert key_of(None, one) == key_of(None, again) == key_of(None, one, again) != key_of(None, other)
    assert key_of(None, one, other) == key_of(None, other, again) and len(key_of(None, one)) == 32
    assert key_of(None, Path("-")) != key_of(None, Path("-"))


def test_a_replay_takes_the_key_of_the_folder_that_is_named(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LINE % "a")
    assert key_of(data, log) == key_of(None, log) and not (data / "hmac.key").exists()
    site = of(data)
    assert key_of(data, log) == site != key_of(None, log)
    assert key_of(None, log, hmac_key=KEY + "-another") == (KEY + "-another").encode()
    (data / "hmac.key").chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by others"):
        key_of(data, log)
