"""The stages by name, and the entry of each stage's process (`python -m streams.supervision.stages NAME`)."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from logging.handlers import RotatingFileHandler

from streams.site import datafolder, renewal
from streams.site.errors import Stop
from streams.site.foreign import shown
from streams.site.loading import load
from streams.site.settings import Settings
from streams.site.stage import Stage, StatusHandler, from_environment, handed_over, stop_with_supervisor

ENTRY = {
    "broker": "streams.supervision.broker:main",
    "deliver": "streams.delivering.deliver:main",
    "restore": "streams.supervision.stages:restore",
    "correlate": "streams.correlating.correlate:main",
    "normalise": "streams.normalising.normalise:main",
    "demo": "streams.command.demo:main",
    "receive_otlp": "streams.receivers.http.otlp:main",
    "receive_kubernetes": "streams.receivers.http.kubernetes:main",
    "receive_vault": "streams.receivers.vault:main",
    "receive_files": "streams.receivers.files.following:main",
    "receive_cloudtrail": "streams.receivers.files.cloudtrail:main",
}
RECEIVERS = tuple(name for name in ENTRY if name.startswith("receive_"))
"""Each is a stage of a run where the setting of its name is given."""
ORDER = ("broker", "deliver", "correlate", "normalise", *RECEIVERS)
"""In which they start, so that each finds what it writes to; they stop the other way round."""
END_SECONDS = 2.0
"""From an error to the end of its process: what is to be closed in order has this long."""
LOG_BYTES = 10 * 2**20
LOG_FILES = 3


def entry(name: str) -> Callable[[Settings, Stage], None]:
    """Returns the function of a stage; its module is imported only in the stage's own process."""
    module, _, function = ENTRY[name].partition(":")
    found: Callable[[Settings, Stage], None] = getattr(import_module(module), function)
    return found


def of_run(settings: Settings) -> list[str]:
    """Returns the stages of a run with these settings, in their order."""
    return [name for name in ORDER if name not in RECEIVERS or getattr(settings, name)]


def restore(settings: Settings, stage: Stage) -> None:
    """Sends the stored dossiers back to an empty broker; ends when all are there again."""
    from streams.correlating import correlate

    correlate.restore(settings)
    stage.ready()


def main() -> None:
    """Runs one stage to its end: exit code 0 after an orderly stop, 1 with one line on stderr after an
    error.
    """
    name = sys.argv[1]
    settings = _settings()
    stage = from_environment(name, datafolder.run_folder(settings))
    log_to_file(settings, f"{name}-{stage.worker}" if stage.worker else name, StatusHandler(stage))
    stop_with_supervisor(stage, settings.stop_deadline.total_seconds())
    renewal.watch(settings, stage)
    try:
        run = entry(name)
        # Beside its `main` a stage's module may say what is done to its process before anything else.
        if prepare := getattr(sys.modules[run.__module__], "prepare", None):
            prepare(settings)
        run(settings, stage)
        if stage.renewed:
            sys.exit(renewal.RENEWED)
    except Stop as stop:
        print(stop, file=sys.stderr)
        _end_within(END_SECONDS, stop.code)
        sys.exit(stop.code)
    except Exception as error:
        logging.getLogger(f"gapwatch.{name}").exception("%s ended: %s", name, error)
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        _end_within(END_SECONDS, 1)
        sys.exit(1)


def _end_within(seconds: float, code: int) -> None:
    """Ends this process at last, whatever threads an error left behind: Python waits for each of them, and a
    stage that lives on without working is started by nobody again."""
    timer = threading.Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()


def _settings() -> Settings:
    """As the supervisor handed them over, read by the same rules as variables of the environment."""
    handed = handed_over()
    os.environ.update(handed)
    try:
        return load()
    finally:
        for name in handed:
            del os.environ[name]


class OneLine(logging.Formatter):
    """A message is one line, whatever names it holds: only a traceback has more."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Returns the record as one line of text, with control characters made visible."""
        record.message = shown(record.message)
        return super().formatMessage(record)


def log_to_file(settings: Settings, label: str, *others: logging.Handler) -> None:
    """Writes everything from INFO on into the file of this label, in UTC, and to the other handlers as they
    like."""
    path = datafolder.log_folder(settings) / f"{label}.log"
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    form = OneLine(
        f"%(asctime)s.%(msecs)03dZ %(levelname)s {label} %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[handler, *others], force=True)
    for chatty in ("aiokafka", "faust", "mode", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
