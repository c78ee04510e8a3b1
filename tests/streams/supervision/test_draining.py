"""At a stop a stage works off what the embedded broker holds, and waits for nobody else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.kafka import lag
from streams.site.errors import NotRunning
from streams.site.settings import Settings
from streams.supervision.run import _stopped
from streams.supervision.supervisor import Plan, Supervisor

EMBEDDED, ELSEWHERE = ["broker", "deliver"], ["deliver", "deliver"]


def asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: list[str], behind: list[int], **stage: bool
) -> int:
    """How often it is asked how far the stage is behind; ``behind``: the answers, at last none."""
    running = stage.get("running", True)
    many: Any = [
        SimpleNamespace(name=name, running=lambda: running, ready=True, heard=list, label=name)
        for name in names
    ]
    under_test = Supervisor(Plan(names, Settings(data=tmp_path), tmp_path, 0, []), Any, lambda: None)  # type: ignore[arg-type]
    under_test._stages = many
    monkeypatch.setattr(under_test, "_wait_for_news", lambda group: None)
    answers, count = iter(behind), list[str]()

    def answer(settings: Settings, group: str, timeout: float) -> int:
        count.append(group)
        if (found := next(answers, None)) is None:
            raise NotRunning("gone")
        return found

    monkeypatch.setattr(lag, "behind", answer)
    under_test._drain("deliver", float("inf"))
    return len(count)


def test_it_goes_on_until_nothing_is_left_or_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert asked(monkeypatch, tmp_path, EMBEDDED, [5, 3, 0, 9]) == 3
    assert asked(monkeypatch, tmp_path, EMBEDDED, [5]) == 2


def test_a_broker_that_keeps_its_messages_and_a_stage_that_is_gone_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert asked(monkeypatch, tmp_path, ELSEWHERE, [5, 0]) == 0
    assert asked(monkeypatch, tmp_path, EMBEDDED, [5, 0], running=False) == 0


def test_that_the_samples_are_done_is_said_once_when_nothing_is_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    watcher: Any = SimpleNamespace(samples_done=lambda: said.append("done"))
    under_test = Supervisor(Plan(EMBEDDED, Settings(data=tmp_path), tmp_path, 0, []), watcher, lambda: None)
    left = [3, 0]
    monkeypatch.setattr(lag, "behind", lambda settings, group, timeout: left[0])
    under_test._demo_sent = 1.0
    under_test._look_after_samples()
    assert said == [] and under_test._demo_sent
    left.pop(0)
    under_test._look_after_samples()
    assert under_test._demo_sent == 0.0, "it is looked after no more"
    assert said == ["done"]


@pytest.mark.parametrize(
    ("settings", "names", "unstored", "words"),
    [
        ({}, EMBEDDED, set(), "All that came was worked off; what was stored stays in"),
        ({}, EMBEDDED, {"normalise", "deliver"}, "before all was worked off (deliver, normalise)"),
        ({"broker": "k:1"}, ["deliver"], set(), "What waits on Kafka is read at the next start"),
        ({"broker": "k:1", "clickhouse": "http://c:1"}, ["deliver"], set(), "ClickHouse at http://c:1"),
        ({"broker": "k:1"}, ["correlate"], set(), "What waits on Kafka"),
        ({}, ["broker", "normalise"], set(), "Nothing was stored here"),
    ],
)
def test_the_last_line_claims_no_more_than_is_stored(
    tmp_path: Path, settings: dict[str, str], names: list[str], unstored: set[str], words: str
) -> None:
    said = _stopped(Settings(data=tmp_path, **settings), names, unstored)  # type: ignore[arg-type]
    assert said.startswith("Stopped") and words in said
    assert not unstored or "gone, send it again" in said


def test_stopping_drains_each_stage_before_it_is_asked_to_stop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    steps: list[str] = []
    stage: Any = SimpleNamespace(
        name="deliver",
        label="deliver",
        running=lambda: False,
        ask_to_stop=lambda: steps.append("asked"),
        close=lambda: None,
    )
    under_test = Supervisor(Plan(EMBEDDED, Settings(data=tmp_path), tmp_path, 0, []), Any, lambda: None)  # type: ignore[arg-type]
    under_test._stages = [stage]
    monkeypatch.setattr(under_test, "_drain", lambda name, until: steps.append(name))
    under_test._stop_all()
    assert steps.index("deliver") < steps.index("asked")
