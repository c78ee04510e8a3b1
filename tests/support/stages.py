"""Stages as the processes they are, for tests that kill them."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from streams.site import datafolder, metrics
from streams.site.settings import Settings
from streams.supervision.process import StageProcess
from tests.support.waiting import wait_for

READY_SECONDS = 60.0


class Stages:
    """Starts stages over one data folder and ends them all at the close."""

    def __init__(self, settings: Settings, broker_id: str = "") -> None:
        self.settings = settings
        self.kind: type[StageProcess] = StageProcess
        """Of what starts from now on."""
        self._broker_id = broker_id
        self._running: list[StageProcess] = []
        datafolder.make_folders(settings)
        self._metrics = datafolder.run_folder(settings) / "metrics"
        self._metrics.mkdir(exist_ok=True)
        self._lock = os.open(os.devnull, os.O_RDONLY)

    def start(self, name: str, worker: int = 0, wait: bool = True) -> StageProcess:
        stage = self.kind(name, worker)
        self._running.append(stage)
        stage.start(self.settings, self._broker_id, self._metrics, self._lock)
        if wait:
            self.wait_ready(stage)
        return stage

    def wait_ready(self, stage: StageProcess) -> None:
        def ready() -> bool:
            stage.heard()
            assert stage.ended() is None, f"{stage.label} ended: {self.log(stage)}"
            return stage.ready

        wait_for(ready, f"{stage.label} to be ready", READY_SECONDS)

    def revive(self) -> int:
        """Starts again what ended by itself, as a supervisor does; returns how many that were."""
        ended = [stage for stage in self._running if stage.ended() is not None]
        for stage in ended:
            self.kill(stage)
            self.start(stage.name, stage.worker, wait=False)
        return len(ended)

    @property
    def running(self) -> list[StageProcess]:
        """Those that were started and not ended by a call."""
        return list(self._running)

    def counted(self, name: str, label: str) -> float:
        """What all of them have counted under this name and the value of its label. It asks no stage."""
        collected = CollectorRegistry()
        MultiProcessCollector(collected, path=str(self._metrics))  # type: ignore[no-untyped-call]
        return metrics.totals(collected).get((name, label), 0.0)

    def stop(self, stage: StageProcess) -> int | None:
        """Asks it to stop and gives its exit code."""
        stage.ask_to_stop()
        wait_for(lambda: stage.ended() is not None, f"{stage.label} to stop")
        code = stage.ended()
        self._running.remove(stage)
        stage.close()
        return code

    def kill(self, stage: StageProcess) -> None:
        """As kill -9 does."""
        stage.kill()
        self._running.remove(stage)
        stage.close()

    def log(self, stage: StageProcess) -> str:
        folder: Path = datafolder.log_folder(self.settings)
        found = [folder / f"{stage.label}.{ending}" for ending in ("log", "out")]
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in found if path.exists())

    def logs(self) -> str:
        """The ends of what every stage has logged."""
        return "\n".join(f"{stage.label}:\n{self.log(stage)}" for stage in self._running)

    def close(self) -> None:
        for stage in list(self._running):
            self.kill(stage)
        os.close(self._lock)
