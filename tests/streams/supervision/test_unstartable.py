"""A child that cannot be started is a crash like any other: it is tried again, and does not end the run."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.settings import Settings
from streams.supervision.process import StageProcess
from streams.supervision.supervisor import Plan, Supervisor


class Watcher:
    def __init__(self) -> None:
        self.errors: list[str] = []

    def status(self, line: str) -> None: ...

    def error(self, stage: str, line: str) -> None:
        self.errors.append(f"{stage}: {line}")

    def refresh(self, running: list[StageProcess]) -> None: ...
    def samples_done(self) -> None: ...


@pytest.fixture
def supervisor(tmp_path: Path) -> tuple[Supervisor, Watcher]:
    settings = Settings(data=tmp_path / "data", restart_limit=2)
    datafolder.make_folders(settings)
    watcher = Watcher()
    return Supervisor(Plan(["deliver"], settings, tmp_path, 0, []), watcher, lambda: None), watcher


def test_too_many_open_files_at_a_start_is_a_crash_that_is_tried_again(
    supervisor: tuple[Supervisor, Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    tested, watcher = supervisor

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("subprocess.Popen", full)
    stage = StageProcess("deliver")
    open_before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    tested._spawn(stage)
    assert stage.next_start is not None and not stage.running()
    assert watcher.errors == ["deliver: could not be started: Too many open files; starts again in 0.2 s."]
    if open_before:
        assert len(os.listdir("/proc/self/fd")) == open_before, "its pipe is closed"
    tested._spawn(stage)
    with pytest.raises(Stop, match="could not be started"):
        tested._spawn(stage)
