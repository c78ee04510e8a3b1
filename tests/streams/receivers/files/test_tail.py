"""A followed file: nothing is lost over rotation and restarts, and little is read twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from streams.receivers.files import followed as followed_module
from streams.receivers.files.marks import MarkFile
from streams.receivers.files.siblings import rotated
from streams.receivers.files.tail import FileTail
from tests.support.log_rotator import RotatedLog

LIMIT = 10_000
GRACE = 5.0


class Follower:
    """A tail with a clock of its own; `lines` is what it took, `restart` forgets all but the marks."""

    def __init__(self, path: Path) -> None:
        self.now = 0.0
        self.lines: list[bytes] = []
        self.unfit: list[str] = []
        self._path = path
        self._marks = path.parent / "marks" / "marks.json"
        self.tail = self._opened()

    def poll(self, taken: bool = True) -> None:
        """One turn; without `taken` as if the process died before Kafka had it."""
        polled = self.tail.poll()
        if not taken:
            self.restart()
            return
        for _, lines in polled:
            self.lines += [line.content for line in lines if line.content and not line.unfit]
            self.unfit += [line.unfit.reason for line in lines if line.unfit]
        self.tail.taken(polled)

    def restart(self) -> None:
        self.tail.close()
        self.tail = self._opened()

    def finish(self) -> None:
        """Until there is nothing left, and past the time that rotated files are watched."""
        for _ in range(500):
            self.poll()
            if not self.tail.progressed:
                self.now += GRACE
                if self.tail.quiet:
                    break
        self.poll()

    def _opened(self) -> FileTail:
        return FileTail(self._path, MarkFile(self._marks), LIMIT, GRACE, lambda: self.now)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RotatedLog]:
    writing = RotatedLog(tmp_path / "audit.log")
    yield writing
    writing.close()


@pytest.fixture
def follower(log: RotatedLog) -> Iterator[Follower]:
    following = Follower(log.path)
    yield following
    following.tail.close()


def test_lines_are_taken_once_in_order_as_they_come(log: RotatedLog, follower: Follower) -> None:
    for _ in range(3):
        log.write(10)
        follower.poll()
    assert follower.lines == log.lines


def test_half_a_last_line_waits_for_its_end(log: RotatedLog, follower: Follower) -> None:
    log.write(2)
    log.write_half()
    follower.poll()
    follower.restart()
    follower.poll()
    assert follower.lines == log.lines[:2]
    log.write()
    follower.poll()
    assert follower.lines == log.lines


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "audit.log")
    follower.poll()
    log = RotatedLog(tmp_path / "audit.log")
    log.write(3)
    follower.poll()
    assert follower.lines == log.lines
    log.close()
    follower.tail.close()


def test_a_restart_goes_on_where_kafka_had_it(log: RotatedLog, follower: Follower) -> None:
    log.write(5)
    follower.poll()
    log.write(5)
    follower.poll(taken=False)
    follower.poll()
    assert follower.lines == log.lines


def test_what_the_writer_still_writes_to_a_renamed_file_is_read(log: RotatedLog, follower: Follower) -> None:
    log.write(5)
    follower.poll()
    log.rename(reopen=False)
    log.write(5)
    follower.poll()
    follower.now += GRACE / 2
    log.write_half()
    follower.poll()
    log.reopen()
    log.write(5)
    follower.finish()
    assert sorted(follower.lines) == sorted(log.lines)


def test_what_was_written_before_a_truncation_is_read_from_the_copy(
    log: RotatedLog, follower: Follower
) -> None:
    log.write(5)
    follower.poll()
    log.write(5)
    log.copy_and_truncate()
    log.write(1)
    follower.finish()
    assert sorted(follower.lines) == sorted(log.lines)


def test_a_truncated_file_that_has_grown_past_its_old_size_is_noticed(
    log: RotatedLog, follower: Follower
) -> None:
    log.write(5)
    follower.poll()
    log.copy_and_truncate()
    log.write(50)
    follower.finish()
    assert sorted(follower.lines) == sorted(log.lines)


def test_a_hole_left_by_a_writer_that_does_not_append_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    follower = Follower(path)
    with path.open("wb", buffering=0) as writer:
        writer.write(b'{"id":1}\n' * 500)
        follower.poll()
        os.truncate(path, 0)
        writer.write(b'{"id":2}\n')
    follower.finish()
    assert follower.lines[-1] == b'{"id":2}' and len(follower.lines) == 501
    follower.tail.close()


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("way", ["rename", "copy_and_truncate"])
def test_rotations_while_nobody_looked_are_made_up_for(
    log: RotatedLog, follower: Follower, way: str, pack: bool
) -> None:
    log.write(10)
    follower.poll()
    log.write(10)
    follower.tail.close()
    for _ in range(3):
        getattr(log, way)()
        if pack:
            log.pack()
        log.write(10)
    follower.restart()
    follower.finish()
    assert sorted(follower.lines) == sorted(log.lines)


def test_a_file_that_was_rotated_and_packed_goes_on_where_it_was(log: RotatedLog, follower: Follower) -> None:
    log.write(10)
    follower.poll()
    log.write(3)
    log.rename()
    log.pack()
    follower.restart()
    follower.finish()
    assert follower.lines == log.lines


def test_older_rotated_files_of_a_file_never_followed_are_left_alone(tmp_path: Path) -> None:
    log = RotatedLog(tmp_path / "audit.log")
    log.write(5)
    log.rename()
    log.write(5)
    follower = Follower(log.path)
    follower.finish()
    assert follower.lines == log.lines[5:]
    log.close()
    follower.tail.close()


def test_a_line_above_the_limit_is_a_reject_and_the_next_one_is_read(
    log: RotatedLog, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_module, "CHUNK_BYTES", 4_000)
    log.write(1)
    log.write(1, padding=30_000)
    log.write(1)
    for _ in range(12):
        follower.poll()
    assert follower.lines == [log.lines[0], log.lines[2]]
    assert follower.unfit == ["longer than 10000 bytes (record_limit)"]


def test_a_file_that_is_no_file_is_an_error_and_not_waited_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    os.mkfifo(path)
    with pytest.raises(OSError, match="no regular file"):
        Follower(path).poll()


def test_marks_that_are_broken_are_forgotten_and_the_file_is_taken_anew(
    log: RotatedLog, follower: Follower, tmp_path: Path
) -> None:
    log.write(3)
    follower.poll()
    (tmp_path / "marks" / "marks.json").write_bytes(b"[{")
    follower.restart()
    follower.poll()
    assert follower.lines == log.lines * 2


def test_a_packed_file_that_is_cut_short_is_told(log: RotatedLog, follower: Follower) -> None:
    log.write(2000, padding=100)
    follower.tail.close()
    follower.restart()
    log.write(1)
    follower.poll(taken=False)
    log.rename()
    log.pack()
    packed = Path(f"{log.path}.1.gz")
    packed.write_bytes(packed.read_bytes()[:-9])
    follower.restart()
    follower.finish()
    assert any("gzip file is broken" in reason for reason in follower.unfit)


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("audit.log.1", True),
        ("audit.log.12.gz", True),
        ("audit.log-20261122", True),
        ("audit.log-20261122.gz", True),
        ("audit-2026-11-22T10-00-00.000.log", True),
        ("audit-2026-11-22T10-00-00.000.log.gz", True),
        ("audit.log.old", True),
        ("audit.log.lock", False),
        ("audit.log.1.swp", False),
        ("audit-other.log", False),
        ("other.log.1", False),
    ],
)
def test_rotated_files_are_told_by_their_names(tmp_path: Path, name: str, belongs: bool) -> None:
    (tmp_path / name).touch()
    assert bool(rotated(tmp_path / "audit.log")) == belongs


STEPS: dict[str, Callable[[RotatedLog, Follower], None]] = {
    "write": lambda log, _: log.write(3),
    "write much": lambda log, _: log.write(20, padding=200),
    "write half": lambda log, _: log.write_half(),
    "rename": lambda log, _: log.rename(),
    "rename, reopen later": lambda log, _: log.rename(reopen=False),
    "reopen": lambda log, _: log.reopen(),
    "copy and truncate": lambda log, _: log.copy_and_truncate(),
    "pack": lambda log, _: log.pack(),
    "poll": lambda _, follower: follower.poll(),
    "crash before it is taken": lambda _, follower: follower.poll(taken=False),
    "restart": lambda _, follower: follower.restart(),
}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(list(STEPS)), max_size=25))
@example(steps=["rename", "poll", "write", "copy and truncate"])
@example(steps=["copy and truncate", "write", "rename", "crash before it is taken", "pack"])
@example(steps=["write", "copy and truncate", "rename"])
def test_whatever_happens_every_line_is_taken(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    log = RotatedLog(tmp_path_factory.mktemp("log") / "audit.log")
    log.write(1)
    follower = Follower(log.path)
    follower.poll()
    for step in steps:
        STEPS[step](log, follower)
    log.reopen()
    log.write(1)
    follower.finish()
    assert set(log.lines) <= set(follower.lines)
    log.close()
    follower.tail.close()
