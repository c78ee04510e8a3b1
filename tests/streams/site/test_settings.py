"""Settings: where they come from, which outranks which, and what is said about wrong ones."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from streams.site.errors import SettingsError
from streams.site.loading import load
from streams.site.settings import Settings, describe, environment
from streams.site.sitekey import site_key
from streams.site.units import parse_duration, parse_size, show_duration, show_size


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gapwatch.toml"
    path.write_text(text)
    return path


def test_without_any_setting_everything_is_embedded() -> None:
    settings = load()
    assert settings.broker is None and settings.clickhouse is None


def test_the_command_line_outranks_the_environment_and_that_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = written(tmp_path, 'broker = "file:1"\npartitions = 3\ntopic_prefix = "file."\n')
    monkeypatch.setenv("GAPWATCH_BROKER", "environment:1")
    monkeypatch.setenv("GAPWATCH_PARTITIONS", "4")
    settings = load(config, partitions=5)
    assert (settings.broker, settings.partitions, settings.topic_prefix) == ("environment:1", 5, "file.")


def test_the_file_may_be_named_by_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPWATCH_CONFIG", str(written(tmp_path, "partitions = 3\n")))
    assert load().partitions == 3


def test_an_unknown_key_is_an_error_that_names_key_file_and_the_nearest_known_one(tmp_path: Path) -> None:
    config = written(tmp_path, "partition = 3\n")
    with pytest.raises(SettingsError) as caught:
        load(config)
    assert str(caught.value) == f"Unknown setting partition in {config}. Did you mean partitions?"


def test_an_unknown_variable_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPWATCH_BROKKER", "x:1")
    with pytest.raises(
        SettingsError, match=r"GAPWATCH_BROKKER in the environment. Did you mean GAPWATCH_BROKER\?"
    ):
        load()


def test_a_wrong_value_is_named_with_its_place_but_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAPWATCH_HMAC_KEY", "short-secret")
    config = written(tmp_path, 'flush_interval = "soon"\n')
    with pytest.raises(SettingsError) as caught:
        load(config)
    message = str(caught.value)
    assert f"Setting flush_interval in {config} is not usable: write a duration like" in message
    assert "Setting hmac_key in the variable GAPWATCH_HMAC_KEY is not usable" in message
    assert "short-secret" not in message and "soon" not in message
    assert "it takes the site's key, 16 characters or more" in message


@pytest.mark.parametrize("text", ["a = ", "\x00"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="is not valid TOML"):
        load(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Cannot read the settings file .*: No such file"):
        load(tmp_path / "missing.toml")


def test_a_child_process_gets_the_same_settings_from_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = written(
        tmp_path,
        'hmac_key = "0123456789abcdef-secret"\nflush_interval = "250ms"\nbroker_memory_ceiling = "512MiB"\n',
    )
    settings = load(config, data=tmp_path / "site", broker="kafka:9092")
    for variable, value in environment(settings).items():
        monkeypatch.setenv(variable, value)
    assert Settings() == settings


def test_every_setting_says_what_it_is_for() -> None:
    for row in describe():
        assert len(row["description"]) > 20, row["key"]
        assert row["variable"] == f"GAPWATCH_{row['key'].upper()}"


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = Settings(hmac_key="0123456789abcdef-unseen", clickhouse_password="hush")
    assert "unseen" not in repr(settings) and "hush" not in repr(settings)


def test_the_sites_key_is_made_once_and_readable_by_its_owner_only(data: Path) -> None:
    settings = Settings(data=data)
    key = site_key(settings)
    assert len(key) >= 32
    assert (data / "hmac.key").stat().st_mode & 0o777 == 0o600
    assert site_key(settings) == key


def test_a_key_that_others_can_read_is_refused_with_what_to_do(data: Path) -> None:
    settings = Settings(data=data)
    site_key(settings)
    (data / "hmac.key").chmod(0o644)
    with pytest.raises(SettingsError, match=r"read by others than its owner \(mode 0644\)(.|\n)*chmod 600"):
        site_key(settings)


def test_a_key_that_was_cut_short_is_refused(data: Path) -> None:
    data.mkdir()
    descriptor = os.open(data / "hmac.key", os.O_CREAT | os.O_WRONLY, 0o600)
    os.close(descriptor)
    with pytest.raises(SettingsError, match="cut short"):
        site_key(Settings(data=data))


def test_a_key_in_the_settings_leaves_no_file(data: Path) -> None:
    settings = Settings(data=data, hmac_key="0123456789abcdef")
    assert site_key(settings) == b"0123456789abcdef"
    assert not (data / "hmac.key").exists()


@pytest.mark.parametrize(
    ("text", "duration"),
    [("250ms", timedelta(milliseconds=250)), ("1.5s", timedelta(seconds=1.5)), ("2h", timedelta(hours=2))],
)
def test_durations_are_read_as_people_write_them(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration
    assert parse_duration(show_duration(duration)) == duration


@pytest.mark.parametrize("text", ["soon", "5 parsecs", "-1s", True, None, "1e3s"])
def test_what_is_no_duration_is_an_error(text: object) -> None:
    with pytest.raises(ValueError, match="write a duration"):
        parse_duration(text)


def test_sizes_are_read_and_shown_with_their_unit() -> None:
    assert [parse_size(text) for text in ("17", "1KiB", "2 GB", 5)] == [17, 1024, 2 * 10**9, 5]
    assert [show_size(size) for size in (17, 1536, 2**30)] == ["17 B", "1.5 KiB", "1 GiB"]
    with pytest.raises(ValueError, match="write a size"):
        parse_size("large")
