"""The embedded engine across restarts and kill -9."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from streams.clickhouse.sink import Sink
from tests.support.clickhouse import activity, engine_over, lines, rows

WRITER = """
import sys
from pathlib import Path
from streams.clickhouse.sink import Sink
from tests.support.clickhouse import activity, engine_over, lines
with engine_over(Path(sys.argv[1])) as engine:
    sink = Sink(engine)
    for first in range(0, 10**9, 1000):
        sink.write("activities", [lines("activities", *map(activity, range(first, first + 1000)))])
        print(first + 1000, flush=True)
"""


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    with engine_over(tmp_path / "clickhouse") as engine:
        Sink(engine).write("activities", [lines("activities", activity(1))])
    with engine_over(tmp_path / "clickhouse") as engine:
        assert rows(engine, "SELECT uid FROM activities") == [("event-1",)]


def test_every_row_that_was_taken_before_a_kill_is_there_after_it(
    tmp_path: Path, spawned: list[subprocess.Popen[bytes]]
) -> None:
    path = tmp_path / "clickhouse"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    spawned.append(writer)
    assert writer.stdout is not None
    taken = max(int(writer.stdout.readline()) for _ in range(7))
    writer.kill()
    writer.wait()
    with engine_over(path) as engine:
        ((stored, last),) = rows(engine, "SELECT count(), max(offset) FROM activities")
        assert taken <= stored == last + 1
