"""What a stage process gets from the one that started it: its name, the way to say ready, the word to stop.

A stage is `main(settings, stage)` in a module of its own. It works until `stage.stopping` is set, then
finishes what it holds and returns. It never installs signal handlers and never watches its parent: that is
done here.
"""

from __future__ import annotations

import contextlib
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

STATUS_VARIABLE = "STAGE_STATUS_FD"
BROKER_ID_VARIABLE = "STAGE_BROKER_ID"
WORKER_VARIABLE = "STAGE_WORKER"
SETTINGS_VARIABLE = "STAGE_SETTINGS"
"""Set where the first line of standard input holds the settings."""
INTAKE_CHECK_SECONDS = 0.1
"""How old the answer of `intake_closed` may be: often enough against a ceiling, rarely enough for a hot
loop.
"""


@dataclass
class Stage:
    """`name` and `worker` (0, 1, …) tell this process; `broker_id` changes whenever the broker starts empty.

    `broker_id` is empty where the broker is external: its cluster id tells it then.
    """

    name: str
    worker: int = 0
    broker_id: str = ""
    run_folder: Path | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    say: Callable[[str], None] = lambda line: None
    renewed: bool = False
    """It stops to be started again with what its files hold now (``streams.site.renewal``)."""
    _said_ready: bool = False
    _intake: tuple[float, str | None] = (-INTAKE_CHECK_SECONDS, None)

    def ready(self) -> None:
        """Says that this stage does its work now; saying it again does nothing."""
        if not self._said_ready:
            self._said_ready = True
            self.say("ready")

    def intake_closed(self) -> str | None:
        """Returns why nothing new may be taken in, in words for people; None while intake is open.

        Intake closes when the embedded broker nears its memory ceiling; what is in it already is worked off.
        """
        checked, answer = self._intake
        now = time.monotonic()
        if self.run_folder is None or now - checked < INTAKE_CHECK_SECONDS:
            return answer
        answer = read_intake(self.run_folder)
        self._intake = (now, answer)
        return answer


def intake_file(run_folder: Path) -> Path:
    """Returns the file by which the supervisor tells receivers whether there is room."""
    return run_folder / "intake.json"


def read_intake(run_folder: Path) -> str | None:
    """Returns why intake is closed; None while it is open."""
    return _intake_state(run_folder).get("closed")


def broker_stopped(run_folder: Path) -> bool:
    """Says whether the embedded broker was stopped at its ceiling."""
    return _intake_state(run_folder).get("level") == "ceiling"


def _intake_state(run_folder: Path) -> dict[str, str]:
    try:
        state: dict[str, str] = orjson.loads(intake_file(run_folder).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return state


def from_environment(name: str, run_folder: Path) -> Stage:
    """Returns the stage of this process as its supervisor started it; SIGTERM and SIGINT set `stopping`."""
    worker = int(os.environ.get(WORKER_VARIABLE, "0"))
    stage = Stage(name, worker, os.environ.get(BROKER_ID_VARIABLE, ""), run_folder, say=_status_writer())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stage.stopping.set())
    return stage


def handed_over() -> dict[str, str]:
    """Returns the settings that the supervisor wrote into this process's input, as variables; none where it
    was started by hand."""
    if os.environ.pop(SETTINGS_VARIABLE, None) is None:
        return {}
    line = b""
    while not line.endswith(b"\n") and (letter := os.read(sys.stdin.fileno(), 1)):
        line += letter
    variables: dict[str, str] = orjson.loads(line or b"{}")
    return variables


def stop_with_supervisor(stage: Stage, deadline_seconds: float) -> None:
    """Watches standard input, whose other end only the supervisor holds: its end is the supervisor's end.

    This works when the supervisor is killed with -9 too, on every system with pipes. A stage that has not
    ended by itself within the deadline is ended.
    """

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        logging.getLogger("gapwatch.stage").warning("the supervisor is gone, %s stops", stage.name)
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(deadline_seconds)
        os._exit(1)

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()


class StatusHandler(logging.Handler):
    """Passes errors on to the supervisor, which shows them; everything goes to the log file anyway."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(logging.ERROR)
        self._stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        """Tells the supervisor the first line of an error, at most 500 characters."""
        # librdkafka repeats itself at every attempt to connect; what matters of it, the stage says itself.
        if record.name == "gapwatch.kafka":
            return
        first = (record.getMessage().splitlines() or [""])[0]
        self._stage.say(f"error {first[:500]}")


def _status_writer() -> Callable[[str], None]:
    """Lines to the supervisor: `ready`, `error TEXT`. A full or closed pipe loses the line, never the
    stage.
    """
    number = os.environ.pop(STATUS_VARIABLE, None)
    if number is None:
        return lambda line: None
    descriptor = int(number)
    os.set_blocking(descriptor, False)
    os.set_inheritable(descriptor, False)

    def say(line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(descriptor, line.encode() + b"\n")

    return say
