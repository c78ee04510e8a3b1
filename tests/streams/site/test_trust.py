"""Whose security event tokens the pipeline believes is a matter of settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from correlators.driver.normaliser import Normaliser, Record
from streams.command.cli import app
from streams.site.context import site_of
from streams.site.errors import Stop
from streams.site.settings import Settings
from tests.support.caep import claims, public, token

KEY = b"k" * 32


def read(settings: Settings) -> tuple[int, int]:
    normaliser = Normaliser(KEY, trust=site_of(settings, KEY).reads)
    normaliser.take(Record(token(claims()), "caep"))
    batch = normaliser.drain()
    return len(batch.activities), len(batch.rejects)


def test_a_token_is_believed_only_where_its_signer_is_configured(tmp_path: Path) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [public()]}))
    assert read(Settings(data=tmp_path)) == (0, 1)
    assert read(Settings(data=tmp_path, caep_keys=keys)) == (1, 0)
    assert read(Settings(data=tmp_path, caep_keys=keys, caep_audiences=("https://other",))) == (0, 1)


def test_the_command_replay_believes_as_its_settings_say(tmp_path: Path) -> None:
    """Each of the three settings reaches a replay that is typed: without it the tokens are refused."""
    keys, log = tmp_path / "jwks.json", tmp_path / "tokens"
    keys.write_text(json.dumps({"keys": [public()]}))
    signed, unsigned = token(claims()), json.dumps(claims()).encode()
    for named, content, taken in (
        ("", signed, False),
        (f'caep_keys = "{keys}"', signed, True),
        (f'caep_keys = "{keys}"\ncaep_audiences = ["https://other"]', signed, False),
        ("", unsigned, False),
        ("caep_unsigned = true", unsigned, True),
    ):
        config, out, rejects = tmp_path / "gapwatch.toml", tmp_path / "activities", tmp_path / "rejects"
        config.write_text(named)
        log.write_bytes(content)
        asked = ["replay", str(log), "--source", "caep", "--config", str(config), "--data", str(tmp_path)]
        result = CliRunner().invoke(app, [*asked, "--activities", str(out), "--rejects", str(rejects)])
        assert result.exit_code == 0, result.output
        assert (bool(out.read_bytes()), bool(rejects.read_bytes())) == (taken, not taken), named


def test_a_key_set_that_cannot_be_read_is_said_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="caep_keys"):
        site_of(Settings(data=tmp_path, caep_keys=tmp_path / "missing.json"), KEY)
