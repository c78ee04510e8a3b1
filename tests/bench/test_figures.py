"""Each figure that is wanted has a name, and a way to be run or a reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import alone
from tests.bench.figures import FIGURES

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_measured_or_says_why_not_and_the_page_names_it(name: str) -> None:
    figure = FIGURES[name]
    assert bool(figure.parts or figure.pipeline) != bool(figure.missing)
    assert set(figure.parts) <= set(alone.PARTS)
    assert f"`{name}`" in PAGE.read_text()


def test_what_cannot_be_had_is_left_out_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--only", "join-flink", "--json"])
    assert bench.main() == 2
    assert "Flink" in capsys.readouterr().out


def test_one_figure_is_run_alone_with_its_own_load(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--only", "replay", "--events", "300", "--json"])
    assert bench.main() == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 1 and '"name": "replay alone"' in out[0] and '"cpu_us_per_event"' in out[0]
