"""A process that was shut in reads its own folder and no other file, and neither does what it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streams.site import shut_in

PROGRAM = """
import subprocess, sys, threading
from pathlib import Path
from streams.site.shut_in import shut_in
inside, outside = Path(sys.argv[1]), sys.argv[2]
print(shut_in([inside]))
(inside / "written").write_text("x")
def read():
    try:
        print("read", Path(outside).read_text())
    except OSError as error:
        print("refused", error.errno)
read()
thread = threading.Thread(target=read); thread.start(); thread.join()
"""


def tried(tmp_path: Path, offered: str = "") -> list[str]:
    inside, outside = tmp_path / "data", tmp_path / "secret"
    inside.mkdir()
    outside.write_text("out of reach")
    command = [sys.executable, "-c", offered + PROGRAM, str(inside), str(outside)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (inside / "written").read_text() == "x"
    return done.stdout.splitlines()


@pytest.mark.skipif(not shut_in.version(), reason=shut_in.said())
def test_what_is_outside_is_out_of_reach_of_every_thread_and_child(tmp_path: Path) -> None:
    assert tried(tmp_path) == ["True", "refused 13", "refused 13"]


def test_a_kernel_without_it_changes_nothing_and_says_so(tmp_path: Path) -> None:
    without = (
        "from streams.site import shut_in as s; s.version = lambda: 0; assert 'not held in' in s.said()\n"
    )
    assert tried(tmp_path, without) == ["False", "read out of reach", "read out of reach"]
