"""The first screen: what is open, worst first, in words and within the size of the terminal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from rich.console import Console

from streams.command.demo import samples
from streams.kafka.feed import Finding
from streams.screen.board import Board
from streams.screen.show import finding_line
from streams.site.datafolder import Instance
from streams.site.disk import trouble_with
from streams.supervision.live import View
from streams.supervision.process import StageProcess
from tests.support.replayed import replayed

INSTANCE = Instance(
    1, "127.0.0.1:19092", True, "http://127.0.0.1:18123", "http://127.0.0.1:19100/metrics", ""
)
PAGE = Path(__file__).parents[3] / "docs" / "first-run.md"


def finding(uid: str = "1", severity: int = 4, /, **fields: Any) -> Finding:
    info = {"uid": uid * 8, "title": f"finding {uid}", "analytic": {"uid": "outlived_parent"}}
    plain = {"activity_id": 1, "status_id": 1, "severity_id": severity, "end_time": 1795341600000}
    return plain | {"finding_info": info} | fields


CLOSED: dict[str, Any] = {"activity_id": 3, "status_id": 4, "status_detail": "ended"}
SUPPRESSED: dict[str, Any] = {"activity_id": 2, "status_id": 3, "status_detail": "until Friday"}


def screen(view: View, width: int, height: int) -> str:
    out = io.StringIO()
    view.console = Console(file=out, width=width, height=height, color_system=None, highlight=False)
    view.console.print(view)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))


def view_of(*many: Finding) -> View:
    view = View(INSTANCE, CollectorRegistry(), Console(file=io.StringIO()), data=" --data gapwatch-data")
    for each in many:
        view.show(each)
    return view


def counted(view: View) -> None:
    """As after the first run: what was read is counted, and all stages are up."""
    for name, (label, count) in {
        "records": ("vault", 3_325),
        "activities": ("vault", 3_257),
        "rejects": ("vault", 0),
        "rows": ("activities", 7_976),
    }.items():
        counter = Counter(f"gapwatch_{name}", name, ["of"], registry=view.registry)
        counter.labels(label).inc(count)
    view.refresh([StageProcess(name, ready=True) for name in ("broker", "deliver", "correlate", "normalise")])


@pytest.mark.parametrize(
    ("then", "word"),
    [
        (finding(), None),
        (finding(end_time=1795341700000, activity_id=2), "updated"),
        (finding("1", 5, activity_id=2), "got worse, was high"),
        (finding("1", 3, activity_id=2), "less severe, was high"),
        (finding(**SUPPRESSED), "suppressed: until Friday"),
        (finding(**CLOSED), "ended"),
        (finding(**CLOSED | {"status_detail": "withdrawn"}), "withdrawn"),
    ],
)
def test_what_has_become_of_a_finding_is_said_in_words(then: Finding, word: str | None) -> None:
    board = Board()
    assert board.take(finding()) == ""
    assert board.take(then) == word


@pytest.mark.parametrize("closed", [CLOSED, SUPPRESSED])
def test_what_is_open_again_is_reopened(closed: dict[str, Any]) -> None:
    board = Board()
    assert [board.take(f) for f in (finding(), finding(**closed), finding(activity_id=2))][2] == "re-opened"


def test_counts_are_of_what_is_open_and_of_the_rest_by_what_it_is() -> None:
    many = [
        finding("1", 5),
        finding("2", 3),
        finding("3", 1),
        finding("4", 4, **CLOSED),
        finding("5", 4, **SUPPRESSED),
    ]
    below = finding("6", 4, unmapped={"story": "7"})
    view = view_of(*many, below, finding("2", 3, activity_id=2, end_time=1))
    assert view.board.counts() == (
        "1 critical, 1 medium open; 1 below a story, 1 ended, 1 informational, 1 suppressed"
    )
    assert [f["finding_info"]["title"] for f in view.board.open()] == ["finding 1", "finding 2"]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (20, 5), (200, 60)])
def test_the_screen_keeps_to_its_size_and_the_worst_stays_in_view(width: int, height: int) -> None:
    many = [finding(str(n % 10) + str(n // 10), 3, end_time=n) for n in range(60)]
    view = view_of(*many, finding("9", 5, end_time=1))
    lines = screen(view, width, height).split("\n")
    assert len(lines) < height and all(len(line) <= width for line in lines)
    assert any(line.startswith("critical") for line in lines)
    assert height < 10 or "more" in "".join(lines)


def test_the_first_run_looks_as_the_page_shows_it(tmp_path: Path) -> None:
    paths = [path for path in sorted(samples().iterdir()) if path.name in ("cloudtrail", "otel", "vault")]
    said = replayed(tmp_path, *paths, inventories=(str(samples() / "inventory"),))
    view = view_of(*said.findings)
    view.samples_done()
    counted(view)
    view.status("Running: broker, deliver, correlate, normalise. Ctrl-C stops it.")
    page = PAGE.read_text(encoding="utf-8")
    for width, height in ((80, 24), (40, 10)):
        shown = f"```text\n{screen(view, width, height)}\n```"
        assert shown in page, f"docs/first-run.md shows another screen of {width} x {height} than\n{shown}"
    assert "hmac-" not in page


def test_a_line_of_a_finding_says_what_it_is_without_a_memory_and_the_zone_of_its_time() -> None:
    assert finding_line(finding(**SUPPRESSED)).plain.endswith("finding 1  ↻ suppressed: until Friday")
    assert finding_line(finding(activity_id=2)).plain.endswith("finding 1")
    assert finding_line(finding()).plain.startswith("2026-11-22 10:00:00Z  high")


def test_a_disk_that_takes_nothing_is_said_for_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trouble_with(tmp_path) == ""
    assert "No such file" in trouble_with(tmp_path / "gone")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    assert (
        trouble_with(tmp_path)
        == f"The disk that holds {tmp_path} is full: make room, what waits is stored then."
    )
