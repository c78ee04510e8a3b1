"""The data folder: who may read it, the one run that holds it, and what runs over it now."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from streams.site.disk import trouble_with
from streams.site.errors import Stop
from streams.site.settings import Settings


def run_folder(settings: Settings) -> Path:
    """Returns the folder for the state of the present run; of no use to the next one."""
    return settings.data / "run"


def log_folder(settings: Settings) -> Path:
    """Returns the folder of the stages' logs."""
    return settings.data / "logs"


def make_folders(settings: Settings) -> None:
    """Creates the data folder, readable by its owner only: audit records are sensitive. Raises Stop, also
    where it, or what is in it, is not ours alone: whoever can put a link there makes us write elsewhere."""
    for folder in (settings.data, run_folder(settings), log_folder(settings)):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Stop(
                f"Cannot make the folder {folder}: {error.strerror}. Choose another one with --data."
            ) from None
        trouble = trouble_with(folder)
        if not trouble and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            trouble = "It belongs to somebody else, who has to let this user read and write it."
        if trouble:
            raise Stop(f"Cannot use the folder {folder}. {trouble} Or choose another one with --data.")
        for path in (folder, *folder.iterdir()):
            _check_ours(path)


def _check_ours(path: Path) -> None:
    """Raises Stop for a link, another one's file, and one that others may write to."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(about.st_mode):
        wrong, advice = "is a link", "put a plain file or folder there, or remove it"
    elif about.st_uid != os.geteuid():
        wrong, advice = "belongs to somebody else", "let its owner run gapwatch, or chown it"
    elif about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not stat.S_ISSOCK(about.st_mode):
        wrong, advice = "can be changed by others than its owner", f"chmod go-w {path}"
    else:
        return
    raise Stop(f"{path} {wrong}, and gapwatch writes there. Do this: {advice}. Or choose another --data.")


def fresh_metrics_folder(settings: Settings) -> Path:
    """Returns an empty folder for the numbers of a new run: those of the last one would be added to them."""
    folder = run_folder(settings) / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


@contextmanager
def held(settings: Settings) -> Iterator[int]:
    """Holds the data folder for one run and gives the lock's descriptor, which stages inherit.

    The kernel frees the lock when the last holder ends, however it ends. Raises Stop where another run holds
    it.
    """
    path = run_folder(settings) / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text().strip() or "unknown"
            raise Stop(
                f"The data folder {settings.data} is in use by another run (process {holder}).\n"
                "Stop that one first, or choose another folder with --data."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Instance:
    """What runs over a data folder: addresses for the other commands."""

    pid: int
    broker: str
    embedded_broker: bool
    sql: str | None
    metrics: str
    topic_prefix: str = ""
    stages: list[str] = field(default_factory=list)


def write_instance(settings: Settings, instance: Instance) -> None:
    """Notes in the data folder which process runs it and where it listens."""
    write_atomically(run_folder(settings) / "instance.json", orjson.dumps(asdict(instance)))


def running(settings: Settings) -> Instance | None:
    """Returns the instance that holds this data folder now, None where none does."""
    try:
        instance = Instance(**orjson.loads((run_folder(settings) / "instance.json").read_bytes()))
        os.kill(instance.pid, 0)
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None
    return instance


def attached(settings: Settings) -> Settings:
    """Returns the settings with the addresses of the running instance where none were given."""
    instance = running(settings)
    if instance is None or settings.broker is not None:
        return settings
    return settings.model_copy(update={"broker": instance.broker, "topic_prefix": instance.topic_prefix})


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file as a whole: a reader sees the old content or the new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
