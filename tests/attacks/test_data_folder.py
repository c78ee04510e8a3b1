"""Another user of the machine puts links and files where gapwatch writes: it stops and says which."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.files.reading import read
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.settings import Settings

CODE = "import sys; from streams.command.entry import main; sys.exit(main())"


def made(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    datafolder.make_folders(Settings(data=folder))
    return folder


WRONG: dict[str, Callable[[Path, Path], object]] = {
    "is a link": lambda data, victim: (data / "logs" / "deliver.log").symlink_to(victim),
    "run/lock is a link": lambda data, victim: (data / "run" / "lock").symlink_to(victim),
    "can be changed by others": lambda data, victim: (data / "logs").chmod(0o777),
    "chmod go-w": lambda data, victim: data.chmod(0o775),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_others_may_have_put_there_stops_the_start(said: str, tmp_path: Path) -> None:
    data, victim = made(tmp_path), tmp_path / "victim"
    victim.write_text("precious")
    WRONG[said](data, victim)
    with pytest.raises(Stop, match=said):
        datafolder.make_folders(Settings(data=data))
    assert victim.read_text() == "precious"


def test_a_run_stops_before_it_writes_through_a_link(tmp_path: Path) -> None:
    data, victim = made(tmp_path), tmp_path / "victim"
    victim.write_text("precious")
    (data / "logs" / "run.log").symlink_to(victim)
    command = [sys.executable, "-c", CODE, "run", f"--data={data}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "run.log is a link" in done.stderr and "Traceback" not in done.stderr
    assert victim.read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_ones_folder_is_not_used(tmp_path: Path) -> None:
    data = made(tmp_path)
    os.chown(data / "run", 12_345, 12_345)
    with pytest.raises(Stop, match="belongs to somebody else"):
        datafolder.make_folders(Settings(data=data))


def test_a_disk_that_takes_nothing_is_said_for_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = made(tmp_path)
    for code, words in (
        (errno.EROFS, "can only be read"),
        (errno.ENOSPC, "is full"),
        (errno.EACCES, "by this user"),
    ):

        def refuse(*_: object, code: int = code, **__: object) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr("streams.site.disk.tempfile.TemporaryFile", refuse)
        with pytest.raises(Stop, match=words) as stop:
            datafolder.make_folders(Settings(data=data))
        assert str(data) in str(stop.value) and "--data" in str(stop.value)


def test_a_pipe_or_a_device_is_no_log(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        assert ["no regular file" in piece.trouble for piece in read(path, 1_000)] == [True]
