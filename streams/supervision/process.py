"""One stage as an operating-system process: start, hear what it says, ask it to stop, end it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import orjson

from streams.site import datafolder
from streams.site.settings import ENV_PREFIX, Settings, environment
from streams.site.stage import BROKER_ID_VARIABLE, SETTINGS_VARIABLE, STATUS_VARIABLE, WORKER_VARIABLE


@dataclass
class StageProcess:
    """A stage that runs or ran. `label` tells two workers of a stage apart (`correlate-1`)."""

    name: str
    worker: int = 0
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    started: float = 0.0
    crashes: list[float] = field(default_factory=list)
    next_start: float | None = None
    status_descriptor: int = -1
    _half_line: bytes = b""
    command: ClassVar[tuple[str, ...]] = (sys.executable, "-m", "streams.supervision.stages")

    @property
    def label(self) -> str:
        """The name of the stage, with the number of the worker where there are several."""
        return f"{self.name}-{self.worker}" if self.worker else self.name

    @property
    def pid(self) -> int | None:
        """The process id; None before the first start."""
        return self.process.pid if self.process else None

    def start(self, settings: Settings, broker_id: str, metrics: Path, lock: int) -> None:
        """Starts the process. Its input ends with this supervisor; the lock it inherits ends with itself.

        Raises OSError where the system has no process, descriptor or disk for it; ``close`` tidies up.
        """
        self.status_descriptor, for_child = os.pipe()
        try:
            self._open(settings, broker_id, metrics, lock, for_child)
        finally:
            os.close(for_child)
        self.ready, self.started, self.next_start, self._half_line = False, time.monotonic(), None, b""

    def _open(self, settings: Settings, broker_id: str, metrics: Path, lock: int, for_child: int) -> None:
        os.set_blocking(self.status_descriptor, False)
        # No secret stands in a child's environment, which others may read: settings go through its input.
        variables = {name: text for name, text in os.environ.items() if not name.startswith(ENV_PREFIX)}
        variables |= {
            SETTINGS_VARIABLE: "stdin",
            STATUS_VARIABLE: str(for_child),
            BROKER_ID_VARIABLE: broker_id,
            WORKER_VARIABLE: str(self.worker),
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        }
        output = datafolder.log_folder(settings) / f"{self.label}.out"
        with output.open("wb") as out:
            self.process = subprocess.Popen(
                [*self.command, self.name],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env=variables,
                pass_fds=(for_child, lock),
                # Ctrl-C on the terminal goes to the supervisor alone, which stops the stages in order.
                start_new_session=True,
            )
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(orjson.dumps(environment(settings)) + b"\n")
            self.process.stdin.flush()

    def heard(self) -> list[str]:
        """Returns the lines that the process has said since the last call; `ready` is noted as well."""
        said = self._half_line
        with contextlib.suppress(BlockingIOError, OSError):
            while part := os.read(self.status_descriptor, 65536):
                said += part
        *lines, self._half_line = said.split(b"\n")
        words = [line.decode(errors="replace") for line in lines]
        self.ready = self.ready or "ready" in words
        return words

    def ended(self) -> int | None:
        """Returns the exit code of the process, negative for a signal; None while it runs or before it was
        started."""
        return self.process.poll() if self.process else None

    def running(self) -> bool:
        """Says whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Sends SIGTERM to the process if it is alive, and does not wait."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kills the process if it is alive, and waits for its end."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """Frees what this side holds of an ended process."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        if self.status_descriptor >= 0:
            os.close(self.status_descriptor)
            self.status_descriptor = -1
        self.process, self.ready = None, False

    def last_words(self, settings: Settings) -> str:
        """Returns the last line it printed outside its log: of a crash, the exception."""
        try:
            text = (datafolder.log_folder(settings) / f"{self.label}.out").read_text(errors="replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""
