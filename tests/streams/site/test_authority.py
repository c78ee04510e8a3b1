"""Who is believed beyond the pages of providers is a matter of settings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.authority import Authority
from streams.kafka import topics
from streams.normalising.intake import Intake
from streams.site.errors import SettingsError
from streams.site.loading import load
from streams.site.settings import Settings, environment

NOW = 1_790_000_000_000_000


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gapwatch.toml"
    path.write_text(text)
    return path


def test_a_table_says_what_a_source_is_believed_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(written(tmp_path, '[authority]\n"ocsf/lake" = ["aws:1:*"]\nmcp = "oidc:a, oidc:b"\n'))
    assert settings.believed == Authority((("mcp", "oidc:a"), ("mcp", "oidc:b"), ("ocsf/lake", "aws:1:*")))
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load().believed == settings.believed, "a stage believes what its site does"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[authority]\nosfc = ["aws:1:*"]\n', "there is no source 'osfc'"),
        ('[authority]\nocsf = ["aws:*:user/a"]\n', "neither a key nor the beginning of keys"),
    ],
)
def test_what_names_no_source_or_no_keys_is_a_wrong_setting(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(written(tmp_path, text))


def message(**headers: str) -> Any:
    return cast(
        Any,
        SimpleNamespace(
            headers=lambda: [(name, value.encode()) for name, value in headers.items()],
            timestamp=lambda: (2, NOW // 1_000 - 5),
            value=lambda: b"{}",
            offset=lambda: 7,
        ),
    )


def test_headers_say_nothing_but_on_a_topic_whose_setting_says_so() -> None:
    record = message(source="cloudtrail", instance="prod")
    plain = Intake(Settings()).record(record, ("raw.otel", 0), NOW)
    assert (plain.source, plain.instance) == ("otel", "")
    lent = Intake(Settings(header_topics=("raw.mixed",)))
    assert lent.record(record, ("raw.mixed", 0), NOW)[1:3] == ("cloudtrail", "prod")
    assert lent.record(record, ("raw.otel", 0), NOW).source == "otel"
    assert lent.record(message(source="inventory"), ("raw.mixed", 0), NOW).source == "mixed"


@pytest.mark.parametrize(("kind", "arrived"), [(2, NOW - 5_000), (1, NOW), (0, NOW)])
def test_when_a_record_came_is_the_brokers_word_or_our_own(kind: int, arrived: int) -> None:
    sent = message()
    sent.timestamp = lambda: (kind, NOW // 1_000 - 5)
    assert Intake(Settings()).record(sent, ("raw.otel", 0), NOW).arrived == arrived


def test_a_raw_topic_of_no_source_is_named() -> None:
    names = ["raw.otel", "raw.vault.prod", "raw.myapp", "raw.mixed", "facts"]
    settings = Settings(header_topics=("raw.mixed",))
    assert topics.unreadable(settings, names) == ["raw.myapp"]
