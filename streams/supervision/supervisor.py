"""Starts the stages in order, watches them, restarts what crashes, stops them in order."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from streams.kafka import lag, topics
from streams.site import datafolder, metrics
from streams.site.errors import NotRunning, Stop
from streams.site.renewal import RENEWED
from streams.site.settings import Settings
from streams.site.stage import read_intake
from streams.supervision import broker, stages
from streams.supervision.process import StageProcess

BACKOFF_SECONDS = (0.2, 1.0, 3.0, 10.0)
"""Wait before the first, second, … restart: a passing fault is over at once, a lasting one must not burn the
CPU.
"""
PUMP_SECONDS = 0.25
"""Longest wait between two looks at everything: the pace of the live view."""
GONE_SECONDS = 5.0
"""The longest until the end of an embedded broker that does not answer is noticed."""
DRAIN_SHARE = 0.5
"""Share of the deadline for stopping in which stages may work off what is on the embedded broker."""
SAMPLES_SECONDS = 2.0
"""Between two looks whether the samples are worked off; what was sent last needs a flush of correlate."""
ONCE = ("restore", "demo")
"""Stages that do their work once, at the start, and end."""
UNUSABLE_SETTINGS = 2
"""Exit code of a stage that no restart can help."""


class Watcher(Protocol):
    """Who shows what goes on."""

    def status(self, line: str) -> None:
        """Shows what the run as a whole is doing."""

    def error(self, stage: str, line: str) -> None:
        """Shows an error of one stage."""

    def refresh(self, running: list[StageProcess]) -> None:
        """Shows the state of all stages; called a few times a second."""

    def samples_done(self) -> None:
        """Shows that all that the demo sent was read, judged and stored."""


class BrokerGoneError(Exception):
    """The embedded broker crashed; all it held is gone, so everything starts again from what is stored."""


@dataclass
class Plan:
    """What to run: stage names, the settings with all ports chosen, where metrics go, the inherited lock."""

    names: list[str]
    settings: Settings
    metrics: Path
    lock: int
    sources: list[str]
    demo: bool = False

    @property
    def embedded_broker(self) -> bool:
        """Whether this run starts a broker of its own."""
        return "broker" in self.names

    def workers(self, name: str) -> int:
        """Returns the number of processes of a stage."""
        counts = {"normalise": self.settings.normalisers, "correlate": self.settings.correlators}
        return counts.get(name, 1)


class Supervisor:
    """One run of the planned stages. `run` blocks until a signal ends it or something cannot be helped."""

    def __init__(
        self,
        plan: Plan,
        watcher: Watcher,
        on_up: Callable[[], None],
        on_stored: Callable[[], object] = lambda: None,
    ) -> None:
        """``on_stored`` is called when an embedded broker is new and ClickHouse answers, before anything
        else is said; ``on_up`` when all stages work."""
        self._plan = plan
        self._watcher = watcher
        self._on_up = on_up
        self._on_stored = on_stored
        self._stages: list[StageProcess] = []
        self._broker_id = ""
        self._lost = False
        self._stop_asked = 0
        self._kill_at = 2
        self._demo_sent = 0.0
        self._was_up = False
        self.unstored: set[str] = set()
        """Stages that were stopped before they had worked off what an embedded broker still held."""
        self._wake, self._wake_writer = os.pipe()

    def run(self) -> None:
        """Raises Stop where a stage crashes again and again, cannot start at all, or the ceiling is
        reached.
        """
        self._catch_signals()
        try:
            while not self._stop_asked:
                try:
                    self._bring_up()
                    while not self._stop_asked:
                        self._pump()
                except BrokerGoneError:
                    self._watcher.status("The embedded broker crashed; starting again from what is stored …")
                    self._stop_all()
        finally:
            self._stop_all()

    def _catch_signals(self) -> None:
        os.set_blocking(self._wake, False)
        os.set_blocking(self._wake_writer, False)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop_signal)

    def _on_stop_signal(self, *_: object) -> None:
        self._stop_asked += 1

    def _bring_up(self) -> None:
        """The broker first; deliver, since dossiers are restored from what it opens; normalise last, so that
        restored dossiers come before new facts. Correlate joins its group meanwhile, which takes longest.
        What a broker has lost comes back from ClickHouse: all of an embedded one, and of any other whose
        topic of facts is new.
        """
        crashes = {stage.label: stage.crashes for stage in self._stages}
        self._stages = []
        self._broker_id = uuid.uuid4().hex if self._plan.embedded_broker else ""
        self._lost = self._plan.embedded_broker
        self._start("broker", crashes)
        self._wait_until_ready("broker")
        if not self._stop_asked:
            self._create_topics()
        self._start("deliver", crashes)
        self._start("correlate", crashes)
        self._wait_until_ready("deliver")
        if self._plan.embedded_broker and "deliver" in self._plan.names and not self._stop_asked:
            self._with_broker(self._on_stored)
        if self._lost and "correlate" in self._plan.names:
            self._run_to_end("restore", crashes)
        self._start("normalise", crashes)
        self._wait_until_ready("correlate", "normalise")
        for receiver in stages.RECEIVERS:
            self._start(receiver, crashes)
        self._wait_until_ready(*stages.RECEIVERS)
        if self._plan.demo:
            self._start("demo", crashes)
        if not self._stop_asked:
            self._was_up = True
            self._with_broker(self._on_up)

    def _create_topics(self) -> None:
        wanted = topics.wanted(self._plan.settings, self._plan.sources)
        created: list[str] = []
        self._with_broker(lambda: created.extend(topics.create_missing(self._plan.settings, wanted)))
        stored = self._plan.settings.clickhouse is not None or "deliver" in self._plan.names
        if topics.name(self._plan.settings, topics.FACTS) in created and stored:
            self._lost = True

    def _with_broker(self, act: Callable[[], object]) -> None:
        """Raises BrokerGoneError where the embedded broker ended meanwhile: its end is the reason, not that
        it does not answer."""
        try:
            act()
        except NotRunning:
            end = time.monotonic() + GONE_SECONDS
            while self._plan.embedded_broker and time.monotonic() < end:
                self._pump()
            raise

    def _start(self, name: str, crashes: dict[str, list[float]]) -> None:
        if self._stop_asked or name not in (*self._plan.names, *ONCE):
            return
        for worker in range(self._plan.workers(name)):
            stage = StageProcess(name, worker)
            stage.crashes = crashes.get(stage.label, [])
            self._stages.append(stage)
            self._spawn(stage)

    def _wait_until_ready(self, *names: str) -> None:
        if awaited := [s.label for s in self._stages if s.name in names and not s.ready]:
            first = " (the first time it makes its tables)" if "deliver" in names else ""
            self._watcher.status(f"Starting, waiting for {', '.join(awaited)}{first} …")
        while not self._stop_asked and not all(s.ready for s in self._stages if s.name in names):
            self._pump()

    def _run_to_end(self, name: str, crashes: dict[str, list[float]]) -> None:
        self._start(name, crashes)
        while not self._stop_asked and any(stage.name == name for stage in self._stages):
            self._pump()

    def _spawn(self, stage: StageProcess) -> None:
        settings = self._plan.settings
        if stage.name == "broker":
            settings = settings.model_copy(update={"broker": None})
        try:
            stage.start(settings, self._broker_id, self._plan.metrics, self._plan.lock)
        except OSError as error:
            # Too many open files, processes, bytes: passing faults, as a crash may be one.
            stage.kill()
            stage.close()
            self._count_crash(stage, f"could not be started: {error.strerror or error}", "")

    def _pump(self) -> None:
        """One look at everything: what the stages say, which ended, which is due to start again."""
        said = [stage.status_descriptor for stage in self._stages if stage.process]
        select.select([self._wake, *said], [], [], PUMP_SECONDS)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)
        for stage in list(self._stages):
            self._look_after(stage)
            # What does its work once and ends is never down.
            if stage.name not in ONCE:
                metrics.UP.labels(stage.label).set(1 if stage.ready and stage.running() else 0)
        self._watcher.refresh(self._stages)
        if self._demo_sent and time.monotonic() - self._demo_sent > SAMPLES_SECONDS:
            self._look_after_samples()

    def _look_after_samples(self) -> None:
        """Whether the samples are worked off: nothing is behind."""
        self._demo_sent = time.monotonic()
        with contextlib.suppress(NotRunning):
            if not any(lag.behind(self._plan.settings, name, timeout=1.0) for name in lag.GROUPS):
                self._demo_sent = 0.0
                self._watcher.samples_done()

    def _look_after(self, stage: StageProcess) -> None:
        for line in stage.heard():
            if line.startswith("error "):
                self._watcher.error(stage.label, line.removeprefix("error "))
        code = stage.ended()
        now = time.monotonic()
        if code is not None:
            self._on_end(stage, code)
        elif stage.next_start is not None and now >= stage.next_start:
            self._spawn(stage)
        elif stage.process and not stage.ready and self._late(stage, now):
            self._watcher.error(stage.label, "did not become ready in time")
            stage.kill()

    def _late(self, stage: StageProcess, now: float) -> bool:
        # How long the dossiers take to send and the demo to play depends on what there is.
        if stage.name in ONCE:
            return False
        return now - stage.started > self._plan.settings.ready_deadline.total_seconds()

    def _on_end(self, stage: StageProcess, code: int) -> None:
        words = stage.last_words(self._plan.settings)
        stage.close()
        if stage.name in ONCE and code == 0:
            self._stages.remove(stage)
            if stage.name == "demo" and not self._stop_asked:
                self._demo_sent = time.monotonic()
            return
        if code == RENEWED:
            stage.next_start = time.monotonic()
            # Whoever looks on does so with what the files hold now, too; without an answer as before.
            with contextlib.suppress(Stop):
                self._on_up()
            return
        if code == broker.AT_CEILING:
            raise Stop(_at_ceiling(self._plan.settings))
        if code == UNUSABLE_SETTINGS:
            raise Stop(f"{stage.label} cannot start: {words}", code=UNUSABLE_SETTINGS)
        if stage.name == "demo":
            # Sent again from the start it would meet what stopped it once more.
            self._watcher.error(stage.label, f"not all samples were sent. {words}".rstrip())
            self._stages.remove(stage)
            return
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
        self._count_crash(stage, f"ended with {how}", words)
        if stage.name == "broker":
            raise BrokerGoneError

    def _count_crash(self, stage: StageProcess, how: str, words: str) -> None:
        settings = self._plan.settings
        now = time.monotonic()
        window = settings.restart_window.total_seconds()
        stage.crashes[:] = [at for at in stage.crashes if now - at < window] + [now]
        if len(stage.crashes) > settings.restart_limit:
            raise Stop(
                f"{stage.label} ended {len(stage.crashes)} times within {window:.0f} s, last: {how}: "
                f"{words}\nThe whole run stops. Its log: {datafolder.log_folder(settings) / stage.label}.log"
            )
        wait = BACKOFF_SECONDS[min(len(stage.crashes), len(BACKOFF_SECONDS)) - 1]
        stage.next_start = now + wait
        metrics.RESTARTS.labels(stage.label).inc()
        self._watcher.error(stage.label, f"{how}; starts again in {wait:g} s. {words}".rstrip())

    def _stop_all(self) -> None:
        """Last first, so that what is on its way is finished; all that is left at the deadline is killed.

        A second Ctrl-C kills at once.
        """
        if self._stop_asked:
            self._watcher.status("Stopping …")
        self._kill_at = max(self._stop_asked, 1) + 1
        allowed = self._plan.settings.stop_deadline.total_seconds()
        deadline = time.monotonic() + allowed
        drained_by = time.monotonic() + allowed * DRAIN_SHARE
        for name in ("demo", "restore", *reversed(stages.ORDER)):
            group = [stage for stage in self._stages if stage.name == name]
            self._drain(name, drained_by)
            for stage in group:
                stage.ask_to_stop()
            while any(s.running() for s in group) and time.monotonic() < deadline and not self._impatient():
                self._wait_for_news(group)
            for stage in group:
                if stage.running():
                    self._watcher.error(stage.label, "did not stop in time and was killed")
                    stage.kill()
                stage.close()
                stage.next_start = None

    def _impatient(self) -> bool:
        return self._stop_asked >= self._kill_at

    def _drain(self, name: str, until: float) -> None:
        """What an embedded broker still holds is gone with it: the stage may read it to its end, for a
        while.
        """
        needed = [stage for stage in self._stages if stage.name in ("broker", name)]
        if name not in lag.GROUPS or not self._plan.embedded_broker:
            return
        # Before receivers listen, and where none is, nothing can have come.
        if self._was_up or any(stage.name in stages.RECEIVERS for stage in self._stages):
            self.unstored.add(name)
        while time.monotonic() < until and not self._impatient():
            if len(needed) < 2:
                self.unstored.discard(name)
                return
            if not all(stage.running() and stage.ready for stage in needed):
                return
            try:
                if not lag.behind(self._plan.settings, name, timeout=1.0):
                    self.unstored.discard(name)
                    return
            except NotRunning:
                return
            self._wait_for_news(needed)

    def _wait_for_news(self, group: list[StageProcess]) -> None:
        select.select([self._wake], [], [], 0.1)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)
        for stage in group:
            for line in stage.heard():
                if line.startswith("error "):
                    self._watcher.error(stage.label, line.removeprefix("error "))


def _at_ceiling(settings: Settings) -> str:
    reason = read_intake(datafolder.run_folder(settings)) or "The embedded broker reached its memory ceiling."
    return (
        f"{reason} The run stopped before the machine would suffer.\n"
        f"What was stored stays in {settings.data}: start again to go on from it, raise the ceiling, or set "
        "GAPWATCH_BROKER to an Apache Kafka, which keeps its data on disk."
    )
