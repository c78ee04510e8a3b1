"""What a stage process gets from the one that started it: its name, the way to say ready, the word to stop.

A stage is `main(settings, stage)` in a module of its own. It works until `stage.stopping` is set, then finishes
what it holds and returns. It never installs signal handlers and never watches its parent: that is done here.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson

READY_VARIABLE = "STAGE_READY_FD"
BROKER_ID_VARIABLE = "STAGE_BROKER_ID"
WORKER_VARIABLE = "STAGE_WORKER"
INTAKE_CHECK_SECONDS = 0.5
"""How old the answer of `intake_open` may be: often enough against a ceiling, rarely enough for a hot loop."""


@dataclass
class Stage:
    """`name` and `worker` (0, 1, …) tell this process; `broker_id` changes whenever the broker starts empty."""

    name: str
    worker: int = 0
    broker_id: str = ""
    run_folder: Path | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    on_ready: Callable[[], None] = lambda: None
    _intake: tuple[float, bool] = (0.0, True)

    def ready(self) -> None:
        """Says that this stage does its work now; saying it again does nothing."""
        say, self.on_ready = self.on_ready, lambda: None
        say()

    def intake_open(self) -> bool:
        """False while the embedded broker is near its memory ceiling: take in nothing new then."""
        checked, answer = self._intake
        now = time.monotonic()
        if self.run_folder is None or now - checked < INTAKE_CHECK_SECONDS:
            return answer
        answer = read_intake(self.run_folder) is None
        self._intake = (now, answer)
        return answer


def intake_file(run_folder: Path) -> Path:
    return run_folder / "intake.json"


def read_intake(run_folder: Path) -> str | None:
    """Why intake is closed, in words for people; None while it is open."""
    try:
        return str(orjson.loads(intake_file(run_folder).read_bytes())["closed"])
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return None


def from_environment(name: str, run_folder: Path) -> Stage:
    """The stage of this process, as its supervisor started it: stops on SIGTERM, SIGINT and the supervisor's end."""
    worker = int(os.environ.get(WORKER_VARIABLE, "0"))
    stage = Stage(name, worker, os.environ.get(BROKER_ID_VARIABLE, ""), run_folder, on_ready=_tell_supervisor)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stage.stopping.set())
    return stage


def stop_with_supervisor(stage: Stage, deadline_seconds: float) -> None:
    """Watches standard input, whose other end only the supervisor holds: its end is the supervisor's end.

    This works when the supervisor is killed with -9 too, on every system with pipes.
    """

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        logging.getLogger("gapwatch.stage").warning("the supervisor is gone, %s stops", stage.name)
        stage.stopping.set()
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(deadline_seconds)
        os._exit(1)

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()


def _tell_supervisor() -> None:
    number = os.environ.pop(READY_VARIABLE, None)
    if number is not None:
        descriptor = int(number)
        os.write(descriptor, b"ready\n")
        os.close(descriptor)
