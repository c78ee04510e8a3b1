"""Receivers as stages of a run: on where their setting is given, started last, stopped first."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.site.errors import SettingsError
from streams.site.loading import load
from streams.site.settings import Settings, describe, environment
from streams.supervision import stages
from streams.supervision.run import _names
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[3]


def test_without_their_settings_no_receiver_is_part_of_a_run() -> None:
    assert _names(Settings(), []) == ["broker", "deliver", "correlate", "normalise"]


@pytest.mark.parametrize("name", stages.RECEIVERS)
def test_a_receiver_is_part_of_a_run_where_its_setting_is_given(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"GAPWATCH_{name.upper()}", "vault=/a" if name == "receive_files" else "127.0.0.1:1")
    assert _names(load(), [])[-1] == name
    assert _names(load(broker="kafka:9092"), [name]) == [name]
    assert callable(stages.entry(name))


def test_a_receiver_that_is_off_cannot_be_asked_for() -> None:
    with pytest.raises(SettingsError, match="The stage receive_otlp is off: the setting receive_otlp says"):
        _names(Settings(broker="kafka:9092"), ["receive_otlp"])


def test_lists_come_from_a_file_a_variable_or_json_and_reach_a_stages_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ("vault.prod=/var/log/a b.log", "kubernetes=/k,1.log")
    config = tmp_path / "gapwatch.toml"
    config.write_text(f"receive_files = {list(wanted)!r}\nreceive_vault_peers = ['10.0.0.0/8']\n")
    settings = load(config, data=tmp_path)
    assert settings.receive_files == wanted
    for variable, value in environment(settings).items():
        monkeypatch.setenv(variable, value)
    assert Settings() == settings
    monkeypatch.setenv("GAPWATCH_RECEIVE_FILES", "vault=/a, kubernetes=/b")
    assert load().receive_files == ("vault=/a", "kubernetes=/b")
    monkeypatch.setenv("GAPWATCH_RECEIVE_FILES", '["vault=/a"')
    with pytest.raises(SettingsError, match="GAPWATCH_RECEIVE_FILES is not usable: write a JSON list"):
        load()


def test_tokens_do_not_show_when_settings_are_printed() -> None:
    settings = Settings(receive_otlp_token="correct-horse-battery")
    assert "correct-horse" not in repr(settings)


def test_the_settings_of_receivers_and_of_their_files_are_listed_after_all_others() -> None:
    keys = [row["key"] for row in describe()]
    first = next(index for index, key in enumerate(keys) if key.startswith("receive_"))
    assert keys[0] == "data"
    assert all(key.startswith("receive_") or re.fullmatch("file_.*_limit", key) for key in keys[first:])


def test_a_run_starts_its_receivers_and_stops_them(
    data: Path, spawned: list[subprocess.Popen[bytes]]
) -> None:
    data.mkdir(mode=0o700)
    environment = os.environ | {
        "GAPWATCH_BROKER_PORT": "0",
        "GAPWATCH_METRICS_PORT": "0",
        "GAPWATCH_RECEIVE_VAULT": f"unix:{data}/audit.sock",
    }
    command = [sys.executable, "-m", "tests.support.stand_in_stages", "run", f"--data={data}"]
    with (data / "shown").open("wb") as shown:
        run = subprocess.Popen(
            [*command, "--only", "broker,receive_vault"],
            env=environment,
            cwd=ROOT,
            stdout=shown,
            stderr=shown,
        )
    spawned.append(run)

    def text() -> str:
        return (data / "shown").read_text()

    wait_for(lambda: "Running: broker, receive_vault" in text(), "the run to be up")
    assert (data / "starts").read_text().split()[0] == "receive_vault"
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 0


def test_a_wrong_setting_of_a_receiver_ends_the_run_with_what_to_do(
    data: Path, embedded_broker: str, spawned: list[subprocess.Popen[bytes]]
) -> None:
    environment = os.environ | {
        "GAPWATCH_BROKER": embedded_broker,
        "GAPWATCH_METRICS_PORT": "0",
        "GAPWATCH_RECEIVE_OTLP": "0.0.0.0:0",
    }
    command = [sys.executable, "-m", "streams.command.cli", "run", f"--data={data}", "--only", "receive_otlp"]
    run = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    spawned.append(run)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "anybody could send to 0.0.0.0:0" in out.decode() and "Traceback" not in out.decode()


def test_the_page_on_receivers_names_them_all() -> None:
    page = (ROOT / "docs" / "receivers.md").read_text()
    assert not [name for name in stages.RECEIVERS if f"`{name}`" not in page]
    named = set(re.findall(r"receive_[a-z_]+", page))
    assert named <= {row["key"] for row in describe()}
